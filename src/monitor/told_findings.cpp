// SPDX-License-Identifier: Apache-2.0
#include "told_findings.hpp"

#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>

namespace dropwarden::monitor {
namespace {

// A container can move a file as often as it likes. What is beyond is counted, and its row says where it is.
constexpr std::size_t max_appearances = 64;

bool is_same_appearance(const model::FileFacts& one, const model::FileFacts& other) {
  return one.path == other.path && one.path_state == other.path_state && one.mode == other.mode &&
         one.uid == other.uid && one.gid == other.gid && one.has_capabilities == other.has_capabilities;
}

std::size_t hash_of(const model::FileFacts& file) {
  std::string text = file.path;
  for (const std::uint64_t number :
       {std::uint64_t{static_cast<unsigned>(file.path_state)}, std::uint64_t{file.mode},
        std::uint64_t{file.uid}, std::uint64_t{file.gid},
        std::uint64_t{file.has_capabilities.value_or(false)}})
    text += '\0' + std::to_string(number);
  return std::hash<std::string_view>{}(text);
}

}  // namespace

bool ToldFindings::Told::is_news(const model::FileFacts& file) const {
  if (is_same_appearance(file, finding.event.file) || appearances.size() >= max_appearances) return false;
  if (has_older_name(file)) return false;
  const bool is_later = file.changed > finding.event.file.changed;
  return (is_later && file.links <= 1) || std::ranges::find(appearances, hash_of(file)) == appearances.end();
}

// A sensor reads the path of a file first and its other facts later, and another sensor may have come
// between, and the rename before that one. Of several names none is older than another.
bool ToldFindings::Told::has_older_name(const model::FileFacts& file) const {
  return file.links <= 1 && file.named_at < finding.event.file.named_at;
}

bool ToldFindings::Told::has_left(const model::FileFacts& file) const {
  if (has_older_name(file)) return true;
  if (file.changed != finding.event.file.changed) return file.changed < finding.event.file.changed;
  // An event names the path of its time, and the facts of the file are read later: with the ctime that was
  // told, a path that was told is one that the file has left.
  return file.links <= 1 && std::ranges::find(appearances, hash_of(file)) != appearances.end();
}

void ToldFindings::Told::confirm(const model::FileFacts& file) {
  auto& named_at = finding.event.file.named_at;
  if (is_same_appearance(file, finding.event.file)) named_at = std::max(named_at, file.named_at);
}

void ToldFindings::Told::move(const model::FileFacts& file) {
  copy_appearance(file, finding.event.file);
  appearances.push_back(hash_of(file));
}

void ToldFindings::add(const model::Finding& finding, std::string file_system) {
  if (Told* const known = find(finding.id)) {
    known->finding = finding;
    return;
  }
  told_.push_front({.finding = finding,
                    .file_system = std::move(file_system),
                    .appearances = {hash_of(finding.event.file)}});
  by_id_[finding.id] = told_.begin();
  if (told_.size() <= capacity_) return;
  by_id_.erase(told_.back().finding.id);
  told_.pop_back();
}

ToldFindings::Told* ToldFindings::find(const std::string& id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return nullptr;
  told_.splice(told_.begin(), told_, found->second);
  return &told_.front();
}

void copy_appearance(const model::FileFacts& from, model::FileFacts& to) {
  to.path = from.path;
  to.path_state = from.path_state;
  to.named_at = from.named_at;
  to.mode = from.mode;
  to.uid = from.uid;
  to.gid = from.gid;
  to.links = from.links;
  to.has_capabilities = from.has_capabilities;
  to.modified = from.modified;
  to.changed = from.changed;
  // It goes by the path.
  if (from.origin != model::Origin::unknown) to.origin = from.origin;
}

}  // namespace dropwarden::monitor
