// SPDX-License-Identifier: Apache-2.0
#include "support/daemon.hpp"

#include <fcntl.h>
#include <stdexcept>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/text.hpp"

#include "support/temporary_directory.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

std::string make_configuration(const std::string& directory, const std::vector<RuntimeSocket>& sockets) {
  std::string text = "runtimes:\n  sockets:";
  if (sockets.empty()) text += " []";
  text += "\n";
  for (const auto& socket : sockets)
    text += "    - {type: " + socket.type + ", socket: " + socket.path + "}\n";
  text += "outputs:\n  - {type: stdout, format: native}\n";
  text += "control:\n  socket: " + directory + "/control.sock\n";
  return text;
}

sys::Fd create(const std::string& file) {
  return sys::value_or_throw(sys::open_path(file, O_WRONLY | O_CREAT | O_APPEND, 0600));
}

}  // namespace

Daemon::Daemon(const std::string& directory, const std::vector<RuntimeSocket>& sockets)
    : output_file_(directory + "/findings"),
      log_file_(directory + "/log"),
      configuration_file_(directory + "/dropwarden.yaml") {
  write_file(configuration_file_, make_configuration(directory, sockets));
  const auto output = create(output_file_);
  const auto error = create(log_file_);
  process_ = std::make_unique<ChildProcess>(
      std::vector<std::string>{daemon_binary(), "run", "--config", configuration_file_},
      ChildOptions{.output = output.number(), .error = error.number(), .environment = {}});
  const auto is_ready = [&] { return log().find("ready containers=") != std::string::npos; };
  if (!wait_for([&] { return is_ready() || !process_->is_running(); }, 20s) || !is_ready()) {
    throw std::runtime_error("dropwarden is not ready: " + log());
  }
}

Daemon::~Daemon() {
  stop();
}

std::vector<Daemon::Record> Daemon::records() const {
  const auto text = read_whole_file(output_file_);
  // A line that is being written has no end yet.
  auto lines = util::split(text, '\n');
  lines.pop_back();
  std::vector<Record> records;
  for (const auto line : lines) {
    boost::json::error_code error;
    auto value = boost::json::parse(boost::json::string_view(line.data(), line.size()), error);
    if (error || !value.is_object()) throw std::runtime_error("not a JSON object: " + std::string(line));
    records.push_back(std::move(value.as_object()));
  }
  return records;
}

std::optional<Daemon::Record> Daemon::wait_for_record(const Predicate& is_wanted,
                                                      std::chrono::milliseconds limit) const {
  std::optional<Record> found;
  wait_for(
      [&] {
        for (auto& record : records()) {
          if (is_wanted(record)) found = std::move(record);
          if (found) return true;
        }
        return false;
      },
      limit);
  return found;
}

std::set<std::string> Daemon::finding_ids() const {
  std::set<std::string> ids;
  for (const auto& record : records()) ids.insert(std::string(record.at("id").as_string()));
  return ids;
}

std::string Daemon::log() const {
  return read_whole_file(log_file_);
}

bool Daemon::wait_for_log(const std::string& text, std::chrono::milliseconds limit) const {
  return wait_for([&] { return log().find(text) != std::string::npos; }, limit);
}

ExitStatus Daemon::stop() {
  return process_->terminate(10s);
}

std::string daemon_binary() {
  return DROPWARDEN_BINARY;
}

CommandResult run_verb(const std::vector<std::string>& arguments) {
  std::vector<std::string> all{daemon_binary()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run_command(all);
}

}  // namespace dropwarden::test
