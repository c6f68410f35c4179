// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "dropwarden/model/finding.hpp"
#include "dropwarden/monitor/watched_mounts.hpp"

#include "evidence.hpp"

namespace dropwarden::monitor {

// What a finding still waits for. It is printed as soon as nothing of the first four is awaited, nor the hash
// where that comes first.
struct Awaited {
  bool process = false;
  bool container = false;  // the id depends on it
  bool metadata = false;   // of the container, where a consumer needs it in the first record
  bool origin = false;     // whether it is a finding at all depends on it
  bool hash = false;
  bool is_hash_first =
      false;  // the hash tells whether it is known already; for a while, of what was just written
  // Where the file changes while its origin is looked for, its hash may decide: nothing says that it was
  // written.
  bool may_hash_decide = false;
  bool late_metadata = false;  // the same once they hold it back no longer
  bool late_origin = false;

  bool first_revision() const {
    return process || container || metadata || origin || (hash && is_hash_first);
  }
  bool anything() const { return first_revision() || hash || late_metadata || late_origin; }

  friend bool operator==(const Awaited&, const Awaited&) = default;
};

// Who may still tell a container's metadata.
enum class MetadataFrom {
  nobody,   // it is complete, or there is no runtime
  knower,   // a runtime that knows the container and has told nothing more; another may still
  runtime,  // a runtime that answers, and has not told of the container yet
  away,     // a runtime that does not answer: it is being restarted, is stuck, or talks nonsense
};

// How long findings wait, and how many at once.
struct Patience {
  // For what the first record needs and no runtime has told yet: the container, and its metadata where
  // `is_metadata_needed`. Then the record goes out with what there is, the metadata `pending`.
  std::chrono::milliseconds metadata{2000};
  bool is_metadata_needed = false;
  // How long such a record is then completed by a further one. Every source lists all its containers again
  // within a minute; what none has told by then, none knows.
  std::chrono::milliseconds answer{90'000};
  // A runtime that is being upgraded or restarted is back in seconds, one that is stuck when somebody looks.
  std::chrono::milliseconds away{600'000};
  // Of some KiB each. Beyond, the oldest is final with what there is: it was printed, nothing of it is lost.
  std::size_t open = 4096;
};

// Findings that are not final yet. Each goes out once as soon as what its first record needs is known, and
// again, with the next revision, for what is learned later; at its deadline it is final with what there is.
// Loop's thread only.
class OpenFindings {
 public:
  using Clock = std::chrono::steady_clock;
  // Publishes one record, giving it its id. False when it is not wanted (a repeat of a known id, the image's
  // own content): the finding is dropped.
  using Publish = std::function<bool(model::Finding&, const EventIdentity&)>;
  // Fills in the container as known by now. Whether the container itself is still awaited, and who may tell
  // its metadata.
  struct ContainerAwaited {
    bool container = false;
    MetadataFrom metadata = MetadataFrom::nobody;
  };
  using Resolve = std::function<ContainerAwaited(model::Finding&, const EventIdentity&)>;
  // Looks for the origin again, with the hash. True when `on_origin` will be called.
  using FindAgain = std::function<bool(const model::Finding&, const EventIdentity&, std::uint64_t serial)>;

  // Begins a copy of the file. False when there will be none, else `on_capture` will be called.
  using Copy = std::function<bool(const model::Finding&, std::uint64_t serial, Evidence)>;

  OpenFindings(Publish publish, Resolve resolve, FindAgain find_again, Patience patience = {}, Copy copy = {})
      : publish_(std::move(publish)),
        resolve_(std::move(resolve)),
        find_again_(std::move(find_again)),
        copy_(std::move(copy)),
        patience_(patience) {}

  // For findings that come from now on.
  void reconfigure(Patience patience) { patience_ = patience; }

  // Takes a new finding, of which `process`, `hash` and `origin` may be awaited. A copy is made of
  // `evidence`, or of what comes with the hash, if the published record still says that one is pending.
  void add(std::uint64_t serial, model::Finding finding, const EventIdentity& identity, Awaited awaited,
           Clock::time_point now, std::optional<Evidence> evidence = {});
  void on_process(std::uint64_t serial, model::ProcessInfo process,
                  std::vector<std::string> image_programs = {});
  void on_hash(std::uint64_t serial, model::Hash hash, std::optional<Evidence> evidence = {});
  void on_capture(std::uint64_t serial, model::Capture capture);
  // Nothing where the file has changed since it was seen.
  void on_origin(std::uint64_t serial, std::optional<model::Origin> origin);
  // The containers or overlays changed.
  void on_containers(Clock::time_point now);
  // Ends the waits whose time has come, a bounded number of them: where more are due, `next_deadline` is not
  // after `now`.
  void expire(Clock::time_point now);
  // Publishes all that is open as final: the daemon ends.
  void finish();

  // Who wrote the file that `serial` waits for; the caller may learn from it before `on_process`.
  EventIdentity* identity_of(std::uint64_t serial);
  std::optional<Clock::time_point> next_deadline() const {
    return due_.empty() ? std::nullopt : std::optional(due_.begin()->first);
  }
  std::size_t size() const { return open_.size(); }
  // How many they were at once, so far.
  std::size_t highest() const { return highest_; }
  // Whether a worker still has something to say of one.
  bool awaits_worker() const;
  // Whether a finding is held back because nobody has told whose it is.
  bool is_container_awaited() const { return container_awaited_ > 0; }

 private:
  struct Open {
    model::Finding finding;
    EventIdentity identity;
    Awaited awaited;
    Clock::time_point process_deadline;
    Clock::time_point origin_deadline;
    Clock::time_point owner_deadline;
    Clock::time_point metadata_deadline;
    Clock::time_point answer_deadline;
    Clock::time_point away_deadline;
    MetadataFrom metadata_from = MetadataFrom::nobody;
    bool is_held_for_metadata = false;
    bool is_published = false;
    bool is_hash_to_decide = false;
    bool is_asked_again = false;
    std::optional<Evidence> evidence{};
    bool is_copy_awaited = false;
    // As the index below has them.
    std::optional<Clock::time_point> due{};
    bool is_container_counted = false;

    bool is_written() const { return finding.event.detected_by == model::Sensor::close_write; }
    // When late metadata is given up.
    Clock::time_point completion_deadline() const;
    // The next moment at which a wait of it ends.
    std::optional<Clock::time_point> next_deadline() const;
  };
  using Iterator = std::map<std::uint64_t, Open>::iterator;
  // Looks for the container again. True when that brought news.
  bool resolve(Open& open);
  void expire(Open& open, Clock::time_point now);
  // After a search without an answer. False when there will be none.
  bool find_again(std::uint64_t serial, Open& open);
  // Publishes when there is something to publish. The next finding.
  Iterator settle(Iterator at);
  // Begins the copy, or gives it up, by what the published record says. False when the record has to say
  // more.
  bool copy(Iterator at);
  // Publishes with what there is. The next finding.
  Iterator finalise(Iterator at);
  // Brings the index in step with what the finding waits for now; with nothing any more before it goes.
  void index(Iterator at);
  Iterator erase(Iterator at);

  Publish publish_;
  Resolve resolve_;
  FindAgain find_again_;
  Copy copy_;
  Patience patience_;
  std::map<std::uint64_t, Open> open_;
  // Asked after each event, and thousands may be open.
  std::set<std::pair<Clock::time_point, std::uint64_t>> due_;
  std::size_t container_awaited_ = 0;
  std::size_t highest_ = 0;
};

}  // namespace dropwarden::monitor
