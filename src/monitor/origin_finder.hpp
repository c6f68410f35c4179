// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "dropwarden/config/config.hpp"
#include "dropwarden/layer/image.hpp"
#include "dropwarden/layer/origin.hpp"
#include "dropwarden/layer/readable_mounts.hpp"
#include "dropwarden/model/finding.hpp"
#include "dropwarden/monitor/watched_mounts.hpp"
#include "dropwarden/privilege/privilege.hpp"

#include "process_reader.hpp"
#include "worker.hpp"

namespace dropwarden::monitor {

// Asks the layers of an overlay whether a file is new, modified or the image's own: on a thread of its own,
// and for large files of equal size on a second one, so that they hold nobody up. Opens files through the
// layers on the host, which pin no container. Its members are for the loop's thread.
class OriginFinder {
 public:
  // Called on the loop. Without an origin where the file has changed since: then its hash may tell.
  using OnOrigin = std::function<void(std::uint64_t serial, std::optional<model::Origin> origin)>;
  OriginFinder(boost::asio::io_context& loop, privilege::Privilege& privilege, WatchedMounts& overlays,
               const config::Watch& settings, OnOrigin on_origin);

  // The mount table says which layers may be read. Before the first one, none.
  void on_table(const std::vector<model::Mount>& table);
  void reconfigure(const config::Watch& settings) { max_bytes_ = settings.compare_max_bytes; }

  // What it takes to look at the program of a process. Null when it lies on no container's overlay, or on one
  // that the container has mounted itself: exceptions rest on what is answered.
  ProcessReader::Layers layers_of(const model::ProcessInfo& process);
  // Those of the root file system that a file of this identity lies in. Null where it lies in none.
  ProcessReader::Layers layers_of(const EventIdentity& identity, model::Place place);

  // True when `on_origin` will be called; else the origin stays unknown: not on an overlay, or too many wait.
  // `is_path_certain` where the path is known to be that of the overlay; else the event's mount tells.
  bool find(const model::FileFacts& facts, const EventIdentity& identity, std::uint64_t serial,
            bool is_path_certain);

  auto& finder() { return finder_; }
  auto& comparer() { return comparer_; }

 private:
  struct Seen {
    std::uint64_t serial = 0;
    layer::SeenFile file;
  };
  // Files that lie beside one another.
  struct Job {
    std::vector<Seen> seen;
    std::shared_ptr<const model::OverlayLayers> layers;
    std::shared_ptr<const layer::ReadableMounts> mounts;
    layer::Budget budget;
  };
  struct LargeJob {
    std::uint64_t serial = 0;
    layer::Comparison comparison;
    layer::Budget budget;
  };

  bool is_beside_last(const Seen& seen, const std::shared_ptr<const model::OverlayLayers>& layers) const;
  void hand_over();
  void answer(std::uint64_t serial, layer::Answer origin);
  // `image` is the thread's own: the one looked in last, while there is more to do.
  void handle(const Job& job, std::unique_ptr<layer::Image>& image, Turn& turn);
  static std::size_t foresee(layer::Image& image, std::span<const Seen> seen);
  void look_up(const Seen& seen, layer::Image& image, const layer::Budget& budget, Turn& turn);
  std::shared_ptr<const model::OverlayLayers> share(const WatchedMount& overlay);

  boost::asio::io_context& loop_;
  privilege::Privilege& privilege_;
  WatchedMounts& overlays_;
  const OnOrigin on_origin_;
  std::uint64_t max_bytes_;
  std::shared_ptr<const layer::ReadableMounts> mounts_ = std::make_shared<const layer::ReadableMounts>();
  // Copied once, not for each file.
  std::unordered_map<model::Device, std::shared_ptr<const model::OverlayLayers>> shared_layers_;
  // What the loop has seen in this turn.
  std::vector<Job> gathered_;
  std::atomic<std::size_t> waiting_ = 0;  // files in all that is gathered, and that the thread has not begun
  Worker<LargeJob> comparer_;
  Worker<Job> finder_;  // gives to `comparer_`, and so ends before it
};

}  // namespace dropwarden::monitor
