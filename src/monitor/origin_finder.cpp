// SPDX-License-Identifier: Apache-2.0
#include "origin_finder.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include <boost/asio/post.hpp>

#include "dropwarden/attribute/hash.hpp"
#include "dropwarden/layer/path.hpp"

// Owns descriptors of files in layers on the host while it compares them. Must not own one of an event, nor
// keep one of a layer when there is nothing to do: a layer can be a mount of its own that is to be removed.
namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

// `chown -R` over an image gives an event a file, as fast as they can be copied up.
constexpr std::size_t capacity = 8192;
// Each holds two descriptors.
constexpr std::size_t large_capacity = 256;
// Compared at once: some 0.2 ms from the page cache.
constexpr std::uint64_t quick_bytes = std::uint64_t{1} << 20U;
constexpr auto max_time = 5s;

// The most files of one question: an image of seven layers lets so many be asked for at once.
constexpr std::size_t most_beside = 16;

std::string_view directory_of(std::string_view path) {
  return path.substr(0, path.rfind('/') + 1);
}

std::string digest_of(int fd, std::uint64_t size) {
  return attribute::hash_file(fd, size, {.max_bytes = size, .max_time = max_time}).value;
}

}  // namespace

OriginFinder::OriginFinder(boost::asio::io_context& loop, privilege::Privilege& privilege,
                           WatchedMounts& overlays, const config::Watch& settings, OnOrigin on_origin)
    : loop_(loop),
      privilege_(privilege),
      overlays_(overlays),
      on_origin_(std::move(on_origin)),
      max_bytes_(settings.compare_max_bytes),
      comparer_(large_capacity,
                [this](LargeJob job, Turn& turn) {
                  answer(job.serial, layer::compare(job.comparison, job.budget, turn.stop()));
                }),
      finder_(capacity, [this] {
        return [this, image = std::make_shared<std::unique_ptr<layer::Image>>()](const Job& job, Turn& turn) {
          handle(job, *image, turn);
        };
      }) {}

void OriginFinder::on_table(const std::vector<model::Mount>& table) {
  mounts_ = std::make_shared<const layer::ReadableMounts>(table);
  shared_layers_.clear();
}

ProcessReader::Layers OriginFinder::layers_of(const model::ProcessInfo& process) {
  const WatchedMount* const overlay = process.exe_file ? overlays_.find(process.exe_file->device) : nullptr;
  if (overlay == nullptr || overlay->is_of_its_making) return {};
  return {.layers = share(*overlay), .mounts = mounts_};
}

ProcessReader::Layers OriginFinder::layers_of(const EventIdentity& identity, model::Place place) {
  const WatchedMount* const overlay = overlays_.identify(identity);
  if (overlay == nullptr || !overlay->is_overlay() || place != model::Place::rootfs) return {};
  if (overlay->is_of_its_making) return {};
  return {.layers = share(*overlay), .mounts = mounts_};
}

bool OriginFinder::find(const model::FileFacts& facts, const EventIdentity& identity, std::uint64_t serial,
                        bool is_path_certain) {
  const WatchedMount* overlay = overlays_.identify(identity);
  // A volume is no part of an image.
  if (overlay == nullptr || !overlay->is_overlay() || facts.place != model::Place::rootfs) return false;
  if (waiting_ >= capacity) return false;
  Seen seen{.serial = serial,
            .file = {.facts = facts,
                     .is_path_certain =
                         is_path_certain || overlays_.is_root_mount(identity.mount, overlay->device)}};
  auto layers = share(*overlay);
  if (gathered_.empty()) boost::asio::post(loop_, [this] { hand_over(); });
  if (!is_beside_last(seen, layers))
    gathered_.push_back({.seen = {},
                         .layers = std::move(layers),
                         .mounts = mounts_,
                         .budget = {.max_bytes = max_bytes_, .max_time = max_time}});
  gathered_.back().seen.push_back(std::move(seen));
  ++waiting_;
  return true;
}

bool OriginFinder::is_beside_last(const Seen& seen,
                                  const std::shared_ptr<const model::OverlayLayers>& layers) const {
  if (gathered_.empty() || gathered_.back().layers != layers || gathered_.back().seen.size() == most_beside)
    return false;
  const auto& last = gathered_.back().seen.back().file;
  return directory_of(last.facts.path) == directory_of(seen.file.facts.path);
}

// Of a burst, a turn of the loop sees many files: to wake the thread for each took longer than to look one up
// that it comes to by itself, and so does a question for each that lies beside others.
void OriginFinder::hand_over() {
  for (Job& job : std::exchange(gathered_, {})) {
    std::vector<std::uint64_t> serials;
    std::ranges::transform(job.seen, std::back_inserter(serials), &Seen::serial);
    if (finder_.submit(std::move(job))) continue;
    waiting_ -= serials.size();
    for (const std::uint64_t serial : serials) on_origin_(serial, model::Origin::unknown);
  }
}

std::size_t OriginFinder::foresee(layer::Image& image, std::span<const Seen> seen) {
  layer::Path directory;
  std::vector<std::string> names;
  for (const Seen& one : seen) {
    auto path = layer::parse_path(one.file.facts.path);
    if (!path || path->empty()) return 0;
    names.push_back(std::move(path->back()));
    path->pop_back();
    directory = std::move(*path);
  }
  return image.foresee(directory, std::move(names));
}

void OriginFinder::handle(const Job& job, std::unique_ptr<layer::Image>& image, Turn& turn) {
  waiting_ -= job.seen.size();
  if (!image || !image->is_of(job.layers)) {
    image = std::make_unique<layer::Image>(privilege_, job.layers, job.mounts);
  }
  std::size_t foreseen = 0;
  for (std::size_t i = 0; i < job.seen.size() && !turn.is_stopped(); ++i) {
    // From the second of them on the image is at their directory, if it was not before.
    if (foreseen == 0) foreseen = foresee(*image, std::span(job.seen).subspan(i));
    if (foreseen > 0) --foreseen;
    look_up(job.seen[i], *image, job.budget, turn);
    turn.step();
  }
  if (finder_.waiting() == 0) image.reset();
}

void OriginFinder::look_up(const Seen& seen, layer::Image& image, const layer::Budget& budget, Turn& turn) {
  auto found = layer::find_origin(privilege_, image, seen.file, digest_of);
  if (const auto* known = std::get_if<layer::Answer>(&found)) return answer(seen.serial, *known);
  auto& comparison = std::get<layer::Comparison>(found);
  if (comparison.seen.size <= quick_bytes) {
    return answer(seen.serial, layer::compare(comparison, budget, turn.stop()));
  }
  LargeJob large{.serial = seen.serial, .comparison = std::move(comparison), .budget = budget};
  if (!comparer_.submit(std::move(large))) answer(seen.serial, model::Origin::unknown);
}

void OriginFinder::answer(std::uint64_t serial, layer::Answer origin) {
  boost::asio::post(loop_, [this, serial, origin] { on_origin_(serial, origin); });
}

std::shared_ptr<const model::OverlayLayers> OriginFinder::share(const WatchedMount& overlay) {
  auto& shared = shared_layers_[overlay.device];
  if (!shared || *shared != overlay.layers)
    shared = std::make_shared<const model::OverlayLayers>(overlay.layers);
  return shared;
}

}  // namespace dropwarden::monitor
