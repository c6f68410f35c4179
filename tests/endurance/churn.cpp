// SPDX-License-Identifier: Apache-2.0
#include "churn.hpp"

#include <algorithm>
#include <iostream>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dropwarden/util/text.hpp"

namespace dropwarden::test {
namespace {

using namespace std::chrono_literals;

// By three ways in turn: a redirection, dd(1), a file that is renamed into place. Each with one write, since
// a scan that comes by in the middle of several rightly tells another content, under another id.
constexpr const char* drop_until_stopped = R"(
i=0
until [ -e /tmp/stop ]; do
  i=$((i + 1))
  case $((i % 3)) in
    0) printf '#!/bin/sh\n# %s\n' $i > /tmp/$i ;;
    1) printf '#!/bin/sh\n# by dd %s\n' $i | dd of=/tmp/$i 2>/dev/null ;;
    2) printf '#!/bin/sh\n# %s\n' $i > /tmp/part && chmod 755 /tmp/part && mv /tmp/part /tmp/$i ;;
  esac
  sleep 0.5
done
echo $i > /tmp/planted
sleep 100000)";

constexpr auto life = 10s;
// What a storm hid is found by a scan of its container, which takes minutes where the processor is emulated
// and the storms of half an hour lie in there.
constexpr auto patience = 10min;
// Of a storm: a call of the runtime has a minute.
constexpr std::size_t files_at_once = 5000;
constexpr std::size_t executables_in_a_storm = 20;

}  // namespace

void Churn::step(std::size_t most) {
  if (containers_.size() < most) return start();
  if (containers_.empty()) return;
  One& oldest = containers_.front();
  const auto now = Clock::now();
  if (oldest.stopped == Clock::time_point{}) {
    if (now - oldest.begun >= life || most == 0) stop(oldest);
    return;
  }
  const auto awaited = plants_.awaited_in(oldest.container.id);
  if (!awaited.empty()) {
    if (now - oldest.stopped < patience) return;
    std::cout << fmt::format("container {} is removed, and not told: {}\n", oldest.container.id,
                             fmt::join(awaited, " "));
  }
  const auto container = oldest.container;
  containers_.pop_front();
  runtime_.remove(container);
  ++removed_;
}

void Churn::start() {
  const auto name = "soak" + std::to_string(++started_);
  containers_.push_back({.container = runtime_.start(name, {"sh", "-c", drop_until_stopped}),
                         .begun = Clock::now(),
                         .stopped = {}});
}

void Churn::stop(One& one) {
  const auto result = runtime_.execute(
      one.container,
      {"sh", "-c", "touch /tmp/stop; until [ -s /tmp/planted ]; do sleep 0.1; done; cat /tmp/planted"});
  const auto count = util::parse_number<unsigned>(util::trim(result.output));
  if (!result.status.is_success() || !count)
    throw std::runtime_error("container " + one.container.id + " does not stop: " + result.error);
  for (unsigned number = 1; number <= *count; ++number)
    plants_.add(one.container.id, "/tmp/" + std::to_string(number));
  one.stopped = Clock::now();
}

void Churn::storm(std::size_t files) {
  if (containers_.empty()) return;
  const auto& container = containers_.back().container;
  const auto directory = fmt::format("/var/storm{}", ++storms_);
  const auto apart = std::max<std::size_t>(files / executables_in_a_storm, 1);
  for (std::size_t done = 0; done < files; done += files_at_once) {
    const auto result = runtime_.execute(
        container, {"sh", "-c",
                    fmt::format("mkdir -p {0}; i={1}; while [ $i -lt {2} ]; do i=$((i + 1)); "
                                "if [ $((i % {3})) = 0 ]; then printf '#!/bin/sh\\n# {0} %s\\n' $i > {0}/$i; "
                                "else echo text > {0}/x$i; fi; done",
                                directory, done, std::min(done + files_at_once, files), apart)});
    if (!result.status.is_success()) throw std::runtime_error("no storm: " + result.error);
  }
  for (std::size_t number = apart; number <= files; number += apart)
    plants_.add(container.id, directory + "/" + std::to_string(number));
}

}  // namespace dropwarden::test
