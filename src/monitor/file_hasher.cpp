// SPDX-License-Identifier: Apache-2.0
#include "file_hasher.hpp"

#include <utility>

#include "dropwarden/attribute/hash.hpp"
#include "dropwarden/sys/file.hpp"

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

// A descriptor of an event keeps its container from being removed: containerd tries again for 2.5 s,
// umount(8) does not.
constexpr auto pinned_budget = 100ms;
constexpr int max_pinned = 8;
// Of one file system, tried one after the other.
constexpr int max_host_mounts = 4;

bool is_same_content(const sys::FileStatus& status, const model::FileFacts& facts) {
  return status.size == facts.size && status.changed == facts.changed && status.modified == facts.modified;
}

}  // namespace

FileHasher::FileHasher(boost::asio::io_context& loop, privilege::Privilege& privilege, WatchedMounts& mounts,
                       FindOnHost find_on_host, const config::Watch& settings, HashWorker::OnHash on_hash)
    : privilege_(privilege),
      mounts_(mounts),
      find_on_host_(std::move(find_on_host)),
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
  HashWorker::Job job{
      .serial = serial, .file = open_unpinned(facts, identity), .size = facts.size, .give_up = {}};
  if (!job.file && worker_.pinned() < max_pinned) {
    job.file = std::move(file);
    job.give_up = HashWorker::Clock::now() + pinned_budget;
  }
  if (job.file && worker_.submit(std::move(job))) return true;
  facts.sha256.status = model::HashStatus::gone;
  return false;
}

sys::Fd FileHasher::open_unpinned(const model::FileFacts& facts, const EventIdentity& identity) {
  const WatchedMount* mount = mounts_.identify(identity);
  if (mount == nullptr || facts.path_state != model::PathState::live) return {};
  if (!mount->is_overlay()) return open_on_host(facts, *mount);
  return mount->layers.upperdir.empty() ? sys::Fd{} : open_in_upperdir(facts, mount->layers.upperdir);
}

sys::Fd FileHasher::open_in_upperdir(const model::FileFacts& facts, const std::string& upperdir) {
  auto file = privilege_.open_in_directory(upperdir, facts.path);
  if (!file) return {};
  // The path may lead to another file there: a bind mount in the container, or a race. An overlay shows
  // size and times of the upper file as they are.
  const auto status = sys::read_status(file->number());
  return status && is_same_content(*status, facts) ? std::move(*file) : sys::Fd{};
}

sys::Fd FileHasher::open_on_host(const model::FileFacts& facts, const WatchedMount& mount) {
  int tries = 0;
  for (const mount::HostPath& place : find_on_host_(mount, facts.path)) {
    if (++tries > max_host_mounts) break;
    auto file = privilege_.open_in_directory(place.mount_point, place.relative);
    if (!file) continue;
    const auto status = sys::read_status(file->number());
    const bool is_same = status && status->inode == facts.inode &&
                         model::Device{status->device_major, status->device_minor} == facts.device &&
                         is_same_content(*status, facts);
    if (is_same) return std::move(*file);
  }
  return {};
}

}  // namespace dropwarden::monitor
