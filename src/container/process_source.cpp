// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/container/process_source.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "dropwarden/sys/clock.hpp"

#include "process_hunt.hpp"

namespace dropwarden::container {
namespace {

model::Container container_of(const ProcessGroup& group) {
  model::Container container;
  container.id = group.owner.id;
  container.runtime = group.owner.runtime;
  container.state = model::ContainerState::running;
  container.init = group.init;
  if (!group.owner.pod_uid.empty()) {
    container.pod.emplace();
    container.pod->uid = group.owner.pod_uid;
  }
  return container;
}

std::string problem_of(const ProcessScan& scan) {
  if (!scan.is_complete()) return "more processes or containers than are looked at";
  if (!scan.last_error()) return {};
  return std::to_string(scan.unreadable()) + " processes cannot be looked at: " + scan.last_error()->text();
}

}  // namespace

// Kept alive by what is posted to the loop, so that the source may go before.
struct ProcessSource::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& the_loop, ProcessReader the_reader, Observer& the_observer,
        ProcessSourceOptions the_options)
      : loop(the_loop),
        timer(the_loop),
        hunting(the_loop),
        reader(std::move(the_reader)),
        observer(the_observer),
        options(std::move(the_options)),
        next_look(options.rescan_after.size()) {}

  void look() {
    if (is_stopped || scan) return;
    scan.emplace(reader, options.limits, &told);
    take_turn();
  }

  void take_turn() {
    if (is_stopped) return;
    const auto more = scan->step(options.processes_per_turn);
    if (more && *more) {
      boost::asio::post(loop, [self = shared_from_this()] { self->take_turn(); });
      return;
    }
    const ProcessScan done = std::move(*scan);
    scan.reset();
    report(done, more ? std::nullopt : std::optional(more.error()));
  }

  void report(const ProcessScan& done, const std::optional<sys::Error>& error) {
    const std::string problem = error ? error->text() : problem_of(done);
    observer.on_state({.name = name, .is_connected = !error, .version = {}, .problem = problem});
    // A list that could not be had is not an empty one.
    if (error) return;
    std::vector<model::Container> containers;
    told.clear();
    for (const auto& group : done.groups()) {
      containers.push_back(container_of(group));
      told.emplace(group.owner.id.value, group);
    }
    observer.on_list(name, std::move(containers));
  }

  // Sets the timer for the look at `next_look`.
  void schedule() {
    if (is_stopped || next_look >= options.rescan_after.size()) return;
    const auto before = next_look == 0 ? std::chrono::milliseconds{} : options.rescan_after[next_look - 1];
    timer.expires_after(options.rescan_after[next_look] - before);
    timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (error || self->is_stopped) return;
      ++self->next_look;
      self->look();
      self->schedule();
    });
  }

  void hunt_on() {
    if (is_stopped) return;
    if (!is_wanted()) return prey.reset();
    const auto start = sys::read_thread_time();
    if (const auto found = prey->look()) {
      for (const ProcessGroup& group : *found) tell(group);
      forget_ended();
    }
    constexpr int share = 10;
    const std::chrono::nanoseconds pause = (sys::read_thread_time() - start) * share;
    hunting.expires_after(std::max<std::chrono::nanoseconds>(options.hunt_every, pause));
    hunting.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (!error) self->hunt_on();
    });
  }

  void tell(const ProcessGroup& group) {
    told.insert_or_assign(group.owner.id.value, group);
    // Else the list that follows from one under way would take it back.
    if (scan) scan->add(group.init);
    observer.on_container(name, container_of(group));
  }

  // With the first process of a pid namespace all in it have ended (pid_namespaces(7)). What a hunt has told
  // must not wait for the next scan, which may never come: hunts alone would make it more and more.
  void forget_ended() {
    std::vector<model::ContainerId> ended;
    for (const auto& [id, group] : told) {
      if (group.is_first && !prey->has_seen(group.init)) ended.push_back({id});
    }
    for (const model::ContainerId& id : ended) {
      told.erase(id.value);
      observer.on_gone(name, id);
    }
  }

  boost::asio::io_context& loop;
  boost::asio::steady_timer timer;
  boost::asio::steady_timer hunting;
  ProcessReader reader;
  Observer& observer;
  ProcessSourceOptions options;
  std::size_t next_look;            // of options.rescan_after
  ProcessGroups told;               // by the last scan, and since then by hunts
  std::optional<ProcessScan> scan;  // under way
  std::optional<ProcessHunt> prey;  // likewise
  std::function<bool()> is_wanted;
  bool is_stopped = false;
};

ProcessSource::ProcessSource(boost::asio::io_context& loop, ProcessReader reader, Observer& observer,
                             ProcessSourceOptions options)
    : state_(std::make_shared<State>(loop, std::move(reader), observer, std::move(options))) {}

ProcessSource::~ProcessSource() {
  stop();
}

void ProcessSource::start() {
  boost::asio::post(state_->loop, [state = state_] { state->look(); });
}

void ProcessSource::stop() {
  state_->is_stopped = true;
  state_->timer.cancel();
  state_->hunting.cancel();
}

void ProcessSource::hunt(std::function<bool()> is_wanted) {
  if (state_->prey || state_->is_stopped) return;
  state_->is_wanted = std::move(is_wanted);
  state_->prey.emplace(state_->reader, state_->told);
  boost::asio::post(state_->loop, [state = state_] { state->hunt_on(); });
}

void ProcessSource::rescan() {
  // The first look is still to come: a storm of calls must not put it off for ever.
  if (state_->next_look == 0) return;
  state_->next_look = 0;
  state_->schedule();
}

}  // namespace dropwarden::container
