// SPDX-License-Identifier: Apache-2.0
#include "supervisor.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "dropwarden/mount/container_places.hpp"
#include "dropwarden/privilege/channel.hpp"
#include "dropwarden/sys/heap.hpp"
#include "dropwarden/sys/pidfd.hpp"

#include "confine.hpp"
#include "grants.hpp"
#include "log.hpp"
#include "monitor_process.hpp"
#include "prepare_captures.hpp"
#include "prepare_directories.hpp"

// Owns its ends of the link and the pids of the parts. Must not own the ends of the lanes once they are
// handed over: a part notices by them that the other has died.
namespace dropwarden::daemon {
namespace {

using namespace std::chrono_literals;
using privilege::LinkKind;

std::string describe(int status) {
  if (WIFSIGNALED(status))
    return fmt::format("killed by signal {} ({})", WTERMSIG(status), ::sigabbrev_np(WTERMSIG(status)));
  return fmt::format("exit status {}", WEXITSTATUS(status));
}

struct LaneEnds {
  std::vector<sys::Fd> asking;
  std::vector<sys::Fd> answering;
};

LaneEnds open_lanes() {
  LaneEnds ends;
  for (std::size_t i = 0; i < privilege::lane_count; ++i) {
    auto [asking, answering] = privilege::open_lane();
    ends.asking.push_back(std::move(asking));
    ends.answering.push_back(std::move(answering));
  }
  return ends;
}

}  // namespace

Backoff::Clock::time_point Backoff::next(Clock::time_point started, Clock::time_point now) {
  if (now - started > 1min) pause_ = 0ms;
  const auto due = now + pause_;
  pause_ = std::clamp<std::chrono::milliseconds>(2 * pause_, 100ms, 30s);
  return due;
}

Supervisor::Supervisor(const PartsOptions& options, std::string configuration, privilege::Grants grants,
                       const Monitor& monitor, Listeners listeners)
    : options_(options),
      configuration_(std::move(configuration)),
      grants_(std::move(grants)),
      monitor_main_(monitor),
      listeners_(listeners),
      self_(::getpid()) {
  sys::bound_heap();  // of the parts as well
  ::sigemptyset(&blocked_);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1}) ::sigaddset(&blocked_, signal);
  if (::sigprocmask(SIG_BLOCK, &blocked_, &before_) != 0)
    throw sys::SystemError(sys::last_error("sigprocmask"));
  signals_ = sys::Fd{::signalfd(-1, &blocked_, SFD_CLOEXEC | SFD_NONBLOCK)};
  if (!signals_) throw sys::SystemError(sys::last_error("signalfd"));
}

Supervisor::~Supervisor() {
  ::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

int Supervisor::run() {
  if (options_.is_service) give_files();
  start_marker();
  start_monitor();
  while (!status_) {
    std::array<struct pollfd, 2> polled{{{signals_.number(), POLLIN, 0}, {link_.number(), POLLIN, 0}}};
    if (::poll(polled.data(), polled.size(), wait_time()) < 0 && errno != EINTR)
      throw sys::SystemError(sys::last_error("poll"));
    if (polled[0].revents != 0) take_signals();
    if (link_ && polled[1].revents != 0) take_link();
    start_due();
  }
  end_marker();
  return *status_;
}

// The parent's copy of everything that is not its own is closed by the child itself.
pid_t Supervisor::fork_part() {
  const pid_t child = ::fork();
  if (child < 0) throw sys::SystemError(sys::last_error("fork"));
  if (child == 0) ::sigprocmask(SIG_SETMASK, &before_, nullptr);
  return child;
}

void Supervisor::give_files() const {
  for (const std::string& problem : prepare_directories(files_of_monitor(grants_), user_))
    spdlog::warn(
        "not given to the user of the monitor: {}; store and file outputs need directories of their own",
        problem);
  if (const std::string problem = prepare_captures(grants_.captures, user_); !problem.empty())
    spdlog::warn("the directory of copies is not given to the user of the monitor: {}", problem);
}

void Supervisor::start_marker() {
  LaneEnds ends = open_lanes();
  auto [own, its] = privilege::open_introduction();
  marker_.due.reset();
  marker_.started = Clock::now();
  const pid_t child = fork_part();
  if (child == 0) be_marker(std::move(ends.answering), std::move(its));
  marker_.pid = child;
  introduction_ = std::move(own);
  if (link_) {
    introduce_monitor();
    tell({.kind = LinkKind::lanes, .number = child, .grants = {}, .lanes = std::move(ends.asking)});
  } else {
    waiting_lanes_ = std::move(ends.asking);
  }
}

void Supervisor::start_monitor() {
  auto [own, its] = privilege::open_link();
  monitor_.due.reset();
  monitor_.started = Clock::now();
  const pid_t child = fork_part();
  if (child == 0) {
    own.reset();
    be_monitor(std::move(its), std::move(waiting_lanes_));
  }
  monitor_.pid = child;
  link_ = std::move(own);
  waiting_lanes_.clear();
  introduce_monitor();
}

// The number is nobody else's before `reap` has waited for it, and the marker is ended with the monitor: it
// is told of one, and asked by no other.
void Supervisor::introduce_monitor() {
  const auto monitor = sys::open_pidfd(monitor_.pid);
  // A marker that cannot take it has died, which comes as SIGCHLD. One that gets none waits for none.
  if (monitor && introduction_) static_cast<void>(privilege::introduce(introduction_.number(), *monitor));
  introduction_.reset();
}

void Supervisor::be_marker(std::vector<sys::Fd> lanes, sys::Fd introduction) {
  std::vector<int> kept{introduction.number()};
  for (const sys::Fd& lane : lanes) kept.push_back(lane.number());
  close_others(std::move(kept));
  ::prctl(PR_SET_NAME, "dw-marker");
  // A terminal sends them to all of us; the marker ends when nobody can ask any more. SIGIO: sys::lease.
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGPIPE, SIGIO}) std::signal(signal, SIG_IGN);
  try {
    auto direct = privilege::make_direct({.configuration = configuration_, .is_prepared = true});
    for (const std::string& problem : become_marker(self_)) spdlog::warn("marker: {}", problem);
    // Read here already: what it takes is never asked of the monitor.
    auto places =
        options_.is_service ? mount::make_container_places(*direct) : mount::make_proving_places(*direct);
    const auto guarded = privilege::make_guarded(std::move(direct), grants_, std::move(places));
    confine_marker(options_.sandbox);
    privilege::serve(std::move(lanes), *guarded, std::move(introduction));
    ::_exit(0);
  } catch (const std::exception& error) {
    spdlog::critical("marker: {}", error.what());
  }
  ::_exit(1);
}

void Supervisor::be_monitor(sys::Fd link, std::vector<sys::Fd> lanes) {
  std::vector<int> kept{link.number()};
  for (const sys::Fd& lane : lanes) kept.push_back(lane.number());
  for (const int listener : {listeners_.control, listeners_.metrics})
    if (listener >= 0) kept.push_back(listener);
  close_others(std::move(kept));
  run_monitor({.user = user_,
               .supervisor = self_,
               .marker = marker_.pid,
               .link = std::move(link),
               .lanes = std::move(lanes),
               .control = sys::Fd{listeners_.control},
               .metrics = sys::Fd{listeners_.metrics},
               .restarts = restarts_,
               .is_service = options_.is_service,
               .sandbox = options_.sandbox,
               .grants = grants_},
              monitor_main_);
}

int Supervisor::wait_time() const {
  std::optional<Clock::time_point> first;
  for (const Part* part : {&marker_, &monitor_}) {
    if (part->due && (!first || *part->due < *first)) first = part->due;
  }
  if (!first) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*first - Clock::now());
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

void Supervisor::start_due() {
  const auto now = Clock::now();
  if (status_ || is_stopping_) return;
  if (marker_.due && *marker_.due <= now) start_marker();
  if (monitor_.due && *monitor_.due <= now) start_monitor();
}

void Supervisor::take_signals() {
  struct signalfd_siginfo info{};
  while (::read(signals_.number(), &info, sizeof info) == sizeof info) {
    const int signal = static_cast<int>(info.ssi_signo);
    if (signal == SIGCHLD)
      reap();
    else
      on_signal(signal);
  }
}

void Supervisor::on_signal(int signal) {
  if (signal == SIGHUP)
    reload();
  else if (signal == SIGUSR1)
    give_files();  // who renamed a file may have made a new one
  else
    is_stopping_ = true;
  if (link_) {
    // Not by kill(2), for which a pod may have no right.
    tell({.kind = LinkKind::signal, .number = signal, .grants = {}, .lanes = {}});
  } else if (is_stopping_) {
    status_ = 0;
  }
}

// What the configuration allows the marker may be other than before: then there is a new one.
void Supervisor::reload() {
  auto grants = read_grants(configuration_, options_.config_file.has_value(), user_, Complaints::left_out);
  if (!grants || *grants == grants_) return;
  grants->control_socket = grants_.control_socket;
  grants->store = grants_.store;
  grants->captures = grants_.captures;
  if (*grants == grants_) return;
  grants_ = std::move(*grants);
  give_files();
  spdlog::info("a new marker may ask the runtimes, and read for outputs the files, that are configured now");
  end_marker();
  start_marker();
}

void Supervisor::reap() {
  int status = 0;
  for (pid_t child = 0; (child = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    if (child == marker_.pid) on_marker_end(status);
    if (child == monitor_.pid) on_monitor_end(status);
  }
}

void Supervisor::on_marker_end(int status) {
  marker_.pid = -1;
  if (is_stopping_ || monitor_.pid < 0) return;
  // Nobody could ask it any more: the monitor has died, which is noticed next.
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    spdlog::info("the marker has ended: nobody asks it any more");
    marker_.due = Clock::now() + 1s;
    return;
  }
  marker_.due = marker_.backoff.next(marker_.started, Clock::now());
  spdlog::error("the marker has ended ({}): another one is started, and asked again what was not answered",
                describe(status));
}

void Supervisor::on_monitor_end(int status) {
  monitor_.pid = -1;
  link_.reset();
  const bool is_stuck = WIFEXITED(status) && WEXITSTATUS(status) == monitor_stuck;
  const bool is_own_end = WIFEXITED(status) && !is_stuck;
  if (is_own_end || is_stopping_ || !options_.is_service) {
    // A signal that came before the monitor could take it is as good as one that it took.
    const bool is_asked = is_stopping_ && WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL;
    status_ = is_own_end ? WEXITSTATUS(status) : is_asked ? 0 : 1;
    if (!is_own_end && !is_asked) spdlog::critical("the monitor has ended ({})", describe(status));
    return;
  }
  ++restarts_;
  monitor_.due = monitor_.backoff.next(monitor_.started, Clock::now());
  spdlog::error(
      "the monitor has ended ({}): another one is started, and finds by scans what was written meanwhile",
      is_stuck ? "its event loop was stuck" : describe(status));
  // What the old one was told of mounts is no business of the new one.
  end_marker();
  marker_.due = monitor_.due;
}

void Supervisor::tell(const privilege::LinkMessage& message) {
  const auto sent = privilege::send_link(link_.number(), message);
  if (!sent) give_up_link(sent.error());
}

// The monitor has closed it, or is gone, which comes as SIGCHLD. Or it talks nonsense, or does not listen: it
// is not what was started, and nothing that it is told would reach it.
void Supervisor::give_up_link(const sys::Error& error) {
  const bool is_gone = error.number == ECONNRESET || error.number == EPIPE;
  if (!is_gone && monitor_.pid > 0) {
    spdlog::error("the monitor does not keep to its link ({}): it is ended", error.text());
    ::kill(monitor_.pid, SIGKILL);
  }
  // Only then: else it may see that end first, take the supervisor for gone and end by itself.
  link_.reset();
}

void Supervisor::take_link() {
  const auto message = privilege::receive_link(link_.number());
  if (!message) return give_up_link(message.error());
  if (message->kind == LinkKind::configuration && !is_stopping_) on_signal(SIGHUP);
  if (message->kind != LinkKind::stuck || marker_.pid < 0 || is_stopping_) return;
  spdlog::error("the marker has answered nothing for long: another one takes its place");
  end_marker();
  marker_.due = marker_.backoff.next(marker_.started, Clock::now());
}

// One that hangs in the kernel (state D) dies whenever that lets it; nobody waits.
void Supervisor::end_marker() {
  if (marker_.pid > 0) ::kill(marker_.pid, SIGKILL);
  marker_.pid = -1;
}

}  // namespace dropwarden::daemon
