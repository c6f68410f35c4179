// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "dropwarden/model/container.hpp"

#include "cri_event.hpp"
#include "cri_limits.hpp"
#include "cri_translate.hpp"

namespace dropwarden::container {

// A task as containerd's Tasks/List tells it.
struct ListedTask {
  model::ContainerId id;
  model::Pid pid;
  model::ContainerState state = model::ContainerState::unknown;
};

// The containers of one runtime, put together from its lists, its answers and its events, which overtake each
// other: an event that comes while a list is under way outranks the list. Pure: no I/O, no clock.
class CriBook {
 public:
  // Who answers now; all is forgotten when that is another than before. `has_cri`: whether the details of
  // what is in CRI's namespace can be asked for.
  void set_runtime(model::Runtime runtime, bool has_cri);

  // A round of listing begins: first this, then each list once, then `end_round`.
  void begin_round();
  void add_listed(const std::vector<CriContainer>& listed);
  void add_tasks(const std::string& name_space, const std::vector<ListedTask>& tasks);
  // Forgets what neither a list nor an event of this round told of. With `keep_tasks` only what CRI once
  // listed: the tasks could not be listed.
  void end_round(bool keep_tasks);

  // What an event changed. With `gone` the container is not in the book any more.
  enum class Change { none, updated, gone };
  Change apply(const TaskEvent& event);
  // An answer about one container; `none` when it has gone meanwhile.
  Change apply(const CriContainer& details);
  // CRI does not know it, so nobody will say more.
  Change give_up(const model::ContainerId& id);

  // Nothing when unknown. Valid until the next change.
  const model::Container* find(const model::ContainerId& id) const;
  // The details of this one are still to be asked for.
  bool is_incomplete(const model::ContainerId& id) const;
  std::vector<model::ContainerId> incomplete() const;
  std::vector<model::Container> all() const;

  // Containers were left out for want of room.
  bool is_full() const { return containers_.size() >= max_containers; }

 private:
  struct Entry {
    model::Container container;
    std::string name_space;  // of containerd
    bool is_listed = false;  // by CRI, so its absence from CRI's list means that it is gone
    unsigned round = 0;      // in which it was last told of
  };

  Entry* find_or_add(const model::ContainerId& id, std::string_view name_space);
  void complete_pod(CriContainer& container) const;
  bool can_ask(std::string_view name_space) const;

  model::Runtime runtime_ = model::Runtime::unknown;
  bool has_cri_ = false;
  unsigned round_ = 0;
  bool is_in_round_ = false;
  std::unordered_map<std::string, Entry> containers_;  // by id
  std::unordered_set<std::string>
      gone_;  // deleted in this round, so that a list from before does not bring them back
};

}  // namespace dropwarden::container
