// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/mount/table_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <unordered_set>
#include <utility>

#include "dropwarden/mount/table.hpp"
#include "dropwarden/sys/descriptor.hpp"
#include "dropwarden/sys/file.hpp"

namespace dropwarden::mount {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t max_table_bytes = std::size_t{64} << 20U;
// How long what numbers do not tell may wait.
constexpr auto longest_trust = 5s;
// A kernel without the calls, a filter that refuses them, or a table that changed meanwhile.
constexpr auto pause_of_doubt = 5s;

bool is_shared(const model::Mount& mount) {
  return std::ranges::any_of(mount.tags, [](const std::string& tag) { return tag.starts_with("shared:"); });
}

}  // namespace

TableReader::TableReader(privilege::Privilege& privilege)
    : calls_{.list = [&privilege] { return privilege.list_mounts(); },
             .read = [&privilege](const auto& numbers) { return privilege.read_mounts(numbers); }} {}

sys::Result<TableReader::Table> TableReader::read(int mountinfo, Clock::time_point now) {
  const bool is_due = due_ && *due_ <= now;
  if (!is_following_ || is_due || !follow(now)) return read_whole(mountinfo, now);
  is_news_ = true;
  return table();
}

sys::Result<TableReader::Table> TableReader::read_whole(int mountinfo, Clock::time_point now) {
  due_.reset();
  is_news_ = true;
  const auto rewound = sys::rewind(mountinfo);
  auto text =
      rewound ? sys::read_file(mountinfo, max_table_bytes, "mountinfo") : std::unexpected(rewound.error());
  if (!text) {
    is_following_ = false;
    return std::unexpected(std::move(text.error()));
  }
  Table whole = parse_mountinfo(*text);
  is_news_ = !is_following_ || table() != whole;
  if (is_news_) begin(whole, now);
  // The same, and what is long in it is there once.
  return is_following_ ? table() : whole;
}

// False where it has to be read whole: the numbers are the same, so something else has changed, or they are
// not told.
bool TableReader::follow(Clock::time_point now) {
  auto numbers = calls_.list();
  is_following_ = numbers.has_value();
  if (!numbers) return false;
  const std::unordered_set<std::uint64_t> are_there(numbers->begin(), numbers->end());
  std::vector<std::uint64_t> come;
  std::ranges::copy_if(*numbers, std::back_inserter(come),
                       [this](std::uint64_t number) { return !mounts_.contains(number); });
  const std::size_t gone =
      std::erase_if(mounts_, [&](const auto& entry) { return !are_there.contains(entry.first); });
  if (come.empty() && gone == 0) return false;
  numbers_ = std::move(*numbers);
  if (!due_) due_ = now + longest_trust;
  is_following_ = read_all(come) && read_all(find_changed_below(come));
  return is_following_;
}

// On what is shared each mount is shared (mount_namespaces(7)): by that it shows that what it lies on has
// become so, which decides who else has the new mount.
std::vector<std::uint64_t> TableReader::find_changed_below(std::span<const std::uint64_t> come) const {
  std::vector<std::uint64_t> changed;
  for (const std::uint64_t number : come) {
    const auto mount = mounts_.find(number);
    if (mount == mounts_.end()) continue;
    const auto below = mounts_.find(mount->second.parent);
    if (below == mounts_.end() || is_shared(mount->second.mount) == is_shared(below->second.mount)) continue;
    if (std::ranges::find(changed, below->first) == changed.end()) changed.push_back(below->first);
  }
  return changed;
}

// Both ways have to say the same of all mounts, or there is something that we, or this kernel, do not know.
void TableReader::begin(const Table& whole, Clock::time_point now) {
  is_following_ = false;
  mounts_.clear();
  if (!calls_.list || now < next_try_) return;
  next_try_ = now + pause_of_doubt;
  auto numbers = calls_.list();
  if (!numbers) return;
  numbers_ = std::move(*numbers);
  is_following_ = read_all(numbers_) && table() == whole;
  if (is_following_) next_try_ = {};
}

bool TableReader::read_all(std::span<const std::uint64_t> numbers) {
  while (!numbers.empty()) {
    const auto some = numbers.first(std::min(numbers.size(), privilege::Privilege::max_mounts_at_once));
    numbers = numbers.subspan(some.size());
    const auto answers = calls_.read({some.begin(), some.end()});
    if (answers.size() != some.size()) return false;
    for (std::size_t i = 0; i < some.size(); ++i) {
      // Gone since it was listed, of which we are told.
      if (!answers[i] && answers[i].error().number == ENOENT) {
        mounts_.erase(some[i]);
        continue;
      }
      auto mount = answers[i] ? decode_statmount(*answers[i]) : std::nullopt;
      if (!mount || mount->number != some[i]) return false;
      mounts_.insert_or_assign(some[i], std::move(*mount));
    }
  }
  return true;
}

TableReader::Table TableReader::table() const {
  Table table;
  table.reserve(numbers_.size());
  for (const std::uint64_t number : numbers_) {
    const auto known = mounts_.find(number);
    if (known != mounts_.end()) table.push_back(known->second.mount);
  }
  return table;
}

}  // namespace dropwarden::mount
