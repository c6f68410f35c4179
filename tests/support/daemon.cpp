// SPDX-License-Identifier: Apache-2.0
#include "support/daemon.hpp"

#include <fcntl.h>
#include <iostream>
#include <stdexcept>

#include <gtest/gtest.h>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/text.hpp"

#include "support/file.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

constexpr const char* binary = DROPWARDEN_BINARY;

std::string make_configuration(const std::string& directory, const std::vector<RuntimeSocket>& sockets) {
  std::string text = "runtimes:\n  sockets:";
  if (sockets.empty()) text += " []";
  text += "\n";
  for (const auto& socket : sockets) {
    text += "    - {type: " + socket.type + ", socket: " + socket.path + "}\n";
  }
  text += "outputs:\n  - {type: stdout, format: native}\n";
  text += "logging:\n  level: debug\n";
  text += "control:\n  socket: " + directory + "/control.sock\n";
  return text;
}

sys::Fd create(const std::string& file) {
  return sys::value_or_throw(sys::open_path(file, O_WRONLY | O_CREAT | O_APPEND, 0600));
}

}  // namespace

Daemon::Daemon(const std::string& directory, const std::vector<RuntimeSocket>& sockets,
               const std::vector<std::string>& options)
    : output_file_(directory + "/findings"),
      log_file_(directory + "/log"),
      configuration_file_(directory + "/dropwarden.yaml") {
  write_file(configuration_file_, make_configuration(directory, sockets));
  const auto output = create(output_file_);
  const auto error = create(log_file_);
  std::vector<std::string> arguments{binary, "run", "--config", configuration_file_};
  arguments.insert(arguments.end(), options.begin(), options.end());
  process_ = std::make_unique<ChildProcess>(
      arguments, ChildOptions{.output = output.number(), .error = error.number(), .environment = {}});
  const auto is_ready = [&] { return log().find("ready containers=") != std::string::npos; };
  if (!wait_for([&] { return is_ready() || !is_running(); }, 20s) || !is_running()) {
    throw std::runtime_error("dropwarden is not ready: " + log());
  }
}

Daemon::~Daemon() {
  stop();
  if (testing::Test::HasFailure()) std::cout << "log of the daemon:\n" << log() << std::endl;
}

const std::vector<Record>& Daemon::records() {
  const sys::Fd file = sys::value_or_throw(sys::open_path(output_file_, O_RDONLY));
  std::string text(sys::value_or_throw(sys::read_status(file.number())).size - bytes_read_, '\0');
  const auto into = std::as_writable_bytes(std::span(text));
  text.resize(sys::value_or_throw(sys::read_at(file.number(), into, bytes_read_)));
  auto lines = util::split(text, '\n');
  // The rest after the last line feed is being written.
  lines.pop_back();
  for (const auto line : lines) {
    records_.push_back(boost::json::parse({line.data(), line.size()}));
    bytes_read_ += line.size() + 1;
  }
  return records_;
}

std::optional<Record> Daemon::wait_for_record(const RecordPredicate& is_wanted,
                                              std::chrono::milliseconds limit) {
  std::optional<Record> found;
  std::size_t looked_at = 0;
  const auto look = [&] {
    const auto& all = records();
    while (!found && looked_at < all.size()) {
      if (is_wanted(all[looked_at])) found = all[looked_at];
      ++looked_at;
    }
    return found.has_value();
  };
  wait_for(look, limit);
  return found;
}

std::set<std::string> Daemon::finding_ids(const std::string& container_id) {
  std::set<std::string> ids;
  for (const auto& record : records()) {
    if (container_of(record) == container_id) ids.insert(text_at(record, "/id"));
  }
  return ids;
}

std::string Daemon::report() const {
  return run_dropwarden({"containers", "--json", "--config", configuration_file_}).output;
}

int Daemon::init_of(const std::string& container_id) const {
  int init = 0;
  const auto find = [&] {
    const auto all = boost::json::parse(report());
    for (const auto& container : all.at("containers").as_array()) {
      if (text_at(container, "/id") == container_id)
        init = util::parse_number<int>(text_at(container, "/pid")).value_or(0);
    }
    return init != 0;
  };
  wait_for(find, 10s);
  return init;
}

std::string Daemon::log() const {
  return read_file(log_file_);
}

bool Daemon::wait_for_log(const std::string& text, std::chrono::milliseconds limit) const {
  return wait_for([&] { return log().find(text) != std::string::npos; }, limit);
}

ExitStatus Daemon::stop() {
  return process_->terminate(10s);
}

std::map<std::string, std::uint64_t> Daemon::ledger() const {
  std::map<std::string, std::uint64_t> ledger;
  const auto text = log();
  const auto start = text.rfind(" ledger ");
  if (start == std::string::npos) return ledger;
  const auto line = std::string_view(text).substr(start, text.find('\n', start) - start);
  for (auto word : util::split(line, ' ')) {
    const auto name = util::take_until(word, '=');
    if (word == "true" || word == "false") ledger.emplace(name, word == "true" ? 1 : 0);
    if (const auto number = util::parse_number<std::uint64_t>(word)) ledger.emplace(name, *number);
  }
  return ledger;
}

CommandResult run_dropwarden(const std::vector<std::string>& arguments) {
  std::vector<std::string> all{binary};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run_command(all);
}

}  // namespace dropwarden::test
