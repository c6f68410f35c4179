// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/daemon/scan.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "dropwarden/config/config.hpp"
#include "dropwarden/daemon/daemon.hpp"
#include "dropwarden/daemon/output_format.hpp"
#include "dropwarden/daemon/parts.hpp"
#include "dropwarden/sink/format.hpp"
#include "dropwarden/sys/output.hpp"

#include "formats.hpp"
#include "options.hpp"
#include "verbs.hpp"

namespace dropwarden::cli {
namespace {

using namespace std::chrono_literals;

// One line on a terminal, which is written over and at last taken away.
class ProgressLine {
 public:
  explicit ProgressLine(std::ostream& err)
      : err_(err), is_shown_(sys::terminal_columns(STDERR_FILENO).has_value()) {}

  void show(const daemon::ScanProgress& progress) {
    const auto now = std::chrono::steady_clock::now();
    if (!is_shown_ || now < next_) return;
    next_ = now + 100ms;
    err_ << fmt::format("\r\x1b[Kscanning {} ({} of {}): {} entries", progress.container, progress.number,
                        progress.containers, progress.entries)
         << std::flush;
    is_there_ = true;
  }

  // Before anything else is printed.
  void clear() {
    if (is_there_) err_ << "\r\x1b[K" << std::flush;
    is_there_ = false;
  }

 private:
  std::ostream& err_;
  const bool is_shown_;
  bool is_there_ = false;
  std::chrono::steady_clock::time_point next_{};
};

// The format in which a finding is printed, whole lines.
class FindingPrinter {
 public:
  FindingPrinter(std::ostream& out, const config::Output& output)
      : out_(out), columns_(sys::terminal_columns(STDOUT_FILENO)) {
    format_ = daemon::format_of(output, columns_.has_value());
  }

  void print(const model::Finding& finding) {
    const sink::TextStyle style{.columns = columns_.value_or(0), .is_colored = false};
    const bool has_header = columns_ && format_ == sink::Format::text;
    if (has_header && !has_header_) out_ << sink::format_text_header(style) << '\n';
    has_header_ = true;
    out_ << sink::format_line(format_, finding, style) << '\n';
    out_.flush();
  }

 private:
  std::ostream& out_;
  const std::optional<std::size_t> columns_;
  sink::Format format_ = sink::Format::native;
  bool has_header_ = false;
};

struct Arguments {
  std::vector<std::string> containers;
  std::string config;
  std::string format;
  sandbox::Enforcement sandbox = sandbox::Enforcement::enforce;
};

daemon::RunOptions options_of(const Arguments& arguments) {
  daemon::RunOptions options;
  if (!arguments.config.empty()) options.config_file = arguments.config;
  if (!arguments.format.empty()) options.format = format_named(arguments.format);
  return options;
}

// That of the findings that are printed: other outputs have none of a scan.
config::Output printed_output(const config::Config& config, const daemon::RunOptions& options) {
  const auto found =
      std::ranges::find(config.outputs, config::OutputType::standard_output, &config::Output::type);
  if (found != config.outputs.end()) return *found;
  config::Output output;
  if (options.format) output.format = *options.format;
  output.has_format = options.format.has_value();
  return output;
}

int scan(const daemon::RunOptions& options, const Arguments& arguments, Session& session,
         privilege::Privilege& privilege) {
  const config::Config config = daemon::load_config(options, privilege);
  FindingPrinter printer(session.out, printed_output(config, options));
  ProgressLine progress(session.err);
  try {
    const auto report =
        daemon::scan_containers(privilege, config, arguments.containers,
                                {.on_finding =
                                     [&](const model::Finding& finding) {
                                       progress.clear();
                                       printer.print(finding);
                                     },
                                 .on_progress = [&](const daemon::ScanProgress& now) { progress.show(now); },
                                 .on_problem =
                                     [&](const std::string& problem) {
                                       progress.clear();
                                       session.err << "dropwarden: not scanned: " << problem << '\n';
                                     }});
    progress.clear();
    session.err << fmt::format("dropwarden: containers={} entries={} excepted={} findings={} complete={}\n",
                               report.containers, report.entries, report.excepted, report.findings,
                               report.is_complete);
    if (!report.is_complete) return failed;
    return report.findings == 0 ? done : has_findings;
  } catch (const daemon::UnknownContainer& error) {
    session.err << "dropwarden: " << error.what() << '\n';
    return wrong_usage;
  }
}

}  // namespace

void add_scan(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand(
      "scan", "Look for executables that containers have and their images have not; no daemon needed");
  auto arguments = std::make_shared<Arguments>();
  verb->add_option("CONTAINER", arguments->containers,
                   "Name, ID, or the beginning of an ID [default: all that can be seen]");
  add_config_option(*verb, arguments->config);
  add_format_option(*verb, arguments->format);
  add_sandbox_option(*verb, arguments->sandbox);
  verb->callback([&session, arguments] {
    session.action = [&session, arguments] {
      const daemon::RunOptions options = options_of(*arguments);
      return daemon::run_parts({.config_file = options.config_file, .sandbox = arguments->sandbox},
                               [&](daemon::Surroundings& surroundings) {
                                 return scan(options, *arguments, session, surroundings.privilege);
                               });
    };
  });
}

}  // namespace dropwarden::cli
