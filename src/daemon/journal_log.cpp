// SPDX-License-Identifier: Apache-2.0
#include "journal_log.hpp"

#include <mutex>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>
#include <spdlog/sinks/base_sink.h>

#include "dropwarden/sink/journal_entry.hpp"
#include "dropwarden/sys/address.hpp"

namespace dropwarden::daemon {
namespace {

int priority_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::critical:
      return LOG_CRIT;
    case spdlog::level::err:
      return LOG_ERR;
    case spdlog::level::warn:
      return LOG_WARNING;
    case spdlog::level::info:
      return LOG_INFO;
    default:
      return LOG_DEBUG;
  }
}

class JournalSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  JournalSink(sys::Fd socket, spdlog::sink_ptr otherwise)
      : socket_(std::move(socket)), otherwise_(std::move(otherwise)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const auto entry = format_journal_entry(message.level, {message.payload.data(), message.payload.size()});
    // By write(2), which every process may that logs at all.
    if (std::cmp_not_equal(::write(socket_.number(), entry.data(), entry.size()), entry.size()))
      otherwise_->log(message);
  }
  void flush_() override { otherwise_->flush(); }
  void set_formatter_(std::unique_ptr<spdlog::formatter> formatter) override {
    otherwise_->set_formatter(std::move(formatter));
  }

 private:
  const sys::Fd socket_;
  const spdlog::sink_ptr otherwise_;
};

}  // namespace

std::string_view message_id_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::critical:
      return "6acae3344a6a6034c5e0e7364fbb2cf2";
    case spdlog::level::err:
      return "a805a920e0d18b928201b392f274f4a0";
    case spdlog::level::warn:
      return "99a51049cf510e59cf13e9fd9cc4c46e";
    default:
      return {};
  }
}

std::string format_journal_entry(spdlog::level::level_enum level, std::string_view text) {
  std::string entry = fmt::format("PRIORITY={}\nSYSLOG_IDENTIFIER=dropwarden\n", priority_of(level));
  if (const auto id = message_id_of(level); !id.empty()) entry += fmt::format("MESSAGE_ID={}\n", id);
  sink::append_sized_field(entry, "MESSAGE", text);
  return entry;
}

bool is_journal(int descriptor, const char* told) {
  struct stat status{};
  return told != nullptr && ::fstat(descriptor, &status) == 0 &&
         fmt::format("{}:{}", status.st_dev, status.st_ino) == told;
}

sys::Fd connect_journal(const std::string& path) {
  const auto address = sys::unix_address(path, "connect");
  if (!address) return {};
  sys::Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (::connect(socket.number(), address->begin(), address->size) != 0) return {};
  return socket;
}

spdlog::sink_ptr make_journal_sink(sys::Fd socket, spdlog::sink_ptr otherwise) {
  return std::make_shared<JournalSink>(std::move(socket), std::move(otherwise));
}

}  // namespace dropwarden::daemon
