// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/daemon/daemon.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "dropwarden/container/registry.hpp"
#include "dropwarden/control/server.hpp"
#include "dropwarden/daemon/parts.hpp"
#include "dropwarden/metrics/server.hpp"
#include "dropwarden/monitor/advice.hpp"
#include "dropwarden/monitor/monitor.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/output.hpp"
#include "dropwarden/util/escape.hpp"

#include "config_watch.hpp"
#include "containers_report.hpp"
#include "log.hpp"
#include "memory.hpp"
#include "metrics_report.hpp"
#include "node_name.hpp"
#include "outputs.hpp"
#include "service_manager.hpp"
#include "sources.hpp"
#include "status_report.hpp"
#include "watchdog.hpp"

namespace dropwarden::daemon {
namespace {

// Each event of a batch is a descriptor, and so is each connection: all that this process may have.
void raise_descriptor_limit() {
  struct rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0)
    spdlog::warn("descriptors are limited to fewer than are allowed: {}",
                 sys::last_error("setrlimit", "RLIMIT_NOFILE").text());
}

// One that has expired is easily forgotten: findings come that somebody thought to be settled.
void warn_of_expired(const policy::Policy& policy) {
  const util::WallTime now{std::chrono::system_clock::now()};
  for (const policy::Exception& exception : policy.exceptions) {
    if (exception.expires && *exception.expires <= now)
      spdlog::warn("{}: the exception \"{}\" expired on {} and covers nothing",
                   util::escape(exception.written.at), util::escape(exception.name),
                   util::format_rfc3339(*exception.expires).substr(0, 10));
  }
}

monitor::Settings settings_of(const config::Config& config, std::uint64_t generation) {
  auto engine = std::make_shared<const policy::Engine>(config.policy, generation);
  const auto has_events = [](const config::Output& output) { return output.events != config::Events::none; };
  const auto prints_once = [](const config::Output& output) { return !Outputs::has_revisions(output); };
  return {.watch = config.watch,
          .scan = config.scan,
          .classify = config.classify,
          .capture = config.capture,
          .node = node_name(),
          .is_metadata_needed = std::ranges::any_of(config.outputs, prints_once) || engine->needs_metadata(),
          .has_events = std::ranges::any_of(config.outputs, has_events),
          .policy = std::move(engine)};
}

// The composition root: makes the parts, connects them and ends them in the order in which they depend on
// each other.
class Daemon {
 public:
  Daemon(const RunOptions& options, config::Config config, Surroundings& surroundings)
      : options_(options),
        config_(std::move(config)),
        surroundings_(surroundings),
        privilege_(surroundings.privilege),
        memory_(config_.store),
        outputs_(config_.outputs, privilege_, memory_.store(),
                 [this](const sink::Dispatcher::Told& told) { on_told(told); }),
        registry_(
            [this](const std::shared_ptr<const container::Snapshot>& snapshot) {
              monitor_.on_containers(snapshot);
            },
            {.defer = [this](std::function<void()> publish) { boost::asio::post(loop_, std::move(publish)); },
             .on_doubt = [this] { sources_->rescan_processes(); }}),
        monitor_(loop_, privilege_, remember(), settings_of(config_, generation_),
                 {.finding = [this](const model::Finding& finding) { return deliver(finding); },
                  .event = [this](const model::WriteEvent& event) { return outputs_.deliver(event); }},
                 [this](const std::string& why) { fail(why); }),
        control_(loop_, std::move(surroundings.control),
                 {{"containers", [this] { return report(); }}, {"status", [this] { return status(); }}}),
        signals_(loop_, SIGTERM, SIGINT, SIGHUP),
        config_watch_(loop_, options.config_file.value_or(config::default_file)) {
    open_sources();
    monitor_.set_on_unidentified([this] { sources_->rescan_processes(); });
    monitor_.set_on_starting(
        [this] { sources_->hunt_processes([this] { return monitor_.awaits_process(); }); });
  }

  int run() {
    signals_.add(SIGUSR1);
    await_signal();
    warn_of_expired(config_.policy);
    config_watch_.start([this] { reload(Asked::by_file); });
    // Marked first, asked who they are second: nothing that is written meanwhile is lost.
    monitor_.start();
    sources_->start();
    memory_.start(loop_);
    watchdog_.emplace(loop_, stall_looks(), surroundings_.stuck_status);
    if (const auto interval = ServiceManager::watchdog_interval()) heartbeat_.start(*interval / 2);
    watchdog_->run_loop();
    const auto lost = outputs_.finish();
    if (lost != 0) spdlog::error("{} lines could not be written", lost);
    memory_.finish(lost == 0 && status_ == 0);
    // A signal that comes twice, by a terminal and by the supervisor, must not end us before our own status.
    sys::block_signals();
    spdlog::info("ledger {} balanced={}", monitor_.ledger().text(), monitor_.ledger().is_balanced());
    return status_;
  }

  // `listener` is where metrics and health are asked for by HTTP.
  void serve_metrics(sys::Fd listener) {
    metrics_server_.emplace(
        loop_, std::move(listener),
        std::map<std::string, metrics::MakePage>{
            {"/metrics", [this] { return metrics(); }},
            {"/healthz", [this] { return make_health_page(monitor_.vital_signs(), true); }},
            {"/readyz", [this] { return make_health_page(monitor_.vital_signs(), is_ready_); }}});
  }

  // In a call that does not return: it refers to this, which must then not be destroyed.
  bool has_stuck_threads() const { return has_stuck_threads_; }

 private:
  enum class Asked { by_signal, by_file };

  void open_sources() {
    sources_ =
        std::make_unique<Sources>(loop_, privilege_, config_.runtimes, registry_, [this] { on_ready(); });
  }

  void on_ready() {
    // Not before the others have told what they know: a container that one of them takes over has not ended.
    registry_.retain_sources(sources_->names());
    registry_.publish_due();
    if (is_ready_) return;
    is_ready_ = true;
    monitor_.set_ready();
    tell_ready();
    service_manager_.ready(fmt::format("{} containers", registry_.snapshot()->count_running()));
    for (const auto& source : registry_.snapshot()->sources) {
      if (!source.problem.empty()) spdlog::info("{}: {}", source.name, source.problem);
    }
  }

  // A contract with scripts: printed whatever the log level, and once somebody reads, for whom the loop must
  // not wait.
  void tell_ready() {
    if (!sys::is_writable(STDERR_FILENO)) {
      ready_again_.expires_after(std::chrono::milliseconds{100});
      ready_again_.async_wait([this](const boost::system::error_code& error) {
        if (!error) tell_ready();
      });
      return;
    }
    std::fprintf(stderr, "ready containers=%zu marks=%zu\n", registry_.snapshot()->count_running(),
                 monitor_.marks());
  }

  store::Store* remember() {
    memory_.tell_unfinished(outputs_);
    return memory_.store();
  }

  // On the thread of an output.
  void on_told(const sink::Dispatcher::Told& told) {
    if (told.is_written) return memory_.set_told(told.id, told.revision);
    if (told.is_first) boost::asio::post(loop_, [this, id = told.id] { monitor_.on_untold(id); });
  }

  std::string report() {
    const monitor::UpperLayers upper_layers = monitor_.upper_layers();
    return format_containers(*registry_.snapshot(), monitor_.overlays(), &upper_layers, &monitor_.ledger(),
                             monitor_.sensors(), &monitor_.vital_signs());
  }

  std::vector<OwnProcess> processes() const {
    std::vector<OwnProcess> all;
    if (surroundings_.marker != nullptr) {
      all.push_back(read_own_process("supervisor", surroundings_.supervisor));
      all.push_back(read_own_process("marker", *surroundings_.marker));
    }
    all.push_back(read_own_process("monitor", ::getpid()));
    return all;
  }

  std::optional<ChannelFacts> channel() const {
    if (surroundings_.lanes == nullptr) return std::nullopt;
    const auto counts = surroundings_.lanes->counts();
    return ChannelFacts{.monitor_restarts = surroundings_.restarts,
                        .marker_restarts = counts.replacements,
                        .timeouts = counts.timeouts,
                        .interrupted = counts.interrupted};
  }

  std::string status() {
    const StatusFacts facts{.started = started_,
                            .uptime = std::chrono::duration_cast<std::chrono::seconds>(
                                std::chrono::steady_clock::now() - started_steady_),
                            .processes = processes(),
                            .channel = channel(),
                            .sandbox = sandbox::state(),
                            .refused = sandbox::refused_calls(),
                            .sensors = monitor_.sensors(),
                            .outputs = outputs_.states(),
                            .policy_generation = generation_,
                            .captures = monitor_.captures()};
    return format_status(facts, *registry_.snapshot(), monitor_.overlays(), monitor_.ledger());
  }

  monitor::Monitor::Delivery deliver(const model::Finding& finding) {
    tally_.count(finding, std::chrono::system_clock::now());
    return outputs_.deliver(finding);
  }

  metrics::Page metrics() {
    std::uint64_t refused = 0;
    for (const auto& call : sandbox::refused_calls()) refused += call.count;
    const MetricsFacts facts{.started = started_,
                             .is_ready = is_ready_,
                             .marks = monitor_.marks(),
                             .sensors = monitor_.sensors(),
                             .refused_calls = refused,
                             .outputs = outputs_.states(),
                             .policy_generation = generation_,
                             .open_findings = monitor_.open_findings(),
                             .most_open_findings = monitor_.most_open_findings(),
                             .scans = monitor_.scans(),
                             .captures = monitor_.captures()};
    return {.type = "text/plain; version=0.0.4; charset=utf-8",
            .body = format_metrics(facts, *registry_.snapshot(), monitor_.overlays(), monitor_.upper_layers(),
                                   monitor_.ledger(), monitor_.vital_signs(), tally_)};
  }

  void await_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      if (signal == SIGUSR1) {
        outputs_.reopen();
        return await_signal();
      }
      if (signal != SIGHUP || has_lost_terminal()) return stop();
      service_manager_.reloading();
      reload(Asked::by_signal);
      service_manager_.ready("configuration read again");
      await_signal();
    });
  }

  // A terminal that is closed sends SIGHUP, too: without this, `run` by hand would go on for ever, unseen.
  bool has_lost_terminal() const { return is_on_terminal_ && sys::has_hung_up(STDOUT_FILENO); }

  // All of it or nothing. A file that changes may be one of many in its directory, or still says the same.
  void reload(Asked asked) {
    try {
      config::Config config = load_config(options_, privilege_);
      if (asked == Asked::by_file && config == config_) return;
      // What it allows the marker is the supervisor's to know first.
      if (asked == Asked::by_file && surroundings_.ask_for_reload) return surroundings_.ask_for_reload();
      set_log_level(config.logging.level);
      if (config.control != config_.control) spdlog::warn("control.socket changes at the next start only");
      if (config.metrics != config_.metrics) spdlog::warn("metrics.listen changes at the next start only");
      if (config.store != config_.store) spdlog::warn("the keys of `store` change at the next start only");
      if (config.capture != config_.capture)
        spdlog::warn("the keys of `capture` change at the next start only");
      monitor_.reconfigure(settings_of(config, ++generation_));
      outputs_.open(config.outputs);
      const bool has_other_runtimes = config.runtimes != config_.runtimes;
      config_ = std::move(config);
      if (watchdog_) watchdog_->set_limit(stall_looks());
      if (has_other_runtimes) {
        sources_->stop();
        open_sources();
        sources_->start();
      }
      warn_of_expired(config_.policy);
      spdlog::info("configuration read again: policy generation={} exceptions={} rules={}", generation_,
                   config_.policy.exceptions.size(), config_.policy.rules.size());
    } catch (const config::ConfigError& error) {
      spdlog::error("{}\nthe old configuration stays, policy generation={}", error.what(), generation_);
    }
  }

  void fail(const std::string& why) {
    spdlog::critical("not monitoring any more: {}", why);
    status_ = 1;
    stop();
  }

  // The watchdog looks once a second.
  unsigned stall_looks() const {
    return static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(config_.watch.stall_after).count());
  }

  void stop() {
    if (std::exchange(is_stopping_, true)) return;
    service_manager_.stopping();
    if (watchdog_) watchdog_->expect_end();
    heartbeat_.stop();
    signals_.cancel();
    metrics_server_.reset();
    config_watch_.stop();
    sources_->stop();
    registry_.publish_due();
    monitor_.stop_sensors();
    end_when_all_is_known(std::chrono::steady_clock::now() + std::chrono::seconds(1));
  }

  // What was seen last may be the image's own, or told already: without origin and hash it would be a false
  // finding, or a second one.
  void end_when_all_is_known(std::chrono::steady_clock::time_point deadline) {
    constexpr auto pause = std::chrono::milliseconds(5);
    if (!monitor_.awaits_worker() || std::chrono::steady_clock::now() >= deadline) {
      has_stuck_threads_ = !monitor_.stop();
      loop_.stop();
      return;
    }
    end_.expires_after(pause);
    end_.async_wait([this, deadline](const boost::system::error_code& cancelled) {
      if (!cancelled) end_when_all_is_known(deadline);
    });
  }

  const RunOptions options_;
  const util::WallTime started_ = std::chrono::system_clock::now();
  const std::chrono::steady_clock::time_point started_steady_ = std::chrono::steady_clock::now();
  config::Config config_;
  std::uint64_t generation_ = 1;  // of what was read
  const Surroundings& surroundings_;
  privilege::Privilege& privilege_;
  boost::asio::io_context loop_{1};
  Memory memory_;
  Outputs outputs_;
  container::Registry registry_;
  monitor::Monitor monitor_;
  control::Server control_;
  std::unique_ptr<Sources> sources_;
  FindingTally tally_;
  std::optional<metrics::Server> metrics_server_;
  boost::asio::signal_set signals_;
  ConfigWatch config_watch_;
  const bool is_on_terminal_ = sys::terminal_columns(STDOUT_FILENO).has_value();
  boost::asio::steady_timer end_{loop_};
  boost::asio::steady_timer ready_again_{loop_};
  const ServiceManager service_manager_{};
  // Before systemd sees that nothing comes, the canary has been missed and said so.
  Heartbeat heartbeat_{loop_, [this] { return !may_be_blind(monitor_.vital_signs()); }};
  bool is_ready_ = false;
  bool is_stopping_ = false;
  bool has_stuck_threads_ = false;
  int status_ = 0;
  std::optional<Watchdog> watchdog_;  // ends first
};

}  // namespace

namespace {

int run_monitor(const RunOptions& options, Surroundings& surroundings) {
  config::Config config = load_config(options, surroundings.privilege);
  open_log(config.logging.level);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGUSR1, SIG_IGN);  // until the outputs are there to be opened anew
  std::signal(SIGIO, SIG_IGN);    // sys::is_open_for_write
  raise_descriptor_limit();
  try {
    auto daemon = std::make_unique<Daemon>(options, std::move(config), surroundings);
    if (surroundings.metrics) daemon->serve_metrics(std::move(surroundings.metrics));
    const int status = daemon->run();
    if (!daemon->has_stuck_threads()) return status;
    spdlog::warn("a thread is stuck in a call that does not return: it ends with the process");
    // Kept until then.
    [[maybe_unused]] static const Daemon* const kept = daemon.release();
    return status;
  } catch (const sys::SystemError& error) {
    spdlog::critical("cannot start: {}", monitor::explain(error.error()));
  } catch (const std::exception& error) {
    spdlog::critical("cannot go on: {}", error.what());
  }
  return 1;
}

}  // namespace

int run(const RunOptions& options) {
  return run_parts({.config_file = options.config_file, .is_service = true, .sandbox = options.sandbox},
                   [&](Surroundings& surroundings) { return run_monitor(options, surroundings); });
}

}  // namespace dropwarden::daemon
