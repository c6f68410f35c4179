// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "dropwarden/model/finding.hpp"
#include "dropwarden/monitor/overlays.hpp"

namespace dropwarden::monitor {

// What a finding still waits for. It is printed as soon as neither process, container nor origin is awaited.
struct Awaited {
  bool process = false;
  bool container = false;  // the id depends on it
  bool metadata = false;   // of the container
  bool hash = false;
  bool origin = false;       // whether it is a finding at all depends on it
  bool late_origin = false;  // the same once it is held back no longer

  bool first_revision() const { return process || container || origin; }
  bool anything() const { return process || container || metadata || hash || origin || late_origin; }
};

// Findings that are not final yet. Each goes out once as soon as its process, container and origin are known,
// and again, with the next revision, for what is learned later; at its deadline it is final with what there
// is. Loop's thread only.
class OpenFindings {
 public:
  using Clock = std::chrono::steady_clock;
  // Publishes one record, giving it its id. False when it is not wanted (a repeat of a known id, the image's
  // own content): the finding is dropped.
  using Publish = std::function<bool(model::Finding&, const EventIdentity&)>;
  // Fills in the container as known by now. Whether the container itself, and its metadata, are still
  // awaited.
  struct ContainerAwaited {
    bool container = false;
    bool metadata = false;

    friend bool operator==(const ContainerAwaited&, const ContainerAwaited&) = default;
  };
  using Resolve = std::function<ContainerAwaited(model::Finding&, const EventIdentity&)>;

  OpenFindings(Publish publish, Resolve resolve)
      : publish_(std::move(publish)), resolve_(std::move(resolve)) {}

  // Takes a new finding, of which `process`, `hash` and `origin` may be awaited.
  void add(std::uint64_t serial, model::Finding finding, const EventIdentity& identity, Awaited awaited,
           Clock::time_point now);
  void on_process(std::uint64_t serial, model::ProcessInfo process);
  void on_hash(std::uint64_t serial, model::Hash hash);
  void on_origin(std::uint64_t serial, model::Origin origin);
  // The containers or overlays changed.
  void on_containers();
  // Ends the waits whose time has come.
  void expire(Clock::time_point now);
  // Publishes all that is open as final: the daemon ends.
  void finish();

  // Who wrote the file that `serial` waits for; the caller may learn from it before `on_process`.
  const EventIdentity* identity_of(std::uint64_t serial) const;
  std::optional<Clock::time_point> next_deadline() const;
  // Whether a finding is held back because nobody has told whose it is.
  bool is_container_awaited() const;

 private:
  struct Open {
    model::Finding finding;
    EventIdentity identity;
    Awaited awaited;
    Clock::time_point process_deadline;
    Clock::time_point origin_deadline;
    Clock::time_point metadata_deadline;
    bool is_published = false;
  };
  using Iterator = std::map<std::uint64_t, Open>::iterator;
  // Looks for the container again. True when that brought news.
  bool resolve(Open& open);
  // Publishes when there is something to publish. The next finding.
  Iterator settle(Iterator at);

  Publish publish_;
  Resolve resolve_;
  std::map<std::uint64_t, Open> open_;
};

}  // namespace dropwarden::monitor
