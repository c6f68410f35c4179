// SPDX-License-Identifier: Apache-2.0
// Outputs of the whole daemon, whose monitor is confined and another user: what it may open, what it delivers
// to receivers that are there, away, or come back, and what a reload and a kill do to that.
#include <algorithm>
#include <array>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/sys/fd.hpp"

#include "own_place.hpp"
#include "support/child_process.hpp"
#include "support/command.hpp"
#include "support/daemon.hpp"
#include "support/database.hpp"
#include "support/file.hpp"
#include "support/free_port.hpp"
#include "support/https_server.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr auto patience = 30s;

class Outputs : public OwnOverlay {
 protected:
  std::string store() const { return path("state/state.db"); }
  std::int64_t stored() const { return read_number(store(), "SELECT count(*) FROM outbox"); }

  // `outputs` are lines of those besides standard output.
  std::unique_ptr<Daemon> start(const std::string& outputs, const std::string& policy = {}) {
    const std::string directory = path("daemon" + std::to_string(++daemons_));
    std::filesystem::create_directory(directory);
    return std::make_unique<Daemon>(
        directory, std::vector<RuntimeSocket>{}, std::vector<std::string>{},
        "scan: {first_start: false, sweep: false}\n" + watch_without_runtimes() + policy, store(), outputs);
  }
  // The daemon's configuration becomes another one.
  void reconfigure(const Daemon& daemon, const std::string& outputs) const {
    const auto directory = std::filesystem::path(daemon.configuration_file()).parent_path();
    write_file(daemon.configuration_file(), make_configuration(directory, {}, store(), outputs) +
                                                "scan: {first_start: false, sweep: false}\n" +
                                                watch_without_runtimes());
  }

  void drop(const std::string& name) const {
    write_file(overlay_->merged() + name, "#!/bin/sh\n# " + name + "\n");
  }
  static bool await_drop(Daemon& daemon, const std::string& name) {
    return daemon.wait_for_record([&](const Record& record) { return path_of(record) == name; }, patience)
        .has_value();
  }
  static bool holds(const std::string& file, const std::string& name) {
    std::ifstream in(file);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    return text.find("\"path\":\"" + name + "\"") != std::string::npos;
  }
  static bool await_in(const std::string& file, const std::string& name) {
    return wait_for([&] { return holds(file, name); }, patience);
  }

 private:
  int daemons_ = 0;
};

std::string file_output(const std::string& path, const std::string& keys = {}) {
  return "  - {type: file, path: " + path + keys + "}\n";
}

// What the status says of an output.
boost::json::object state_of(const Daemon& daemon, const std::string& name) {
  const auto result = run_dropwarden({"status", "--json", "--config", daemon.configuration_file()});
  const auto status = boost::json::parse(result.output);
  for (const auto& output : status.at("outputs").as_array()) {
    if (output.at("name").as_string() == name) return output.as_object();
  }
  return {};
}

std::uint64_t count_of(const Daemon& daemon, const std::string& name, const char* key) {
  const auto state = state_of(daemon, name);
  return state.contains(key) ? state.at(key).to_number<std::uint64_t>() : 0;
}

// A socket at which anybody may connect, and nobody reads.
sys::Fd listen_at(const std::string& path) {
  sys::Fd listener{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  path.copy(name.sun_path, sizeof name.sun_path - 1);
  EXPECT_EQ(::bind(listener.number(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
  EXPECT_EQ(::chmod(path.c_str(), 0666), 0);
  EXPECT_EQ(::listen(listener.number(), 8), 0);
  return listener;
}

// The same at a port of this host.
LoopbackSocket listen_at_port() {
  LoopbackSocket listener = bind_loopback(SOCK_STREAM);
  EXPECT_EQ(::listen(listener.socket.number(), 8), 0);
  return listener;
}

std::size_t requests_with(HttpsServer& server, const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      server.requests(), [&](const auto& request) { return request.body.find(text) != std::string::npos; }));
}

// All that a reader gets there, until it holds `text`; then the connection is closed.
std::string read_until(const sys::Fd& listener, const std::string& text) {
  timeval limit{.tv_sec = 30, .tv_usec = 0};
  EXPECT_EQ(::setsockopt(listener.number(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
  const sys::Fd peer{::accept(listener.number(), nullptr, nullptr)};
  EXPECT_EQ(::setsockopt(peer.number(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
  std::string all;
  std::array<char, 4096> buffer{};
  while (all.find(text) == std::string::npos) {
    const ssize_t count = ::recv(peer.number(), buffer.data(), buffer.size(), 0);
    if (count <= 0) break;
    all.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return all;
}

TEST_F(Outputs, WriteAFileInADirectoryThatBecomesTheMonitors) {
  const std::string file = path("out/findings.json");
  const auto daemon = start(file_output(file));
  drop("/x");
  ASSERT_TRUE(await_in(file, "/x")) << daemon->log();
  struct stat status{};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  EXPECT_NE(status.st_uid, 0U);
  EXPECT_TRUE(daemon->stop().is_success());
}

TEST_F(Outputs, OpenAFileAnewAfterASignalAlsoWhereSomebodyElseMadeIt) {
  const std::string file = path("out/findings.json");
  const auto daemon = start(file_output(file));
  drop("/x");
  ASSERT_TRUE(await_in(file, "/x")) << daemon->log();
  // As logrotate(8) does, which may compress what it has moved away: the daemon lets go of it at once.
  std::filesystem::rename(file, file + ".1");
  daemon->send(SIGUSR1);
  EXPECT_TRUE(wait_for([&] { return std::filesystem::exists(file); }, patience)) << daemon->log();
  // And with `create`.
  std::filesystem::rename(file, file + ".2");
  write_file(file, "");
  daemon->send(SIGUSR1);
  drop("/y");
  EXPECT_TRUE(await_in(file, "/y")) << daemon->log();
  EXPECT_FALSE(holds(file + ".1", "/y"));
  EXPECT_TRUE(daemon->stop().is_success());
}

TEST_F(Outputs, ThatMayNotWriteSayWhyAndDeliverOnceTheyMay) {
  std::filesystem::create_directory(path("shared"));
  write_file(path("shared/another.log"), "");
  const std::string file = path("shared/findings.json");
  {
    const auto daemon = start(file_output(file));
    EXPECT_TRUE(daemon->wait_for_log("also holds \"another.log\"", patience)) << daemon->log();
    drop("/x");
    EXPECT_TRUE(await_drop(*daemon, "/x")) << daemon->log();
    EXPECT_TRUE(daemon->wait_for_log("output file: ", patience)) << daemon->log();
    EXPECT_TRUE(wait_for([&] { return count_of(*daemon, "file", "pending") > 0; }, patience));
    EXPECT_TRUE(daemon->stop().is_success());
  }
  std::filesystem::remove(path("shared/another.log"));
  const auto daemon = start(file_output(file));
  EXPECT_TRUE(await_in(file, "/x")) << daemon->log();
}

TEST_F(Outputs, AreAddedByAReloadOrAskForARestart) {
  const auto daemon = start(file_output(path("out/one")));
  reconfigure(*daemon, file_output(path("out/one")) +
                           file_output(path("out/two"), ", name: two, revisions: all") +
                           file_output(path("elsewhere/three"), ", name: three"));
  daemon->send(SIGHUP);
  ASSERT_TRUE(daemon->wait_for_log("configuration read again", patience)) << daemon->log();
  drop("/x");
  EXPECT_TRUE(await_in(path("out/one"), "/x")) << daemon->log();
  EXPECT_TRUE(await_in(path("out/two"), "/x")) << daemon->log();
  EXPECT_TRUE(daemon->wait_for_log("restart dropwarden", patience)) << daemon->log();
  EXPECT_THAT(std::string(state_of(*daemon, "three").at("problem").as_string()), HasSubstr("restart"));
  // That is what a monitor which dies gets, too.
  daemon->send("monitor", SIGKILL);
  EXPECT_TRUE(await_in(path("elsewhere/three"), "/x")) << daemon->log();
}

TEST_F(Outputs, ReachAServerWithAKeyAndATokenThatOnlyRootMayRead) {
  const PemFiles pem = make_certificate();
  HttpsServer server(&pem, {500, 200}, true);
  write_file(path("ca.pem"), pem.authority);
  write_file(path("key.pem"), pem.key);
  // As a Secret lies in a pod: its files are links, which change all at once.
  std::filesystem::create_directory(path("..of-today"));
  std::filesystem::create_directory_symlink("..of-today", path("..data"));
  write_file(path("..data/headers"), "X-Token: secret\n");
  std::filesystem::create_symlink("..data/headers", path("headers"));
  for (const char* name : {"ca.pem", "key.pem", "headers"}) ASSERT_EQ(::chmod(path(name).c_str(), 0600), 0);
  const auto daemon =
      start("  - {type: webhook, format: falco, url: 'https://localhost:" + std::to_string(server.port()) +
            "/', ca_file: " + path("ca.pem") + ", certificate_file: " + path("ca.pem") +
            ", key_file: " + path("key.pem") + ", headers_file: " + path("headers") + "}\n");
  drop("/x");
  const auto is_there = [&] {
    const auto requests = server.requests();
    return requests.size() >= 2 && std::ranges::any_of(requests, [](const auto& request) {
             return request.body.find("\"fd.name\":\"/x\"") != std::string::npos;
           });
  };
  ASSERT_TRUE(wait_for(is_there, patience)) << daemon->log();
  const auto requests = server.requests();
  EXPECT_EQ(requests[0].token, "secret");
  EXPECT_EQ(requests[0].body, requests[1].body) << "what it did not take is told again";
  EXPECT_THAT(daemon->log(), Not(HasSubstr("refused the system call")));
}

// The server takes the request and is gone before it has answered; the collector reads a part and is gone.
TEST_F(Outputs, TellAgainWhatAReceiverThatClosedEarlyMayNotHaveTaken) {
  HttpsServer server(nullptr, {0, 0, 200});
  const LoopbackSocket collector = listen_at_port();
  const auto daemon =
      start("  - {type: webhook, url: 'http://127.0.0.1:" + std::to_string(server.port()) +
            "/'}\n  - {type: syslog, name: tcp, address: 'tcp://127.0.0.1:" + std::to_string(collector.port) +
            "'}\n" + file_output(path("out/file")));
  drop("/x");
  EXPECT_THAT(read_until(collector.socket, "\"path\":\"/x"), HasSubstr("/x"));
  ASSERT_TRUE(wait_for([&] { return server.requests().size() >= 3; }, patience)) << daemon->log();
  const auto requests = server.requests();
  EXPECT_EQ(requests[0].body, requests[1].body);
  EXPECT_EQ(requests[1].body, requests[2].body) << "what was not answered is not taken";
  drop("/y");
  EXPECT_THAT(read_until(collector.socket, "\"path\":\"/y\""), HasSubstr("\"path\":\"/y\"")) << daemon->log();
  EXPECT_TRUE(wait_for([&] { return requests_with(server, "\"path\":\"/y\"") > 0; }, patience))
      << daemon->log();
  EXPECT_TRUE(await_in(path("out/file"), "/y")) << daemon->log();
  EXPECT_GE(count_of(*daemon, "webhook", "failures"), 2U);
  EXPECT_TRUE(wait_for([&] { return count_of(*daemon, "webhook", "pending") == 0; }, patience))
      << daemon->log();
}

TEST_F(Outputs, ThatAreDeadCostTheOthersNothing) {
  const sys::Fd stalled = listen_at(path("stalled"));
  const auto daemon =
      start("  - {type: unix, path: " + path("stalled") + "}\n" +
            "  - {type: unix, name: nobody, path: " + path("missing") + "}\n" +
            "  - {type: webhook, url: 'http://127.0.0.1:1/'}\n" + file_output(path("out/file")));
  for (int i = 0; i < 20; ++i) drop("/x" + std::to_string(i));
  EXPECT_TRUE(await_in(path("out/file"), "/x19")) << daemon->log();
  EXPECT_TRUE(await_drop(*daemon, "/x19"));
  EXPECT_TRUE(wait_for([&] { return count_of(*daemon, "nobody", "failures") > 0; }, patience));
  EXPECT_GE(count_of(*daemon, "nobody", "pending"), 20U);
  EXPECT_GE(count_of(*daemon, "file", "delivered"), 20U);
  EXPECT_EQ(state_of(*daemon, "file").at("problem").as_string(), "");
  // It comes back.
  const sys::Fd back = listen_at(path("missing"));
  EXPECT_THAT(read_until(back, "\"path\":\"/x19\""), HasSubstr("\"path\":\"/x0\"")) << daemon->log();
}

TEST_F(Outputs, GetAfterAKillWhatTheyHadNotTaken) {
  const std::string outputs =
      "  - {type: unix, revisions: first, path: " + path("socket") + "}\n" + file_output(path("out/file"));
  {
    const auto daemon = start(outputs);
    drop("/x");
    ASSERT_TRUE(await_drop(*daemon, "/x")) << daemon->log();
    ASSERT_TRUE(wait_for([&] { return stored() > 0; }, patience)) << daemon->log();
    daemon->send(SIGKILL);
    ASSERT_TRUE(wait_for([&] { return !daemon->is_running(); }, patience));
  }
  const auto daemon = start(outputs);
  const sys::Fd listener = listen_at(path("socket"));
  EXPECT_THAT(read_until(listener, "\"path\":\"/x\""), HasSubstr("\"path\":\"/x\"")) << daemon->log();
  EXPECT_TRUE(await_in(path("out/file"), "/x")) << daemon->log();
}

// rsyslogd(8), which writes a line for each message: by what input it came, and what it understood of it.
std::unique_ptr<ChildProcess> start_rsyslog(const std::string& directory, std::uint16_t udp,
                                            std::uint16_t tcp) {
  const std::string configuration = directory + "/rsyslog.conf";
  write_file(configuration,
             "global(workDirectory=\"" + directory +
                 "\" maxMessageSize=\"64k\")\n"
                 "module(load=\"imuxsock\" SysSock.Use=\"off\")\n"
                 "input(type=\"imuxsock\" UseSpecialParser=\"off\" Socket=\"" +
                 directory + "/log\")\n" +
                 "module(load=\"imudp\")\ninput(type=\"imudp\" address=\"127.0.0.1\" port=\"" +
                 std::to_string(udp) + "\")\n" +
                 "module(load=\"imtcp\")\ninput(type=\"imtcp\" address=\"127.0.0.1\" port=\"" +
                 std::to_string(tcp) + "\")\n" +
                 "template(name=\"t\" type=\"string\" string=\"%inputname% %pri-text% %app-name% "
                 "%msgid% %msg%\\n\")\n"
                 "action(type=\"omfile\" template=\"t\" file=\"" +
                 directory + "/messages\")\n");
  auto rsyslog = std::make_unique<ChildProcess>(
      std::vector<std::string>{"rsyslogd", "-n", "-f", configuration, "-i", directory + "/pid"});
  EXPECT_TRUE(wait_for([&] { return std::filesystem::exists(directory + "/log"); }, patience));
  return rsyslog;
}

TEST_F(Outputs, ReachRsyslogOverASocketUdpAndTcpAndWhenItComesBack) {
  if (!run_command({"sh", "-c", "command -v rsyslogd"}).status.is_success())
    GTEST_SKIP() << "SKIP: rsyslogd is not installed";
  std::filesystem::create_directory(path("rsyslog"));
  const std::uint16_t udp = free_port(SOCK_DGRAM);
  const std::uint16_t tcp = free_port(SOCK_STREAM);
  auto rsyslog = start_rsyslog(path("rsyslog"), udp, tcp);
  const std::string messages = path("rsyslog/messages");
  const auto daemon = start(
      "  - {type: syslog, name: local, revisions: first, address: " + path("rsyslog/log") +
      "}\n  - {type: syslog, name: udp, revisions: first, address: 'udp://127.0.0.1:" + std::to_string(udp) +
      "', facility: local3}\n" +
      "  - {type: syslog, name: tcp, revisions: first, address: 'tcp://127.0.0.1:" + std::to_string(tcp) +
      "'}\n");
  drop("/x");
  const auto has_line = [&](const std::string& beginning, const std::string& name) {
    std::ifstream in(messages);
    for (std::string line; std::getline(in, line);)
      if (line.starts_with(beginning) && line.find("\"path\":\"" + name + "\"") != std::string::npos)
        return true;
    return false;
  };
  EXPECT_TRUE(wait_for([&] { return has_line("imuxsock daemon.", "/x"); }, patience)) << daemon->log();
  EXPECT_TRUE(wait_for([&] { return has_line("imudp local3.", "/x"); }, patience)) << daemon->log();
  EXPECT_TRUE(wait_for([&] { return has_line("imtcp daemon.", "/x"); }, patience)) << daemon->log();
  EXPECT_THAT(read_file(messages), HasSubstr(" dropwarden finding {\"schema\":"));
  rsyslog.reset();
  std::filesystem::remove(path("rsyslog/pid"));
  std::filesystem::remove(path("rsyslog/log"));
  drop("/y");
  EXPECT_TRUE(wait_for([&] { return count_of(*daemon, "tcp", "failures") > 0; }, patience));
  rsyslog = start_rsyslog(path("rsyslog"), udp, tcp);
  EXPECT_TRUE(wait_for([&] { return has_line("imuxsock daemon.", "/y"); }, patience)) << daemon->log();
  EXPECT_TRUE(wait_for([&] { return has_line("imtcp daemon.", "/y"); }, patience)) << daemon->log();
}

// What an exception covers, or is beyond the rate, reaches nobody, and the summary of the latter everybody.
TEST_F(Outputs, InEachFormatGetNothingThatThePolicyHasNotShown) {
  const std::vector<std::string> formats{"native", "tracee", "falco", "ecs", "ocsf", "cef", "text"};
  std::string outputs;
  for (const std::string& format : formats)
    outputs += file_output(path("out/" + format), fmt::format(", name: {0}, format: {0}", format));
  const auto daemon = start(outputs,
                            "policy:\n"
                            "  rate: {per_minute: 1, burst: 1, summary_interval: 1s}\n"
                            "  exceptions:\n"
                            "    - {name: quiet, reason: expected, path: '/quiet*'}\n");
  drop("/quiet");
  drop("/shown");
  ASSERT_TRUE(await_drop(*daemon, "/shown")) << daemon->log();
  drop("/flood");
  const auto held_back_in = [](const std::string& format) {
    return format == "native" || format == "tracee" ? "held_back" : "held back";
  };
  const auto text_in = [&](const std::string& format) {
    std::ifstream in(path("out/" + format));
    return std::string{std::istreambuf_iterator<char>(in), {}};
  };
  for (const std::string& format : formats) {
    EXPECT_TRUE(
        wait_for([&] { return text_in(format).find(held_back_in(format)) != std::string::npos; }, patience))
        << format << ": " << text_in(format);
    EXPECT_THAT(text_in(format), HasSubstr("/shown")) << format;
    EXPECT_THAT(text_in(format), Not(HasSubstr("/quiet"))) << format;
    EXPECT_THAT(text_in(format), Not(HasSubstr("/flood"))) << format;
  }
}

// Each finding at least once, with the monitor killed again and again.
TEST_F(Outputs, LoseNothingWhenTheMonitorIsKilledWhileTheyDeliver) {
  const std::string file = path("out/file");
  const auto daemon = start(file_output(file));
  for (int round = 0; round < 3; ++round) {
    const std::string name = "/round" + std::to_string(round) + "-";
    for (int i = 0; i < 10; ++i) drop(name + std::to_string(i));
    ASSERT_TRUE(await_drop(*daemon, name + "0")) << daemon->log();
    const pid_t monitor = daemon->part("monitor");
    ASSERT_EQ(::kill(monitor, SIGKILL), 0);
    ASSERT_TRUE(wait_for([&] { return daemon->part("monitor") != 0 && daemon->part("monitor") != monitor; },
                         patience));
  }
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 10; ++i)
      EXPECT_TRUE(await_in(file, fmt::format("/round{}-{}", round, i))) << daemon->log();
  }
}

TEST_F(Outputs, LoseWhatAStandardOutputThatIsClosedDoesNotTake) {
  const std::string directory = path("daemon");
  std::filesystem::create_directory(directory);
  const std::string configuration = directory + "/dropwarden.yaml";
  write_file(configuration, make_configuration(directory, {}, store()) +
                                "scan: {first_start: false, sweep: false}\n" + watch_without_runtimes());
  let_through(directory);
  const std::string file = directory + "/log";
  const sys::Fd error{::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
  ChildProcess daemon(
      {"/bin/sh", "-c", R"(exec "$0" run --config "$1" >&-)", dropwarden_binary(), configuration},
      {.output = -1, .error = error.number(), .environment = {}});
  ASSERT_TRUE(
      wait_for([&] { return read_file(file).find("ready containers=") != std::string::npos; }, patience))
      << read_file(file);
  drop("/x");
  EXPECT_TRUE(
      wait_for([&] { return read_file(file).find("output stdout: write") != std::string::npos; }, patience))
      << read_file(file);
  EXPECT_EQ(read_file(directory + "/control.sock.lock"), std::to_string(daemon.pid()) + "\n");
  EXPECT_EQ(daemon.terminate(patience).text(), "status 0");
  EXPECT_EQ(read_number(store(), "SELECT count(*) FROM finding WHERE told > 0"), 0);
}

TEST_F(Outputs, WaitForADiskThatIsFullAndWriteWholeLines) {
  std::filesystem::create_directory(path("out"));
  ASSERT_EQ(::mount("test", path("out").c_str(), "tmpfs", 0, "size=16k,mode=0700"), 0);
  const std::string file = path("out/file");
  const auto daemon = start(file_output(file));
  constexpr int drops = 20;
  for (int i = 0; i < drops; ++i) drop("/x" + std::to_string(i));
  EXPECT_TRUE(daemon->wait_for_log("No space left on device", patience)) << daemon->log();
  ASSERT_EQ(::mount(nullptr, path("out").c_str(), nullptr, MS_REMOUNT, "size=16m,mode=0700"), 0);
  for (int i = 0; i < drops; ++i) EXPECT_TRUE(await_in(file, "/x" + std::to_string(i))) << daemon->log();
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) EXPECT_NO_THROW(boost::json::parse(line)) << line;
}

}  // namespace
}  // namespace dropwarden::test
