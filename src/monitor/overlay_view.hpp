// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "dropwarden/container/overlay_owner.hpp"
#include "dropwarden/container/registry.hpp"
#include "dropwarden/model/mount.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/watch/plan.hpp"

#include "layer_judge.hpp"

namespace dropwarden::monitor {

// What the marker has proven of the root of a process.
inline std::optional<model::Directory> upper_of(const privilege::RootIdentity& identity) {
  if (!identity.upper) return std::nullopt;
  return model::Directory{.device = {identity.upper->device_major, identity.upper->device_minor},
                          .inode = identity.upper->inode};
}

// The overlays that are the root of a container, by two views that complete each other: the host's mount
// table, which shows an overlay before the container's first instruction, and the containers' processes,
// which reach those that the table does not show. Loop's thread only.
class OverlayView {
 public:
  explicit OverlayView(privilege::Privilege& privilege) : privilege_(privilege) {}

  using Clock = std::chrono::steady_clock;

  void on_table(const std::vector<model::Mount>& table);
  // Asks nobody: the process of a container that is new, or was told of anew, is due then.
  void on_containers(std::shared_ptr<const container::Snapshot> snapshot, Clock::time_point now);
  // The first process of this container has been seen on this overlay: where that is another one than was
  // known, since it may change its root at any time, it is due.
  void on_root(const std::string& container, const model::Device& device, Clock::time_point now);
  // Looks at the processes that are due, a few at a time and those first that wait the longest, and at layers
  // that could not be looked at before. True when one of the processes is in a root of its own by now, or one
  // of those overlays is judged.
  bool look_again(Clock::time_point now);
  // Makes due, each 200 ms at most, who is looked at rarely by now. True where there are such.
  bool hurry(Clock::time_point now);
  // Whether there is more to look at, or to judge again, by now.
  bool has_due(Clock::time_point now) const;
  // When to call that next.
  std::optional<Clock::time_point> next_look() const;

  // The process has ended.
  void forget(model::Pid init);
  // Whether a process of this container is known.
  bool has_process(const model::ContainerId& container) const { return roots_.contains(container.value); }

  // Whose first process that is; empty where that is not known.
  std::string container_of(model::Pid init) const;

  using Owners = std::unordered_map<model::Device, container::OverlayOwner>;

  // Each overlay once, reached through the host's table where it is there. Without those that are foreign.
  std::unordered_map<model::Device, watch::Target> targets(const Owners& owners) const;
  struct Foreign {
    const model::Mount* mount = nullptr;
    std::string reason;
    std::string container;  // whose root it is; empty where that is not known
    model::Pid init;
    bool may_change = false;  // its layers could not be looked at so far, and soon will be once more
  };
  // Overlays that no runtime told of and that a container may have mounted itself: in a volume that
  // propagates its mounts to the host, or as the root that its first process has gone to.
  std::vector<Foreign> foreign(const Owners& owners) const;
  // The marker has found out why the root of this process may be the container's own.
  void refuse(model::Pid init, std::string reason);
  // The marker has found the root of this process to be what the options of `mount` say, and to write to
  // `upper`. Only then does it keep others from having its upper directory: the options are the words of
  // whoever mounted it. False, and it is looked at again, where it is another one than was seen, so that
  // nobody knows which was found so; and false where it is foreign by what was found.
  bool prove(model::Pid init, const model::Mount& mount, std::optional<model::Directory> upper,
             Clock::time_point now);
  // Whether it is still one of `targets`, once others are proven.
  bool is_wanted(const watch::Target& target, const Owners& owners) const;
  // The mount of a target, null when there is no such target any more.
  const model::Mount* mount_of(const watch::Target& target) const;
  // By what is told, and by the roots of first processes, which are asked for 200 ms at most.
  Owners owners();
  // Whether that was not enough for all. The next call goes on with the others.
  bool has_more_to_ask() const { return has_more_to_ask_; }
  // All of them, after a look at all processes that are due: for who has nothing else to do.
  Owners look_for_owners(Clock::time_point now);
  // By what is told, and what was seen before: asks nobody.
  Owners told_owners() const;
  // Whether the container's first process had its root there when it was looked at last.
  bool was_seen_on(const model::ContainerId& container, const model::Device& device) const;
  // The mounts that containers see as their root.
  std::vector<const model::Mount*> roots() const;

 private:
  // The root of a container as its init sees it.
  struct Root {
    model::Pid init;
    std::shared_ptr<const model::Container> told{};  // what made it due last
    std::optional<model::Mount> mount{};             // nothing when it could not be read, or is no overlay
    std::string reason{};                          // why it may be the container's own; empty where it is not
    std::optional<LayerJudge::Directory> upper{};  // of one that no mount of the host shows
    bool is_proven = false;                        // that `upper` is its upper directory
    std::optional<model::Device> last{};           // of the overlay that was its root, whatever is by now
    bool has_moved = false;                        // it has had another such root
    std::optional<bool> is_its_own{};  // by the cgroup of the process, when that mount was seen first
    bool is_of_other_users = false;    // it may be another user namespace's
    int looks = 0;                     // that have shown no root of its own
    // How often its layers could not be looked at, or whose it is and in whose user namespace.
    int doubts = 0;
    std::optional<Clock::time_point> due{};
    std::uint64_t round = 0;               // in which it was asked what it owns
    std::optional<model::Device> owned{};  // what it answered then

    void enter(model::Mount root);
    void lose();
  };

  void look_at(const std::string& id, Root& root, Clock::time_point now);
  std::optional<bool> is_its_own(const std::string& id, model::Pid init) const;
  // Nothing where it cannot be read.
  std::optional<bool> is_of_other_users(model::Pid init);
  // Whether that is final.
  bool judge_hidden(Root& root) const;
  const Root* root_of(const watch::Target& target) const;
  std::optional<model::Device> seen_root(const model::Container& container) const;
  std::optional<model::Device> read_root_device(const std::string& id, model::Pid init) const;
  std::vector<container::OverlayClue> clues() const;

  privilege::Privilege& privilege_;
  struct HostOverlay {
    model::Mount mount;
    std::string upperdir{};
    std::string reason{};                          // as above
    std::optional<LayerJudge::Directory> upper{};  // its upper directory on this host
    int doubts = 0;                                // as above
    std::optional<Clock::time_point> due{};        // to be judged again
  };
  HostOverlay look_at(const model::Mount& mount) const;
  void judge(HostOverlay& overlay, Clock::time_point now) const;
  bool is_shown_by_host(const model::Device& device) const { return shown_by_host_.contains(device); }
  // Upper directories that others cannot have.
  struct Claims {
    std::set<LayerJudge::Directory> of_host;
    std::map<LayerJudge::Directory, std::set<model::Device>> of_roots;  // by the overlays that have them
  };
  Claims claims() const;
  static std::string why_foreign(const Root& root, const Claims& claims);

  std::vector<HostOverlay> host_overlays_;
  std::unordered_set<model::Device> shown_by_host_;
  LayerJudge judge_{privilege_};
  std::optional<model::Device> host_root_;
  std::optional<std::string> own_users_;         // our user namespace, once it could be read
  std::unordered_map<std::string, Root> roots_;  // by container ID
  Clock::time_point rested_{};                   // no look before
  Clock::time_point hurried_{};
  std::uint64_t round_ = 0;
  bool has_more_to_ask_ = false;
  std::shared_ptr<const container::Snapshot> snapshot_ = std::make_shared<const container::Snapshot>();
};

}  // namespace dropwarden::monitor
