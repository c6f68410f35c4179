// SPDX-License-Identifier: Apache-2.0
#include "log.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "dropwarden/sys/output.hpp"

#include "journal_log.hpp"

namespace dropwarden::daemon {
namespace {

using namespace std::chrono_literals;

constexpr const char* name = "dropwarden";

// Owned by the logger, which lives as long as the process.
int journal_number = -1;

using ColoredError = spdlog::sinks::stderr_color_sink_mt;

// A daemon that waits for its log sees nothing meanwhile. So an entry waits a second for whoever reads
// standard error, and as long as nobody does, the next ones do not wait.
class StandardError final : public ColoredError {
 public:
  void log(const spdlog::details::log_msg& message) override {
    // A pipe that can be written to takes a whole page, which is more than an entry.
    is_read_ = sys::is_writable(STDERR_FILENO, is_read_ ? longest_wait : 0ms);
    if (!is_read_) {
      ++lost_;
      return;
    }
    if (const auto lost = lost_.exchange(0); lost > 0) {
      ColoredError::log({name, spdlog::level::warn,
                         fmt::format("{} entries of the log were lost: nobody read standard error", lost)});
    }
    ColoredError::log(message);
  }

 private:
  static constexpr std::chrono::milliseconds longest_wait = 1s;

  std::atomic<bool> is_read_ = true;
  std::atomic<std::uint64_t> lost_ = 0;
};

spdlog::level::level_enum to_spdlog(config::LogLevel level) {
  switch (level) {
    case config::LogLevel::debug:
      return spdlog::level::debug;
    case config::LogLevel::info:
      return spdlog::level::info;
    case config::LogLevel::warn:
      return spdlog::level::warn;
    case config::LogLevel::error:
      return spdlog::level::err;
    case config::LogLevel::critical:
      break;
  }
  return spdlog::level::critical;
}

}  // namespace

void open_log(config::LogLevel level) {
  // The parts of the daemon inherit it, and a confined one could not connect anew.
  if (spdlog::default_logger()->name() == name) return set_log_level(level);
  spdlog::sink_ptr sink = std::make_shared<StandardError>();
  if (is_journal(STDERR_FILENO, std::getenv("JOURNAL_STREAM"))) {
    if (sys::Fd journal = connect_journal()) {
      journal_number = journal.number();
      sink = make_journal_sink(std::move(journal), std::move(sink));
    }
  }
  auto logger = std::make_shared<spdlog::logger>(name, std::move(sink));
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc);
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(std::move(logger));
  set_log_level(level);
}

std::optional<int> log_descriptor() {
  return journal_number < 0 ? std::nullopt : std::optional(journal_number);
}

void set_log_level(config::LogLevel level) {
  spdlog::set_level(to_spdlog(level));
}

}  // namespace dropwarden::daemon
