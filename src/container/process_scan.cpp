// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/container/process_scan.hpp"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <system_error>
#include <tuple>
#include <utility>

#include "dropwarden/sys/proc_stat.hpp"
#include "dropwarden/util/text.hpp"

#include "process_text.hpp"

namespace dropwarden::container {
namespace {

using privilege::ProcessFile;

// Depth of a process that is not the first of any pid namespace.
constexpr std::size_t not_first = std::numeric_limits<std::size_t>::max();

}  // namespace

sys::Result<std::vector<model::Pid>> list_processes(privilege::Privilege& privilege) {
  const auto numbers = privilege.list_processes();
  if (!numbers) return std::unexpected(numbers.error());
  std::vector<model::Pid> pids;
  pids.reserve(numbers->size());
  for (const std::int32_t number : *numbers) pids.push_back({number});
  return pids;
}

ProcessScan::ProcessScan(ProcessReader reader, ScanLimits limits, const ProcessGroups* told)
    : reader_(std::move(reader)), limits_(limits), told_(told) {}

sys::Result<bool> ProcessScan::step(std::size_t count) {
  if (!is_listed_) {
    auto pids = reader_.list();
    if (!pids) return std::unexpected(std::move(pids.error()));
    is_listed_ = true;
    pids_ = std::move(*pids);
    if (pids_.size() > limits_.processes) {
      pids_.resize(limits_.processes);
      is_complete_ = false;
    }
    if (const auto text = read({1}, ProcessFile::cgroup)) enclosing_ = parse_process_owners(*text);
  }
  for (; count > 0 && next_ < pids_.size(); --count) look_at(pids_[next_++]);
  return next_ < pids_.size();
}

void ProcessScan::add(model::Pid pid) {
  if (is_listed_) pids_.push_back(pid);
}

std::vector<ProcessGroup> ProcessScan::groups() const {
  std::vector<ProcessGroup> found;
  found.reserve(groups_.size());
  for (const auto& [id, group] : groups_)
    found.push_back({group.owner, group.init, group.depth != not_first});
  return found;
}

std::optional<std::string> ProcessScan::read(model::Pid pid, ProcessFile file) {
  auto text = reader_.read(pid, file);
  if (text) return std::move(*text);
  if (text.error().number != ENOENT && text.error().number != ESRCH) {
    ++unreadable_;
    last_error_ = std::move(text.error());
  }
  return std::nullopt;
}

std::optional<std::uint64_t> ProcessScan::read_start_time(model::Pid pid) {
  const auto text = read(pid, ProcessFile::stat);
  return text ? sys::parse_start_time(*text) : std::nullopt;
}

void ProcessScan::look_at(model::Pid pid) {
  const auto cgroup = read(pid, ProcessFile::cgroup);
  if (!cgroup) return;
  auto owner = trusted_owner(parse_process_owners(*cgroup), enclosing_);
  if (!owner) return;
  const auto known = groups_.find(owner->id.value);
  if (known == groups_.end() && groups_.size() >= limits_.containers) {
    is_complete_ = false;
    return;
  }
  const auto status = read(pid, ProcessFile::status);
  if (!status) return;
  const auto pids = parse_namespace_pids(*status);
  const bool is_first = pids && pids->innermost == 1 && pids->depth > 1;
  std::string id = owner->id.value;
  Group candidate{.owner = std::move(*owner),
                  .init = pid,
                  .depth = is_first ? pids->depth : not_first,
                  .start_time = std::nullopt};
  if (known == groups_.end()) {
    groups_.emplace(std::move(id), std::move(candidate));
  } else if (is_better(candidate, known->second)) {
    known->second = std::move(candidate);
  }
}

// In the cgroup of this group.
const ProcessGroup* ProcessScan::find_told(const Group& group) const {
  if (told_ == nullptr) return nullptr;
  const auto told = told_->find(group.owner.id.value);
  return told != told_->end() && told->second.owner.path == group.owner.path ? &told->second : nullptr;
}

std::optional<bool> ProcessScan::is_older_cgroup(const CgroupOwner& candidate,
                                                 const CgroupOwner& known) const {
  if (!reader_.cgroup_id) return std::nullopt;
  const auto candidates = reader_.cgroup_id(candidate.path);
  const auto other = reader_.cgroup_id(known.path);
  return candidates && other ? std::optional(*candidates < *other) : std::nullopt;
}

bool ProcessScan::is_better(Group& candidate, Group& known) {
  if (candidate.owner.is_users != known.owner.is_users) return known.owner.is_users;
  const ProcessGroup* const told_there = find_told(candidate);
  const ProcessGroup* const told_here = find_told(known);
  const bool is_same_cgroup = candidate.owner.path == known.owner.path;
  if (!is_same_cgroup && (told_there != nullptr || told_here != nullptr)) return told_there != nullptr;
  if (!is_same_cgroup) {
    if (const auto is_older = is_older_cgroup(candidate.owner, known.owner)) return *is_older;
  }
  if (candidate.depth != known.depth) return candidate.depth < known.depth;
  if (told_here != nullptr && told_here->init == known.init) return false;
  if (told_there != nullptr && told_there->init == candidate.init) return true;
  return is_earlier(candidate, known);
}

bool ProcessScan::is_earlier(Group& candidate, Group& known) {
  for (Group* group : {&candidate, &known}) {
    if (!group->start_time) group->start_time = read_start_time(group->init);
  }
  // One that has ended meanwhile is no init.
  if (!candidate.start_time || !known.start_time) return candidate.start_time.has_value();
  // Two can start within a tick; a parent then has the lower number, unless the numbers wrapped.
  return std::tuple(*candidate.start_time, candidate.init) < std::tuple(*known.start_time, known.init);
}

}  // namespace dropwarden::container
