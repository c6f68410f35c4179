// SPDX-License-Identifier: Apache-2.0
#include "support/daemon.hpp"

#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/text.hpp"

#include "support/file.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

constexpr const char* binary = DROPWARDEN_BINARY;

sys::Fd create(const std::string& file) {
  return sys::value_or_throw(sys::open_path(file, O_WRONLY | O_CREAT | O_APPEND, 0600));
}

}  // namespace

void let_through(std::filesystem::path directory) {
  namespace fs = std::filesystem;
  for (; directory.has_relative_path(); directory = directory.parent_path())
    fs::permissions(directory, fs::perms::group_exec | fs::perms::others_exec, fs::perm_options::add);
}

std::string make_configuration(const std::string& directory, const std::vector<RuntimeSocket>& sockets,
                               const std::string& store, const std::string& outputs) {
  std::string text = "runtimes:\n  sockets:";
  if (sockets.empty()) text += " []";
  text += "\n";
  for (const auto& socket : sockets) {
    text += "    - {type: " + socket.type + ", socket: " + socket.path + "}\n";
  }
  text += "outputs:\n  - {type: stdout, format: native}\n" + outputs;
  text += "logging:\n  level: debug\n";
  text += "control:\n  socket: " + directory + "/control.sock\n";
  text += "store:\n  path: " + (store.empty() ? directory + "/state/state.db" : store) + "\n";
  return text;
}

Daemon::Daemon(const std::string& directory, const std::vector<RuntimeSocket>& sockets,
               const std::vector<std::string>& options, const std::string& more_configuration,
               const std::string& store, const std::string& outputs)
    : records_(directory + "/findings"),
      log_file_(directory + "/log"),
      configuration_file_(directory + "/dropwarden.yaml") {
  write_file(configuration_file_,
             make_configuration(directory, sockets, store, outputs) + more_configuration);
  let_through(directory);
  if (!store.empty()) let_through(std::filesystem::path(store).parent_path().parent_path());
  const auto output = create(directory + "/findings");
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
  // Whatever a test makes it do, the tables of the sandbox have every call of it.
  EXPECT_EQ(log().find("refused the system call"), std::string::npos);
  if (!testing::Test::HasFailure()) return;
  std::cout << "log of the daemon:\n" << log() << "findings:\n";
  constexpr std::size_t longest = 20'000;
  std::cout << read_file(std::filesystem::path(log_file_).replace_filename("findings")).substr(0, longest)
            << std::endl;
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

void Daemon::send(const std::string& name, int signal) const {
  const pid_t process = part(name);
  if (process == 0) throw std::runtime_error("there is no " + name + " now: " + log());
  if (::kill(process, signal) != 0) throw sys::SystemError(sys::last_error("kill", name));
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

pid_t part_of(pid_t supervisor, const std::string& name) {
  std::ifstream children(fmt::format("/proc/{0}/task/{0}/children", supervisor));
  for (pid_t child = 0; children >> child;) {
    std::string comm;
    std::getline(std::ifstream(fmt::format("/proc/{}/comm", child)) >> std::ws, comm);
    if (comm == "dw-" + name) return child;
  }
  return 0;
}

std::string dropwarden_binary() {
  return binary;
}

CommandResult run_dropwarden(const std::vector<std::string>& arguments) {
  std::vector<std::string> all{binary};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run_command(all);
}

}  // namespace dropwarden::test
