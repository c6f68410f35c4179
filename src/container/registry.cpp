// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/container/registry.hpp"

#include <algorithm>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "dropwarden/container/process_source.hpp"

#include "merge.hpp"

namespace dropwarden::container {
namespace {

bool is_runtime(const std::string& source) {
  return source != ProcessSource::name;
}

}  // namespace

const model::Container* Snapshot::find(const model::ContainerId& id) const {
  const auto found = containers.find(id.value);
  return found == containers.end() ? nullptr : found->second.get();
}

std::size_t Snapshot::count_running() const {
  return static_cast<std::size_t>(std::ranges::count_if(containers, [](const auto& entry) {
    return entry.second->state != model::ContainerState::exited && !entry.second->is_sandbox;
  }));
}

Registry::Registry(OnChange on_change, RegistryOptions options)
    : on_change_(std::move(on_change)), options_(std::move(options)) {}

void Registry::on_list(const std::string& source, std::vector<model::Container> containers) {
  std::unordered_set<std::string> listed;
  bool has_changed = false;
  for (auto& container : containers) {
    listed.insert(container.id.value);
    has_changed |= claim(source, std::move(container));
  }
  for (auto& [id, entry] : entries_) {
    if (!listed.contains(id)) has_changed |= withdraw(source, entry);
  }
  publish_if(has_changed);
}

void Registry::on_container(const std::string& source, model::Container container) {
  publish_if(claim(source, std::move(container)));
}

void Registry::on_gone(const std::string& source, const model::ContainerId& id) {
  const auto found = entries_.find(id.value);
  publish_if(found != entries_.end() && withdraw(source, found->second));
}

void Registry::on_state(const SourceState& said) {
  const auto known = std::ranges::find(sources_, said.name, &SourceState::name);
  SourceState state = said;
  state.was_connected = said.is_connected || (known != sources_.end() && known->was_connected);
  // Said again is no news: a source may say so with each list, and who is told may ask for the next one.
  if (known != sources_.end() && *known == state) return;
  if (known == sources_.end()) {
    sources_.push_back(std::move(state));
  } else {
    *known = std::move(state);
  }
  publish_if(true);
}

void Registry::retain_sources(const std::vector<std::string>& names) {
  const auto is_dropped = [&](const SourceState& source) {
    return std::ranges::find(names, source.name) == names.end();
  };
  bool has_changed = false;
  for (const SourceState& source : sources_) {
    if (!is_dropped(source)) continue;
    for (auto& [id, entry] : entries_) withdraw(source.name, entry);
    has_changed = true;
  }
  std::erase_if(sources_, is_dropped);
  publish_if(has_changed);
}

void Registry::forget_ended() {
  publish_if(false);
}

bool Registry::claim(const std::string& source, model::Container container) {
  // An ID is the key of everything; one without is a mistake of the source that concerns no container.
  if (container.id.value.empty()) return false;
  auto& entry = entries_[container.id.value];
  // A look into /proc may have begun before that end, and what it saw may be somebody else by now.
  if (entry.is_over && !is_runtime(source)) return false;
  entry.ended.reset();
  const bool is_news = !entry.claims.contains(source);
  entry.claims[source] = {std::move(container), is_runtime(source), ++order_};
  return update(entry) || is_news;
}

bool Registry::withdraw(const std::string& source, Entry& entry) {
  if (entry.claims.erase(source) == 0) return false;
  if (entry.claims.empty()) entry.ended = options_.now();
  update(entry);
  const bool is_left_to_proc = entry.claims.size() == 1 && entry.claims.contains(ProcessSource::name);
  if (is_left_to_proc && options_.on_doubt) options_.on_doubt();
  return true;
}

bool Registry::update(Entry& entry) {
  std::vector<const Claim*> claims;
  for (const auto& [source, claim] : entry.claims) claims.push_back(&claim);
  std::ranges::sort(claims, std::ranges::greater{}, [](const Claim* claim) {
    return std::tuple(rank_of(claim->container.metadata), claim->is_told, claim->order);
  });

  model::Container merged;
  std::pair<bool, std::uint64_t>
      newest_state{};  // a runtime knows better than /proc, which is read in slices
  for (const Claim* claim : claims) {
    const auto& container = claim->container;
    merged.id = container.id;
    fill_gaps(merged, container);
    if (merged.init.value == 0) merged.init = container.init;
    const std::pair order(claim->is_told, claim->order);
    if (container.state != model::ContainerState::unknown && order > newest_state) {
      merged.state = container.state;
      newest_state = order;
    }
  }
  // What was known stays known, though the source that knew it has let go: an ID is never used again.
  merged.id = merged.id.value.empty() ? entry.merged->id : merged.id;
  fill_gaps(merged, *entry.merged);
  if (!claims.empty()) entry.is_over = merged.state == model::ContainerState::exited;
  if (claims.empty()) merged.state = model::ContainerState::exited;
  if (merged.state == model::ContainerState::exited) merged.init = {};
  // What /proc showed before goes with it, or the container would run again once the runtime forgets it.
  if (entry.is_over) entry.claims.erase(ProcessSource::name);

  if (merged == *entry.merged) return false;
  entry.merged = std::make_shared<const model::Container>(std::move(merged));
  return true;
}

bool Registry::drop_ended() {
  const auto now = options_.now();
  std::vector<std::pair<std::chrono::steady_clock::time_point, std::string>> ended;
  for (const auto& [id, entry] : entries_) {
    if (entry.ended) ended.emplace_back(*entry.ended, id);
  }
  std::ranges::sort(ended);
  const std::size_t too_many = ended.size() - std::min(ended.size(), options_.most_ended);
  bool has_dropped = false;
  for (std::size_t at = 0; at < ended.size(); ++at) {
    if (at >= too_many && ended[at].first + options_.keep_ended > now) break;
    entries_.erase(ended[at].second);
    has_dropped = true;
  }
  return has_dropped;
}

void Registry::publish_if(bool has_changed) {
  if (is_due_ || !(drop_ended() || has_changed)) return;
  if (!options_.defer) return publish();
  is_due_ = true;
  options_.defer([this] { publish_due(); });
}

void Registry::publish_due() {
  if (!std::exchange(is_due_, false)) return;
  drop_ended();
  publish();
}

void Registry::publish() {
  auto next = std::make_shared<Snapshot>();
  next->sources = sources_;
  next->containers.reserve(entries_.size());
  for (const auto& [id, entry] : entries_) {
    next->containers.emplace(id, entry.merged);
    const auto is_told = [](const auto& claim) { return is_runtime(claim.first); };
    if (std::ranges::any_of(entry.claims, is_told)) next->told.insert(id);
  }
  snapshot_ = std::move(next);
  if (on_change_) on_change_(snapshot_);
}

}  // namespace dropwarden::container
