// SPDX-License-Identifier: Apache-2.0
#include "disturbances.hpp"

#include <algorithm>
#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <fstream>
#include <thread>
#include <unistd.h>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"
#include "dropwarden/sys/file.hpp"

namespace dropwarden::test {
namespace {

using namespace std::chrono_literals;

// More than fs.fanotify.max_queued_events, where that is as the kernel sets it.
constexpr unsigned more_than_a_queue = 20'000;

}  // namespace

const char* name_of(Disturbance disturbance) {
  switch (disturbance) {
    case Disturbance::kill_monitor:
      return "kill -9 of the monitor";
    case Disturbance::kill_part:
      return "kill -9 of a part of it";
    case Disturbance::restart_runtime:
      return "the runtime killed and started";
    case Disturbance::storm:
      return "a storm of files";
    case Disturbance::overflow:
      return "a storm that nobody reads";
    case Disturbance::full_disk:
      return "a full disk";
    case Disturbance::memory:
      return "memory pressure";
    case Disturbance::clock:
      return "a clock that jumps";
  }
  return "";
}

bool is_deadly(Disturbance disturbance) {
  using enum Disturbance;
  return disturbance == kill_monitor || disturbance == kill_part || disturbance == memory;
}

std::string Disturbances::missing(Disturbance disturbance) const {
  if (disturbance == Disturbance::kill_part && watchman_.family().size() < 2) return "it is one process";
  if (disturbance == Disturbance::memory && place_.cgroup.empty()) return "no memory controller";
  if (disturbance == Disturbance::clock && !place_.may_set_clock) return "only with --clock";
  return {};
}

void Disturbances::make_one(bool with_deadly) {
  const auto is_out = [&](Disturbance one) {
    return (is_deadly(one) && !with_deadly) || !missing(one).empty();
  };
  std::erase_if(deck_, is_out);
  if (deck_.empty()) {
    deck_.assign(all_disturbances.begin(), all_disturbances.end());
    std::erase_if(deck_, is_out);
    std::ranges::shuffle(deck_, random_);
  }
  const Disturbance next = deck_.back();
  deck_.pop_back();
  make(next);
  ++made_[next];
}

void Disturbances::make(Disturbance disturbance) {
  switch (disturbance) {
    case Disturbance::kill_monitor:
      watchman_.expect_end();
      send_to_all(SIGKILL);
      return std::this_thread::sleep_for(std::chrono::milliseconds(below(2000)));
    case Disturbance::kill_part:
      return kill_part();
    case Disturbance::restart_runtime:
      return restart_runtime();
    case Disturbance::storm:
      return churn_.storm(more_than_a_queue / 4);
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

void Disturbances::kill_part() {
  const auto family = watchman_.family();
  if (family.size() < 2) return;
  ::kill(family[1 + below(static_cast<unsigned>(family.size()) - 1)], SIGKILL);
}

void Disturbances::restart_runtime() {
  runtime_.crash();
  std::this_thread::sleep_for(std::chrono::milliseconds(below(3000)));
  runtime_.recover();
}

void Disturbances::overflow() {
  send_to_all(SIGSTOP);
  try {
    churn_.storm(more_than_a_queue);
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
  const auto limit = place_.cgroup + "/memory.limit_in_bytes";
  const auto kib = watchman_.holdings().anonymous_kib;
  watchman_.expect_end();
  std::ofstream(limit) << (kib + 2048) * 1024 << std::flush;
  std::this_thread::sleep_for(3s);
  std::ofstream(limit) << -1 << std::flush;
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
