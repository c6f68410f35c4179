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

}  // namespace

FileHasher::FileHasher(boost::asio::io_context& loop, privilege::Privilege& privilege, Overlays& overlays,
                       const config::Watch& settings, HashWorker::OnHash on_hash)
    : privilege_(privilege),
      overlays_(overlays),
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
      .serial = serial, .file = open_in_upperdir(facts, identity), .size = facts.size, .give_up = {}};
  if (!job.file && worker_.pinned() < max_pinned) {
    job.file = std::move(file);
    job.give_up = HashWorker::Clock::now() + pinned_budget;
  }
  if (job.file && worker_.submit(std::move(job))) return true;
  facts.sha256.status = model::HashStatus::gone;
  return false;
}

sys::Fd FileHasher::open_in_upperdir(const model::FileFacts& facts, const EventIdentity& identity) {
  const Overlay* overlay = overlays_.identify(identity);
  if (overlay == nullptr || overlay->layers.upperdir.empty() || facts.path_state != model::PathState::live)
    return {};
  auto file = privilege_.open_in_directory(overlay->layers.upperdir, facts.path);
  if (!file) return {};
  // The path may lead to another file there: a bind mount in the container, or a race. An overlay shows
  // size and times of the upper file as they are.
  const auto status = sys::read_status(file->number());
  const bool is_same = status && status->size == facts.size && status->changed == facts.changed &&
                       status->modified == facts.modified;
  return is_same ? std::move(*file) : sys::Fd{};
}

}  // namespace dropwarden::monitor
