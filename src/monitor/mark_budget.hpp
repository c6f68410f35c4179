// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <variant>

#include "dropwarden/model/ids.hpp"
#include "dropwarden/watch/marks.hpp"

namespace dropwarden::monitor {

// How many marks there may be beside those of overlays: of one container, which can make mounts, and
// namespaces with copies of them, without end; and of all, since the kernel has a limit for all groups of a
// user (fs.fanotify.max_user_marks), beyond which no new container could be marked at all. By what is really
// marked, whatever tables say. Pure.
class MarkBudget {
 public:
  struct Limits {
    std::size_t of_container = 256;
    // Of these, in other namespaces than its first process's, which any user of the container may make.
    std::size_t nested = 128;
    std::size_t of_all = 4096;
  };
  // Half of what the kernel lets all groups have; the rest is for overlays, and for others.
  static Limits within(std::size_t most_marks) { return {.of_all = most_marks / 2}; }

  explicit MarkBudget(const Limits& limits) : limits_(limits) {}
  MarkBudget(const MarkBudget&) = delete;
  MarkBudget& operator=(const MarkBudget&) = delete;

  // A mount, or a superblock that is marked whole.
  using Object = std::variant<model::MountId, model::Device>;

  // What the group has marked now. Of the others, which went by themselves, none is counted any more.
  void set_marked(const watch::Marks& marks);
  bool is_marked(const Object& object) const { return marked_.contains(object); }

  enum class Verdict { granted, beyond_container, beyond_all };
  // Whether it may be marked for this container, and counts it then. What is counted already, for whomever,
  // may be marked once more.
  Verdict take(const Object& object, const std::string& container, bool is_nested);

 private:
  struct Count {
    std::size_t all = 0;
    std::size_t nested = 0;
  };
  struct Holder {
    Count* count = nullptr;  // in `counts_`
    bool is_nested = false;
  };

  Limits limits_;
  std::unordered_set<Object> marked_;
  std::unordered_map<Object, Holder> held_;
  std::unordered_map<std::string, Count> counts_;  // by container
};

}  // namespace dropwarden::monitor
