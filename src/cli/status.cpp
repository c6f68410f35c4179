// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "dropwarden/control/client.hpp"
#include "dropwarden/daemon/daemon.hpp"
#include "dropwarden/daemon/profiles.hpp"

#include "open_store.hpp"
#include "options.hpp"
#include "report_text.hpp"
#include "verbs.hpp"

namespace dropwarden::cli {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

// `2 d 03:04:05`
std::string describe_uptime(std::int64_t seconds) {
  constexpr std::int64_t day = 86400;
  const auto rest = seconds % day;
  const std::string days = seconds < day ? "" : fmt::format("{} d ", seconds / day);
  return days + fmt::format("{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
}

void print_process(std::ostream& out, const json::object& process) {
  const std::string name = fmt::format("{} {}", text_of(process, "role"), process.at("pid").as_int64());
  if (process.at("uid").is_null()) {
    out << fmt::format("process    {}: {}\n", name, text_of(process, "problem"));
    return;
  }
  const std::string capabilities = join(process.at("capabilities"), " ");
  out << fmt::format(
      "process    {}: uid {}, {}, {}seccomp {}\n", name, process.at("uid").to_number<std::uint32_t>(),
      capabilities.empty() ? "no capabilities" : "capabilities " + capabilities,
      process.at("no_new_privileges").as_bool() ? "no_new_privs, " : "", text_of(process, "seccomp"));
}

// Nothing where nothing has gone wrong.
void print_channel(std::ostream& out, const json::value& channel) {
  if (!channel.is_object()) return;
  for (const auto& [key, what] : {std::pair{"monitor_restarts", "the monitor was started again"},
                                  {"marker_restarts", "the marker was replaced"},
                                  {"requests_timed_out", "a request to the marker had no answer in time"}}) {
    const auto times = channel.at(key).to_number<std::uint64_t>();
    if (times != 0) out << fmt::format("parts      {} ({} times)\n", what, times);
  }
}

void print_sandbox(std::ostream& out, const json::object& sandbox) {
  const auto abi = sandbox.at("landlock_abi").as_int64();
  const std::string problem = text_of(sandbox, "landlock_problem");
  std::string landlock = ", no Landlock";
  if (abi != 0) landlock = fmt::format(", Landlock ABI {}", abi);
  if (!problem.empty()) landlock += ": " + problem;
  out << "sandbox    " << text_of(sandbox, "enforcement") << landlock << '\n';
  for (const auto& entry : sandbox.at("refused").as_array()) {
    const auto& call = entry.as_object();
    out << fmt::format("refused    {} ({} times)\n", text_of(call, "call"),
                       call.at("count").to_number<std::uint64_t>());
  }
}

// `output     file (native): 12 delivered, 3 wait, the oldest for 00:01:05`
void print_output(std::ostream& out, const json::object& output) {
  const auto number = [&](const char* key) { return output.at(key).to_number<std::uint64_t>(); };
  out << fmt::format("output     {} ({}): {} delivered", text_of(output, "name"), text_of(output, "format"),
                     number("delivered"));
  if (number("pending") != 0)
    out << fmt::format(
        ", {} wait, the oldest for {}", number("pending"),
        describe_uptime(static_cast<std::int64_t>(output.at("lag_seconds").to_number<double>())));
  for (const char* key : {"failures", "refused", "lost"})
    if (number(key) != 0) out << fmt::format(", {} {}", number(key), key);
  const std::string problem = text_of(output, "problem");
  out << (problem.empty() ? "" : ": " + problem) << '\n';
}

// `received 5: reported 4, not_executable 1`; what is zero is left out.
std::string describe_counts(const json::object& counts) {
  std::string text;
  for (const auto& [name, number] : counts) {
    if (number.to_number<std::uint64_t>() == 0) continue;
    if (!text.empty()) text += ", ";
    text +=
        fmt::format("{} {}", std::string_view(name.data(), name.size()), number.to_number<std::uint64_t>());
  }
  return text;
}

void print_ledger(std::ostream& out, const json::object& ledger) {
  const std::string ended = describe_counts(ledger.at("ended").as_object());
  const std::string lost = describe_counts(ledger.at("lost").as_object());
  out << fmt::format("events     {}{}{}\n", ledger.at("received").to_number<std::uint64_t>(),
                     ended.empty() ? "" : ": ", ended)
      << "lost       " << (lost.empty() ? "nothing" : lost) << '\n';
}

void print_mounts(std::ostream& out, const json::object& mounts) {
  const std::string oldest = text_of(mounts, "oldest_scan");
  const auto number = [&](const char* key) { return mounts.at(key).to_number<std::uint64_t>(); };
  out << fmt::format("mounts     {} watched, {} not\n", number("watched"), number("unwatched"))
      << fmt::format("scans      {} of {} mounts synced{}\n", number("synced"), number("scanned"),
                     oldest.empty() ? "" : ", the oldest scan at " + to_the_second(oldest));
}

void print_captures(std::ostream& out, const json::value& captures) {
  if (!captures.is_object()) return;
  constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;
  const json::object& facts = captures.as_object();
  const auto mebibytes = [&](const char* key) {
    return (facts.at(key).to_number<std::uint64_t>() + mebibyte - 1) / mebibyte;
  };
  const std::string ended = describe_counts(facts.at("ended").as_object());
  out << fmt::format("copies     {}: {} of {} MiB{}\n", text_of(facts, "directory"), mebibytes("used_bytes"),
                     mebibytes("max_bytes"), ended.empty() ? "" : "; " + ended);
}

void print_desynced(std::ostream& out, const json::object& mount) {
  constexpr std::size_t short_id = 12;
  const std::string name = text_of(mount, "name");
  const std::string container = text_of(mount, "container");
  out << fmt::format("desynced   {} {} {}, since {}: {}\n",
                     name.empty() ? container.substr(0, short_id) : name, text_of(mount, "mount"),
                     text_of(mount, "path"), to_the_second(text_of(mount, "since")),
                     join(mount.at("reasons"), " "));
}

void print_status(std::ostream& out, const json::object& report) {
  out << fmt::format("version    {}\nstarted    {}, {} ago\n", text_of(report, "version"),
                     to_the_second(text_of(report, "started")),
                     describe_uptime(report.at("uptime_seconds").as_int64()));
  for (const auto& process : report.at("processes").as_array()) print_process(out, process.as_object());
  print_channel(out, report.at("channel"));
  print_sandbox(out, report.at("sandbox").as_object());
  out << "sensors    " << join(report.at("sensors"), " ") << '\n'
      << fmt::format("policy     generation {}\n", report.at("policy_generation").to_number<std::uint64_t>())
      << fmt::format("containers {}\n", report.at("containers").to_number<std::uint64_t>());
  for (const auto& output : report.at("outputs").as_array()) print_output(out, output.as_object());
  print_mounts(out, report.at("mounts").as_object());
  for (const auto& mount : report.at("desynced").as_array()) print_desynced(out, mount.as_object());
  print_captures(out, report.at("captures"));
  print_ledger(out, report.at("ledger").as_object());
}

void print_profiles(std::ostream& out, const json::object& report) {
  out << fmt::format("{:<9}{:<9}{:<20}{:<48}{}\n", "PROFILE", "VERDICT", "CALL", "ARGUMENTS", "REASON");
  for (const auto& entry : report.at("profiles").as_array()) {
    const auto& profile = entry.as_object();
    for (const auto& line : profile.at("calls").as_array()) {
      const auto& call = line.as_object();
      const std::string arguments = text_of(call, "arguments");
      out << fmt::format("{:<9}{:<9}{:<20}{:<48}{}\n", text_of(profile, "profile"), text_of(call, "verdict"),
                         text_of(call, "call"), arguments.empty() ? "any" : arguments,
                         text_of(call, "reason"));
    }
  }
}

std::string ask_daemon(const std::string& config_file, Session& session) {
  const config::Config config = config_to_look(config_file, session.err);
  auto report = control::request(config.control.socket, "status", 5s);
  if (report) return std::move(*report);
  if (!control::is_no_daemon(report.error())) throw sys::SystemError(report.error());
  throw std::runtime_error("no daemon answers (" + report.error().text() +
                           "): nothing is watched; `status --profiles` works without one");
}

}  // namespace

void add_status(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("status", "Show how the daemon does and what its processes may do");
  struct Arguments {
    std::string config;
    bool is_json = false;
    bool is_profiles = false;
  };
  auto arguments = std::make_shared<Arguments>();
  add_config_option(*verb, arguments->config);
  verb->add_flag("--json", arguments->is_json, "Print one JSON object");
  verb->add_flag("--profiles", arguments->is_profiles,
                 "Print instead which system calls each process may make, and why; needs no daemon");
  verb->callback([&session, arguments] {
    session.action = [&session, arguments] {
      const std::string text =
          arguments->is_profiles ? daemon::format_profiles() : ask_daemon(arguments->config, session);
      const json::value report = json::parse(text);
      if (const auto* error = report.as_object().if_contains("error"); error != nullptr)
        throw std::runtime_error("the daemon: " + std::string(error->as_string()));
      if (arguments->is_json) {
        session.out << text << '\n';
      } else if (arguments->is_profiles) {
        print_profiles(session.out, report.as_object());
      } else {
        print_status(session.out, report.as_object());
      }
      return done;
    };
  });
}

}  // namespace dropwarden::cli
