// SPDX-License-Identifier: Apache-2.0
#include "file_hasher.hpp"

#include <utility>

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
                       const config::Watch& settings, HashWorker::OnHash on_hash)
    : mounts_(mounts),
      opener_(std::move(opener)),
      settings_(settings),
      worker_(loop, settings.hash_max_bytes, std::move(on_hash)) {}

bool FileHasher::hash(model::FileFacts& facts, const EventIdentity& identity, std::uint64_t serial,
                      sys::Fd file) {
  if (facts.size > settings_.hash_max_bytes) {
    facts.sha256.status = model::HashStatus::too_large;
    return false;
  }
  if (facts.size <= settings_.hash_inline_bytes) {
    facts.sha256 = attribute::hash_file(file.number(), facts.size, {.max_bytes = settings_.hash_max_bytes});
    return false;
  }
  HashWorker::Job job{.serial = serial, .file = {}, .size = facts.size, .give_up = {}};
  job.file = open_unpinned(facts, identity, job.is_later);
  if (!job.file && worker_.pinned() < max_pinned) {
    job.file = std::move(file);
    job.is_later = false;
    job.give_up = HashWorker::Clock::now() + pinned_budget;
  }
  if (job.file && worker_.submit(std::move(job))) return true;
  facts.sha256.status = model::HashStatus::gone;
  return false;
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
