// SPDX-License-Identifier: Apache-2.0
#include "file_hasher.hpp"

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "dropwarden/attribute/hash.hpp"
#include "dropwarden/layer/origin.hpp"
#include "dropwarden/sys/file.hpp"

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

// A descriptor of an event keeps its container from being removed: containerd tries again for 2.5 s,
// umount(8) does not.
constexpr auto pinned_budget = 100ms;
constexpr int max_pinned = 8;

bool may_have_same_content(const sys::FileStatus& status, const model::FileFacts& facts) {
  return status.size == facts.size && status.modified == facts.modified && status.changed >= facts.changed;
}

}  // namespace

FileHasher::FileHasher(boost::asio::io_context& loop, WatchedMounts& mounts, FileOpener opener,
                       const config::Watch& settings, HashWorker::OnHash on_hash, Captures captures)
    : mounts_(mounts),
      opener_(std::move(opener)),
      settings_(settings),
      captures_(captures),
      worker_(loop, std::move(on_hash)) {}

FileHasher::Hashing FileHasher::hash(model::FileFacts& facts, const EventIdentity& identity,
                                     std::uint64_t serial, sys::Fd file) {
  using model::CaptureStatus;
  const bool has_captures = captures_.room != nullptr;
  if (has_captures)
    facts.capture.status = is_wanted(facts) ? CaptureStatus::pending : CaptureStatus::too_large;
  if (facts.size > settings_.hash_max_bytes) {
    facts.sha256.status = model::HashStatus::too_large;
    if (has_captures) facts.capture.status = CaptureStatus::too_large;
    return {};
  }
  if (facts.size <= settings_.hash_inline_bytes) return hash_at_once(facts, identity, file);
  HashWorker::Job job{.serial = serial,
                      .file = {},
                      .size = facts.size,
                      .max_bytes = settings_.hash_max_bytes,
                      .give_up = {},
                      .place = {}};
  job.file = open_unpinned(facts, identity, job.is_later);
  if (!job.file && worker_.pinned() < max_pinned) {
    job.file = std::move(file);
    job.is_later = false;
    job.give_up = HashWorker::Clock::now() + pinned_budget;
  }
  if (is_wanted(facts))
    job.place = job.give_up ? captures_.room->take_bytes(facts.size) : captures_.room->take_file();
  if (job.file && worker_.submit(std::move(job))) return {.is_awaited = true};
  facts.sha256.status = model::HashStatus::gone;
  if (is_wanted(facts)) facts.capture.status = CaptureStatus::gone;
  return {};
}

bool FileHasher::is_wanted(const model::FileFacts& facts) const {
  return captures_.room != nullptr && facts.size <= captures_.max_file_bytes;
}

// The bytes are kept, since a dropper may remove its file in a moment; beyond what may be kept, the file.
FileHasher::Hashing FileHasher::hash_at_once(model::FileFacts& facts, const EventIdentity& identity,
                                             const sys::Fd& file) {
  const attribute::HashLimits limits{.max_bytes = settings_.hash_max_bytes};
  auto place = is_wanted(facts) ? captures_.room->take_bytes(facts.size) : std::nullopt;
  Hashing hashing;
  if (!place) {
    facts.sha256 = attribute::hash_file(file.number(), facts.size, limits);
    if (!is_wanted(facts)) return hashing;
    auto of_file = captures_.room->take_file();
    bool is_later = false;  // the copy is named by its own hash
    sys::Fd opened = of_file ? open_unpinned(facts, identity, is_later) : sys::Fd{};
    if (opened)
      hashing.evidence.emplace(std::move(*of_file), std::vector<std::byte>{}, std::move(opened), facts.size);
  } else {
    EvidenceBytes bytes(facts.size);
    facts.sha256 = attribute::hash_file(
        file.number(), facts.size, limits, {},
        [&bytes](std::uint64_t offset, std::span<const std::byte> chunk) { bytes.add(offset, chunk); });
    if (bytes.is_whole()) hashing.evidence.emplace(std::move(*place), bytes.take(), sys::Fd{}, facts.size);
  }
  if (!hashing.evidence) facts.capture.status = model::CaptureStatus::gone;
  return hashing;
}

sys::Fd FileHasher::open_unpinned(const model::FileFacts& facts, const EventIdentity& identity,
                                  bool& is_later) {
  const WatchedMount* mount = mounts_.identify(identity);
  if (mount == nullptr || facts.path_state != model::PathState::live) return {};
  const bool is_overlay = mount->is_overlay();
  return opener_.open(*mount, facts.path, [&](const sys::FileStatus& status) {
    const bool is_same_inode =
        is_overlay ? layer::is_inode_of(facts.inode, status)
                   : (status.inode == facts.inode &&
                      model::Device{status.device_major, status.device_minor} == facts.device);
    is_later = status.changed != facts.changed;
    // An overlay shows size and times of the upper file as they are, but not always its inode.
    const bool is_same_file = is_same_inode || (is_overlay && !is_later);
    return is_same_file && may_have_same_content(status, facts);
  });
}

}  // namespace dropwarden::monitor
