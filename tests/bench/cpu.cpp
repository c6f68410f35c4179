// SPDX-License-Identifier: Apache-2.0
#include "cpu.hpp"

#include <ctime>
#include <filesystem>
#include <string>
#include <thread>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/text.hpp"

#include "support/file.hpp"
#include "support/process_family.hpp"
#include "support/process_holdings.hpp"

namespace dropwarden::test {
namespace {

using namespace std::chrono_literals;

double cpu_of(pid_t process) {
  clockid_t clock{};
  struct timespec time{};
  const bool is_there = ::clock_getcpuclockid(process, &clock) == 0 && ::clock_gettime(clock, &time) == 0;
  return is_there ? static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3 : 0;
}

}  // namespace

double cpu_of(const std::vector<pid_t>& processes) {
  double sum = 0;
  for (const pid_t process : processes) sum += cpu_of(process);
  return sum;
}

double cpu_of_family(pid_t process) {
  return cpu_of(read_family(process));
}

namespace {

// Whether a thread of them waits for a processor or has one (proc_pid_stat(5), `state`).
bool is_running(const std::vector<pid_t>& processes) {
  for (const pid_t process : processes) {
    std::error_code gone;
    const std::string tasks = "/proc/" + std::to_string(process) + "/task";
    for (std::filesystem::directory_iterator at(tasks, gone), end; !gone && at != end; at.increment(gone)) {
      const std::string text = sys::read_file(at->path().string() + "/stat", 4096).value_or("");
      const auto name_end = text.rfind(')');
      if (name_end != std::string::npos && text.substr(name_end, 4).find('R') != std::string::npos)
        return true;
    }
  }
  return false;
}

}  // namespace

double settled_cpu_of_family(pid_t process, std::chrono::milliseconds limit) {
  // A daemon that has nothing to do still looks at a clock now and then.
  constexpr double quiet_microseconds = 300;
  constexpr auto step = 20ms;
  constexpr int quiet_steps_wanted = 5;
  const auto end = std::chrono::steady_clock::now() + limit;
  double last = cpu_of_family(process);
  for (int quiet_steps = 0; quiet_steps < quiet_steps_wanted && std::chrono::steady_clock::now() < end;) {
    std::this_thread::sleep_for(step);
    const double now = cpu_of_family(process);
    // On a busy machine one that has work may wait long for a processor.
    const bool is_quiet = now - last < quiet_microseconds && !is_running(read_family(process));
    quiet_steps = is_quiet ? quiet_steps + 1 : 0;
    last = now;
  }
  return last;
}

std::size_t anonymous_memory_of_family(pid_t process) {
  std::size_t sum = 0;
  for (const pid_t member : read_family(process)) sum += anonymous_memory(member) / 1024;
  return sum;
}

}  // namespace dropwarden::test
