// SPDX-License-Identifier: Apache-2.0
#include "monitors.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <string_view>
#include <unistd.h>

#include <fmt/format.h>

#include "dropwarden/sys/fd.hpp"
#include "dropwarden/util/text.hpp"

#include "box.hpp"
#include "cpu.hpp"
#include "support/command.hpp"
#include "support/daemon.hpp"
#include "support/file.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

namespace fs = std::filesystem;

using Command = std::vector<std::string>;

// As the daemon rests under load: the floor is what it could be at best.
constexpr const char* batching_microseconds = "1000";
constexpr auto patience = 60s;
constexpr auto longest_backlog = 20s;

sys::Fd create(const std::string& file) {
  return sys::Fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
}

// A program whose output goes to a file, ready once that says so.
class Program : public RunningMonitor {
 public:
  Program(const Command& command, const std::string& output, std::string_view ready) : output_(output) {
    const sys::Fd file = create(output);
    process_ = std::make_unique<ChildProcess>(
        command, ChildOptions{.output = file.number(), .error = file.number(), .environment = {}});
    const auto is_ready = [&] { return read_file(output).find(ready) != std::string::npos; };
    wait_for([&] { return is_ready() || !process_->is_running(); }, patience);
    if (!is_ready() || !process_->is_running())
      throw std::runtime_error(
          fmt::format("{} does not start: {}", command[0], last_line(read_file(output))));
  }
  ~Program() override { process_->terminate(10s); }

  double settled_cpu() const override { return settled_cpu_of_family(process_->pid(), longest_backlog); }
  pid_t process() const override { return process_->pid(); }

 protected:
  static std::string last_line(const std::string& text) {
    return std::string(util::split(util::trim(text), '\n').back());
  }
  // Until it does what it was started for.
  void require_within_patience(const std::function<bool()>& holds, const std::string& what) {
    if (!wait_for([&] { return !process_->is_running() || holds(); }, patience) || !process_->is_running())
      throw std::runtime_error(fmt::format("{}: {}", what, last_line(read_file(output_))));
  }

 private:
  const std::string output_;
  std::unique_ptr<ChildProcess> process_;
};

std::string own_directory() {
  return fs::read_symlink("/proc/self/exe").parent_path().string();
}

std::unique_ptr<RunningMonitor> start_bare_reader(const MonitoredPlace& place) {
  return std::make_unique<Program>(
      Command{own_directory() + "/bare-reader", batching_microseconds, place.merged},
      place.scratch + "/output", "ready");
}

std::unique_ptr<RunningMonitor> start_eager_reader(const MonitoredPlace& place) {
  return std::make_unique<Program>(Command{own_directory() + "/bare-reader", "0", place.merged},
                                   place.scratch + "/output", "ready");
}

std::unique_ptr<RunningMonitor> start_daemon(const std::string& program, const MonitoredPlace& place) {
  const std::string configuration = place.scratch + "/dropwarden.yaml";
  std::string text = make_configuration(place.scratch, {});
  constexpr std::string_view debug = "level: debug";
  text.replace(text.find(debug), debug.size(), "level: info");
  // The files of the rounds before would be scanned during a job, now and then.
  write_file(configuration, text + "scan:\n  first_start: false\n");
  const std::string output = place.scratch + "/output";
  auto daemon = std::make_unique<Program>(Command{program, "run", "--config", configuration}, output,
                                          "ready containers=");
  // A daemon that does not see the container costs nothing.
  if (read_file(output).find("marks=0\n") != std::string::npos)
    throw std::runtime_error(program + " has marked nothing");
  return daemon;
}

std::unique_ptr<RunningMonitor> start_dropwarden(const MonitoredPlace& place) {
  return start_daemon(dropwarden_binary(), place);
}

std::unique_ptr<RunningMonitor> start_baseline(const MonitoredPlace& place) {
  return start_daemon(std::getenv("BENCH_BASELINE"), place);
}

// It says nothing of being ready: that it tells of a file does.
class Teller : public Program {
 public:
  Teller(const Command& command, const MonitoredPlace& place)
      : Program(command, place.scratch + "/output", "") {
    const std::string probe = place.merged + "/job/probe";
    require_within_patience(
        [&] {
          write_file(probe, "probe");
          return read_file(place.scratch + "/output").find("probe") != std::string::npos;
        },
        command.back() + " tells nothing of a file");
    fs::remove(probe);
  }
};

// Both mark with handles of files, which the kernel refuses on an overlay: so they watch what lies below it.
std::unique_ptr<RunningMonitor> start_fatrace(const MonitoredPlace& place) {
  return std::make_unique<Teller>(
      Command{"sh", "-c", fmt::format("cd {} && exec fatrace --current-mount --filter=W", place.upper)},
      place);
}

std::unique_ptr<RunningMonitor> start_fsnotifywait(const MonitoredPlace& place) {
  return std::make_unique<Teller>(
      Command{"fsnotifywait", "--monitor", "--quiet", "--filesystem", "--event", "close_write", place.upper},
      place);
}

// clamd with one signature made by hand, and clamonacc on the directory.
class OnAccess : public RunningMonitor {
 public:
  explicit OnAccess(const MonitoredPlace& place) {
    const std::string base = place.scratch;
    fs::create_directories(base + "/signatures");
    // MD5, size and name of a file that is nowhere (ClamAV's documentation, “File hash signatures”).
    write_file(base + "/signatures/bench.hdb", "d41d8cd98f00b204e9800998ecf8427f:68:Bench.Nowhere\n");
    write_file(base + "/clamd.conf",
               fmt::format("DatabaseDirectory {0}/signatures\nLocalSocket {0}/clamd.sock\nForeground yes\n"
                           "LogTime no\nOnAccessIncludePath {1}/job\nOnAccessExcludeUname clamav\n"
                           "OnAccessPrevention no\nOnAccessExtraScanning yes\n",
                           base, place.merged));
    scanner_ = std::make_unique<Program>(Command{"clamd", "--config-file=" + base + "/clamd.conf"},
                                         base + "/clamd.log", "Self checking");
    watcher_ = std::make_unique<Program>(Command{"clamonacc", "--foreground", "--fdpass", "--verbose",
                                                 "--config-file=" + base + "/clamd.conf"},
                                         base + "/clamonacc.log", "watching");
  }
  double settled_cpu() const override { return scanner_->settled_cpu() + watcher_->settled_cpu(); }
  pid_t process() const override { return watcher_->process(); }

 private:
  std::unique_ptr<Program> scanner_;
  std::unique_ptr<Program> watcher_;
};

std::unique_ptr<RunningMonitor> start_clamonacc(const MonitoredPlace& place) {
  return std::make_unique<OnAccess>(place);
}

// The thread of the kernel that hands records over.
pid_t find_kauditd() {
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const auto number = util::parse_number<pid_t>(entry.path().filename().string());
    if (!number) continue;
    std::error_code gone;
    if (fs::exists(entry.path() / "comm", gone) && util::trim(read_file(entry.path() / "comm")) == "kauditd")
      return *number;
  }
  return 0;
}

// auditd with a rule for writes, changes of attributes and executions below the directory.
class Audit : public Program {
 public:
  explicit Audit(const MonitoredPlace& place)
      : Program(Command{"auditd", "-n", "-s", "nochange", "-c", configure(place.scratch)},
                place.scratch + "/output", ""),
        directory_(place.merged + "/job"),
        kauditd_(find_kauditd()),
        was_enabled_(is_enabled()) {
    const std::string registered = fmt::format("pid {}\n", process());
    try {
      require_within_patience(
          [&] { return run_command({"auditctl", "-s"}).output.find(registered) != std::string::npos; },
          "auditd is not taken by the kernel");
      run_program({"auditctl", "-e", "1", "-b", "8192"});
      run_program({"auditctl", "-w", directory_, "-p", "wax", "-k", "bench"});
    } catch (const std::exception&) {
      switch_off();
      throw;
    }
  }
  ~Audit() override { switch_off(); }
  Audit(const Audit&) = delete;
  Audit& operator=(const Audit&) = delete;

  double settled_cpu() const override {
    const double daemon = Program::settled_cpu();
    return daemon + cpu_of({kauditd_});
  }

 private:
  // Of the whole machine, where it was off before.
  void switch_off() const {
    run_is_possible({"auditctl", "-W", directory_, "-p", "wax", "-k", "bench"});
    if (!was_enabled_) run_is_possible({"auditctl", "-e", "0"});
  }
  static bool is_enabled() {
    return run_command({"auditctl", "-s"}).output.find("enabled 0\n") == std::string::npos;
  }
  static std::string configure(const std::string& scratch) {
    const std::string directory = scratch + "/audit";
    fs::create_directories(directory + "/plugins.d");
    write_file(
        directory + "/auditd.conf",
        fmt::format("log_file = {0}/audit.log\nlog_format = RAW\nflush = INCREMENTAL_ASYNC\nfreq = 50\n"
                    "max_log_file = 64\nnum_logs = 2\nmax_log_file_action = ROTATE\n"
                    "plugin_dir = {0}/plugins.d\nlocal_events = yes\nspace_left_action = IGNORE\n"
                    "admin_space_left_action = IGNORE\ndisk_full_action = IGNORE\n"
                    "disk_error_action = IGNORE\n",
                    directory));
    return directory;
  }

  const std::string directory_;
  const pid_t kauditd_;
  const bool was_enabled_;
};

std::unique_ptr<RunningMonitor> start_auditd(const MonitoredPlace& place) {
  return std::make_unique<Audit>(place);
}

std::unique_ptr<RunningMonitor> start_falco(const MonitoredPlace& place) {
  return std::make_unique<Program>(Command{std::getenv("BENCH_FALCO"), "-U"}, place.scratch + "/output",
                                   "Opening 'syscall' source");
}

class Nothing : public RunningMonitor {
 public:
  double settled_cpu() const override { return 0; }
  pid_t process() const override { return 0; }
};

std::unique_ptr<RunningMonitor> start_nothing(const MonitoredPlace&) {
  return std::make_unique<Nothing>();
}

bool is_found(const std::string& program) {
  if (program.find('/') != std::string::npos) return ::access(program.c_str(), X_OK) == 0;
  const char* const path = std::getenv("PATH");
  for (const auto directory : util::split(path == nullptr ? "/usr/sbin:/usr/bin" : path, ':')) {
    if (::access((std::string(directory) + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

bool is_first_pid_namespace() {
  // A thread of the kernel is seen in the first alone.
  return fs::exists("/proc/2/comm") && util::trim(read_file("/proc/2/comm")) == "kthreadd";
}

}  // namespace

const std::vector<MonitorKind>& monitor_kinds() {
  static const std::vector<MonitorKind> kinds = {
      {"none", "", "no monitor", start_nothing},
      {"bare", "", "a bare reader with the daemon's flags, 256 bytes of each file, 1 ms of batching",
       start_bare_reader},
      {"eager", "", "the same, woken by every event", start_eager_reader},
      {"dropwarden", "", "this build, store on, findings to a file", start_dropwarden},
      {"baseline", "", "another build, store on, findings to a file", start_baseline},
      {"fatrace", "fatrace", "fatrace --current-mount --filter=W, on the upper directory's file system",
       start_fatrace},
      {"fsnotifywait", "fsnotifywait",
       "fsnotifywait --filesystem --event close_write, on the upper directory's file system",
       start_fsnotifywait},
      {"clamonacc", "clamonacc", "clamonacc with clamd and one signature made by hand, no prevention",
       start_clamonacc},
      {"auditd", "auditd", "auditd and a watch for writes, attributes and executions", start_auditd},
      {"falco", "falco", "Falco as configured, whose path is given", start_falco},
  };
  return kinds;
}

std::optional<std::string> why_not(const MonitorKind& kind) {
  const bool is_given = kind.name == "falco" || kind.name == "baseline";
  if (is_given) {
    const char* const path = std::getenv(kind.name == "falco" ? "BENCH_FALCO" : "BENCH_BASELINE");
    if (path == nullptr) return "no path of it was given (--" + kind.name + " PATH)";
    if (!is_found(path)) return std::string(path) + " is no program";
  } else if (!kind.program.empty() && !is_found(kind.program)) {
    return kind.program + " is not installed";
  }
  if ((kind.name == "auditd" || kind.name == "falco") && !is_first_pid_namespace())
    return "only in the first pid namespace of the machine (--host)";
  return std::nullopt;
}

}  // namespace dropwarden::test
