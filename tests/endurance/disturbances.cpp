// SPDX-License-Identifier: Apache-2.0
#include "disturbances.hpp"

#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <stdexcept>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"
#include "dropwarden/sys/file.hpp"

#include "support/queue_limit.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t memory_left = std::uint64_t{1} << 20U;  // bytes

}  // namespace

Disturbances::Disturbances(Place place, Runtime& runtime, Churn& churn, Watchman& watchman, unsigned seed)
    : place_(std::move(place)), runtime_(runtime), churn_(churn), watchman_(watchman), deck_(seed) {
  for (const Disturbance one : all_disturbances) accounts_[one].missing = missing(one);
}

std::string Disturbances::missing(Disturbance disturbance) const {
  if (disturbance == Disturbance::memory && !place_.cgroup) return place_.cgroup.error();
  if (disturbance == Disturbance::clock && !place_.may_set_clock) return "only with --clock";
  return {};
}

void Disturbances::make_one(const std::vector<Disturbance>& wanted) {
  auto possible = wanted;
  std::erase_if(possible, [&](Disturbance one) { return !accounts_.at(one).missing.empty(); });
  if (possible.empty()) throw std::runtime_error("nothing that is wanted can go wrong here");
  const Disturbance next = deck_.deal(possible);
  try {
    make(next);
  } catch (const std::exception& error) {
    throw std::runtime_error(fmt::format("{}: {}", name_of(next), error.what()));
  }
  ++accounts_.at(next).made;
  if (is_between_) ++accounts_.at(next).made_between;
}

void Disturbances::make(Disturbance disturbance) {
  switch (disturbance) {
    case Disturbance::kill_all:
      watchman_.expect_end();
      send_to_all(SIGKILL);
      return std::this_thread::sleep_for(std::chrono::milliseconds(deck_.below(2000)));
    case Disturbance::kill_monitor:
      return watchman_.replace("monitor");
    case Disturbance::kill_marker:
      return kill_markers();
    case Disturbance::restart_runtime:
      return restart_runtime();
    case Disturbance::storm:
      return churn_.storm(read_queue_limit() / 4);
    case Disturbance::overflow:
      return overflow();
    case Disturbance::full_disk:
      return fill_disk();
    case Disturbance::memory:
      return squeeze_memory();
    case Disturbance::clock:
      return step_clock();
  }
}

void Disturbances::send_to_all(int signal) const {
  for (const pid_t pid : watchman_.family()) ::kill(pid, signal);
}

// More of them, one after the other, than descriptors may happen to be open: what is kept of each is seen.
void Disturbances::kill_markers() {
  for (std::size_t i = 0; i <= descriptors_allowed; ++i) watchman_.replace("marker");
}

void Disturbances::restart_runtime() {
  runtime_.crash();
  std::this_thread::sleep_for(std::chrono::milliseconds(deck_.below(3000)));
  runtime_.recover();
}

void Disturbances::overflow() {
  send_to_all(SIGSTOP);
  try {
    churn_.storm(read_queue_limit() / 4 * 5);
  } catch (...) {
    send_to_all(SIGCONT);
    throw;
  }
  send_to_all(SIGCONT);
}

void Disturbances::fill_disk() {
  const auto path = place_.store_directory + "/filler";
  {
    const auto file = sys::value_or_throw(sys::open_path(path, O_WRONLY | O_CREAT, 0600));
    const std::string block(std::size_t{1} << 20U, '\0');
    while (::write(file.number(), block.data(), block.size()) > 0) continue;
  }
  std::this_thread::sleep_for(3s);
  ::unlink(path.c_str());
}

// As much as it has now, and hardly more. The kernel may end a part of it for that.
void Disturbances::squeeze_memory() {
  const auto& cgroup = place_.cgroup.value();
  const auto before = cgroup.hits();
  watchman_.expect_end();
  try {
    cgroup.squeeze(memory_left);
    wait_for([&] { return cgroup.hits() != before; }, 10s);
    std::this_thread::sleep_for(3s);
  } catch (...) {
    cgroup.release();
    throw;
  }
  cgroup.release();
  if (watchman_.daemon().is_running()) watchman_.expect_no_end();
  if (cgroup.hits() == before) throw std::runtime_error("it had all the memory that it wanted");
}

// An hour forth, then back: what is measured by the clock in between is wrong twice.
void Disturbances::step_clock() {
  const auto step = [](std::time_t seconds) {
    struct timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec += seconds;
    if (::clock_settime(CLOCK_REALTIME, &now) != 0) throw sys::SystemError(sys::last_error("clock_settime"));
  };
  step(3600);
  std::this_thread::sleep_for(3s);
  step(-3600);
}

}  // namespace dropwarden::test
