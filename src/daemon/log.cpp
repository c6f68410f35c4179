// SPDX-License-Identifier: Apache-2.0
#include "log.hpp"

#include <cstdlib>
#include <memory>
#include <unistd.h>
#include <utility>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "dropwarden/sys/output.hpp"

#include "journal_log.hpp"

namespace dropwarden::daemon {
namespace {

// Owned by the logger, which lives as long as the process.
int journal_number = -1;
pid_t impatient = -1;

class StandardError final : public spdlog::sinks::stderr_color_sink_mt {
 public:
  void log(const spdlog::details::log_msg& message) override {
    // A pipe that can be written to takes a whole page, which is more than an entry.
    const bool is_written = ::getpid() != impatient || sys::is_writable(STDERR_FILENO);
    if (is_written) spdlog::sinks::stderr_color_sink_mt::log(message);
  }
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
  constexpr const char* name = "dropwarden";
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

void keep_log_from_waiting() {
  impatient = ::getpid();
}

std::optional<int> log_descriptor() {
  return journal_number < 0 ? std::nullopt : std::optional(journal_number);
}

void set_log_level(config::LogLevel level) {
  spdlog::set_level(to_spdlog(level));
}

}  // namespace dropwarden::daemon
