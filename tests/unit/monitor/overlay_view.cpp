// SPDX-License-Identifier: Apache-2.0
#include "monitor/overlay_view.hpp"

#include <cerrno>
#include <fcntl.h>
#include <functional>
#include <map>
#include <set>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/mount/table.hpp"
#include "dropwarden/sys/file.hpp"

#include "refusing_privilege.hpp"

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::IsEmpty;
using testing::Key;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr int few = 8;

// Shows each process a table, the host's if it has none of its own, and counts how often it is asked.
class CountingPrivilege final : public RefusingPrivilege {
 public:
  std::vector<privilege::ProcessTexts> read_processes(
      std::int32_t pid, const std::vector<privilege::ProcessFile>& files,
      const std::vector<privilege::ProcessFile>& of_ancestors) override {
    ++asked;
    std::this_thread::sleep_for(slowness);
    auto all = RefusingPrivilege::read_processes(pid, files, of_ancestors);
    for (std::size_t i = 0; i < files.size(); ++i) {
      if (files[i] == privilege::ProcessFile::cgroup) all[0].files[i] = "0::/\n";
      if (files[i] != privilege::ProcessFile::user_namespace) continue;
      if (!unreadable.contains(pid)) all[0].files[i] = users[pid];
    }
    return all;
  }
  sys::Result<std::string> read_process_mounts(std::int32_t pid) override {
    ++asked;
    std::this_thread::sleep_for(slowness);
    const auto own = tables.find(pid);
    return own == tables.end() ? "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n" : own->second;
  }

  std::optional<sys::Error> host_mounts_problem() override { return {}; }
  sys::Result<sys::Fd> open_in_directory(const std::string& directory, const std::string&) override {
    if (const auto failing = errors.find(directory); failing != errors.end())
      return std::unexpected(sys::Error{"open", directory, failing->second});
    const auto known = directories.find(directory);
    if (known == directories.end()) return std::unexpected(sys::Error{"open", directory, ENOENT});
    return sys::open_path(known->second, O_PATH | O_DIRECTORY);
  }

  // Upper directories of this host, and what they really are.
  std::map<std::string, std::string> directories;
  std::map<std::string, int> errors;  // of those that cannot be looked at
  std::map<std::int32_t, std::string> tables;
  std::map<std::int32_t, std::string> users;
  std::set<std::int32_t> unreadable;  // whose user namespace is
  std::chrono::milliseconds slowness{};
  int asked = 0;
};

std::string overlay(int device, const std::string& upperdir = "") {
  return "100 99 0:" + std::to_string(device) + " / / rw - overlay overlay rw,lowerdir=/l" +
         (upperdir.empty() ? "" : ",upperdir=" + upperdir) + "\n";
}

class OverlayViewTest : public testing::Test {
 protected:
  // A container of each of these first processes.
  void publish(int first, int last) {
    for (int pid = first; pid <= last; ++pid) tell(pid, model::ContainerState::unknown);
    view_.on_containers(std::make_shared<const container::Snapshot>(snapshot_), now_);
  }
  void tell(int pid, model::ContainerState state) {
    model::Container container;
    container.id = {"c" + std::to_string(pid)};
    container.init = {pid};
    container.state = state;
    auto& known = snapshot_.containers[container.id.value];
    if (known == nullptr || *known != container)
      known = std::make_shared<const model::Container>(std::move(container));
  }
  // How often the marker is asked by that.
  int count(const std::function<void()>& act) {
    const int before = privilege_.asked;
    act();
    return privilege_.asked - before;
  }
  void look_at_all() {
    while (view_.has_due(now_)) view_.look_again(now_);
  }
  // As the marker does a root that it has shown as this, and that writes to this directory.
  bool prove(int pid, const std::string& table, const char* upper = "/proc") {
    const auto directory = sys::value_or_throw(sys::open_path(upper, O_PATH | O_DIRECTORY));
    const auto status = sys::value_or_throw(sys::read_cached_status(directory.number()));
    return view_.prove(
        {pid}, mount::parse_mountinfo(table).at(0),
        model::Directory{.device = {status.device_major, status.device_minor}, .inode = status.inode}, now_);
  }
  std::vector<model::Device> seen() const {
    std::vector<model::Device> devices;
    for (const model::Mount* root : view_.roots()) devices.push_back(root->device);
    return devices;
  }

  CountingPrivilege privilege_;
  OverlayView view_{privilege_};
  container::Snapshot snapshot_;
  OverlayView::Clock::time_point now_{1h};
};

TEST_F(OverlayViewTest, FindsTheRootOfANewContainerAtTheNextLook) {
  privilege_.tables[7] = overlay(50);
  publish(7, 7);
  EXPECT_EQ(view_.next_look(), now_);
  EXPECT_TRUE(view_.look_again(now_));
  EXPECT_THAT(seen(), UnorderedElementsAre(model::Device{0, 50}));
  EXPECT_EQ(view_.next_look(), std::nullopt);
}

// As on a busy machine, where its runtime has taken seconds to pivot.
TEST_F(OverlayViewTest, LooksAtOnceAtWhoHadNoRootOfItsOwnForLongWhereSomebodyWaitsForIt) {
  publish(7, 7);
  while (*view_.next_look() <= now_ + 1s) {
    now_ = std::max(now_, *view_.next_look());
    view_.look_again(now_);
  }
  const auto rarely = *view_.next_look();
  privilege_.tables[7] = overlay(50);
  EXPECT_FALSE(view_.look_again(now_));
  EXPECT_TRUE(view_.hurry(now_));
  EXPECT_LT(*view_.next_look(), rarely);
  EXPECT_FALSE(view_.hurry(now_)) << "it is due";
  EXPECT_TRUE(view_.look_again(now_));
  EXPECT_THAT(seen(), UnorderedElementsAre(model::Device{0, 50}));
}

TEST_F(OverlayViewTest, LooksNeitherOftenNorLessLongForThoseWhoWait) {
  publish(7, 7);
  int looks = 0;
  for (const auto end = now_ + 60s; now_ < end; now_ += 20ms) {
    if (!view_.has_due(now_)) view_.hurry(now_);
    looks += count([&] { view_.look_again(now_); }) > 0 ? 1 : 0;
  }
  EXPECT_LT(looks, 100 + 60 * 5 + 20);
  EXPECT_NE(view_.next_look(), std::nullopt);
}

TEST_F(OverlayViewTest, AsksForFewProcessesInATurnHoweverManyContainersThereAre) {
  EXPECT_EQ(count([&] { publish(1, 1000); }), 0);
  EXPECT_EQ(count([&] { publish(1, 1000); }), 0) << "nothing is new";
  const int in_a_turn = count([&] { view_.look_again(now_); });
  EXPECT_GT(in_a_turn, 0);
  EXPECT_LE(in_a_turn, few);
}

TEST_F(OverlayViewTest, ComesToAllOfThemInTurn) {
  for (int pid = 1; pid <= 100; ++pid) privilege_.tables[pid] = overlay(pid);
  publish(1, 100);
  look_at_all();
  EXPECT_THAT(seen(), SizeIs(100));
}

// Those that have been looked at in vain come again and again.
TEST_F(OverlayViewTest, LetsNobodyWaitForWhoWasLookedAtAlready) {
  publish(1, 1000);
  look_at_all();
  privilege_.tables[2000] = overlay(50);
  publish(2000, 2000);
  view_.look_again(now_);
  EXPECT_THAT(seen(), SizeIs(1));
}

TEST_F(OverlayViewTest, LooksAgainUntilAProcessHasARootOfItsOwn) {
  publish(7, 7);
  EXPECT_FALSE(view_.look_again(now_));
  privilege_.tables[7] = overlay(50);
  now_ += 2ms;
  EXPECT_TRUE(view_.look_again(now_));
}

TEST_F(OverlayViewTest, LooksOnceMoreAtAContainerThatHasChanged) {
  publish(7, 7);
  for (int looks = 0; looks < 1000 && view_.next_look(); ++looks) {
    now_ = *view_.next_look();
    view_.look_again(now_);
  }
  ASSERT_EQ(view_.next_look(), std::nullopt) << "given up";
  tell(7, model::ContainerState::running);
  view_.on_containers(std::make_shared<const container::Snapshot>(snapshot_), now_);
  EXPECT_EQ(count([&] { look_at_all(); }), 1);
  EXPECT_EQ(view_.next_look(), std::nullopt);
}

TEST_F(OverlayViewTest, SaysOfARootThatNoMountOfTheHostShowsWhetherOthersMayHaveMountedIt) {
  view_.on_table(mount::parse_mountinfo("30 1 0:50 / /run/x/merged rw - overlay overlay rw,lowerdir=/l\n"));
  privilege_.users = {{7, "user:[2]"}, {8, "user:[2]"}};
  privilege_.tables = {{7, overlay(50)}, {8, overlay(51)}, {9, overlay(52)}};
  publish(7, 9);
  look_at_all();
  std::map<int, bool> of_others;
  for (const auto& [device, target] : view_.targets({})) of_others[device.minor] = target.is_of_other_users;
  EXPECT_THAT(of_others, UnorderedElementsAre(testing::Pair(50, false), testing::Pair(51, true),
                                              testing::Pair(52, false)));
}

// Of those of other users no lower layer is asked for anything: podman names many of them by descriptors.
TEST_F(OverlayViewTest, MindsTheLowerLayersOfNoOverlayOfOtherUsers) {
  view_.on_table(mount::parse_mountinfo("30 1 0:70 / /l rw - fuse.own own rw\n"));
  privilege_.users = {{7, "user:[2]"}};
  privilege_.directories = {{"/u", "/proc"}};
  privilege_.tables = {{7, overlay(50, "/u")}, {8, overlay(51)}};
  publish(7, 8);
  look_at_all();
  EXPECT_THAT(view_.targets({}), UnorderedElementsAre(Key(model::Device{0, 50})));
  EXPECT_TRUE(prove(7, overlay(50, "/u")));
}

TEST_F(OverlayViewTest, AsksForItsOwnUserNamespaceUntilItKnows) {
  for (int pid = 1; pid <= 4; ++pid) privilege_.tables[pid] = overlay(50 + pid);
  privilege_.unreadable = {::getpid()};
  publish(1, 2);
  EXPECT_EQ(count([&] { look_at_all(); }), 2 * 4);
  EXPECT_TRUE(view_.targets({}).at({0, 51}).is_of_other_users);
  privilege_.unreadable = {};
  publish(3, 4);
  EXPECT_EQ(count([&] { look_at_all(); }), 2 * 3 + 1);
  EXPECT_FALSE(view_.targets({}).at({0, 54}).is_of_other_users);
  now_ += 20ms;
  look_at_all();
  EXPECT_FALSE(view_.targets({}).at({0, 51}).is_of_other_users) << "what was not known is no answer";
  EXPECT_EQ(view_.next_look(), std::nullopt);
}

TEST_F(OverlayViewTest, NamesWhatTheMarkerHasRefusedAndGivesItUp) {
  privilege_.tables = {{7, overlay(50)}, {8, overlay(51)}};
  publish(7, 8);
  look_at_all();
  view_.refuse({7}, "a reason");
  EXPECT_THAT(view_.targets({}), UnorderedElementsAre(Key(model::Device{0, 51})));
  const auto foreign = view_.foreign({});
  ASSERT_THAT(foreign, SizeIs(1));
  EXPECT_EQ(foreign[0].reason, "a reason");
  EXPECT_EQ(foreign[0].container, "c7");
}

// Whatever else is not known yet: who names its upper directory meanwhile would take it over.
TEST_F(OverlayViewTest, KeepsAProofWhileItAsksForTheUserNamespaceAgain) {
  privilege_.directories = {{"/u", "/proc"}, {"/link/u", "/proc"}};
  privilege_.tables = {{7, overlay(50, "/u")}, {8, overlay(51, "/link/u")}};
  privilege_.unreadable = {7};
  publish(7, 7);
  look_at_all();
  ASSERT_TRUE(prove(7, overlay(50, "/u")));
  publish(8, 8);
  look_at_all();
  privilege_.errors["/u"] = EBUSY;
  privilege_.unreadable = {};
  now_ += 1s;
  look_at_all();
  EXPECT_THAT(view_.targets({}), UnorderedElementsAre(Key(model::Device{0, 50})));
  EXPECT_FALSE(view_.targets({}).at({0, 50}).is_of_other_users);
}

// What its options say of lower layers is its own word then.
TEST_F(OverlayViewTest, KnowsARootThatAProcessHasGoneToFromTheOneThatTheHostShows) {
  privilege_.tables = {{7, overlay(50)}, {8, overlay(51)}};
  publish(7, 8);
  look_at_all();
  const auto at_mount = [](const char* id) {
    return container::OverlayOwner{{id}, container::Evidence::mount_point};
  };
  const auto targets = view_.targets({{{0, 90}, at_mount("c7")}, {{0, 51}, at_mount("c8")}});
  EXPECT_TRUE(targets.at({0, 50}).is_of_its_making);
  EXPECT_FALSE(targets.at({0, 51}).is_of_its_making);
}

// In its options, which it may have written itself.
TEST_F(OverlayViewTest, TakesARootThatHasTheUpperDirectoryOfAnOverlayOfTheHostForForeign) {
  privilege_.directories = {{"/u", "/proc"}, {"/link/u", "/proc"}, {"/v", "/sys"}};
  privilege_.tables = {{7, overlay(50, "/link/u")}, {8, overlay(51, "/v")}};
  publish(7, 8);
  look_at_all();
  EXPECT_THAT(view_.targets({}), SizeIs(2));
  // Which may be mounted only then.
  view_.on_table(
      mount::parse_mountinfo("30 1 0:90 / /run/x/merged rw - overlay overlay rw,lowerdir=/l,upperdir=/u\n"));
  EXPECT_THAT(view_.targets({}), UnorderedElementsAre(Key(model::Device{0, 90}), Key(model::Device{0, 51})));
  const auto foreign = view_.foreign({});
  ASSERT_THAT(foreign, SizeIs(1));
  EXPECT_EQ(foreign[0].reason, "its upper directory is another container's");
  EXPECT_EQ(foreign[0].container, "c7");
}

// Else who names another one's would hide it.
TEST_F(OverlayViewTest, TakesNobodysWordForItsUpperDirectory) {
  privilege_.directories = {{"/u", "/proc"}, {"/link/u", "/proc"}};
  privilege_.tables = {{7, overlay(50, "/u")}, {8, overlay(51, "/link/u")}};
  for (const int pid : {7, 8}) {
    publish(pid, pid);
    look_at_all();
  }
  EXPECT_THAT(view_.targets({}), SizeIs(2));
  EXPECT_THAT(view_.foreign({}), IsEmpty());
}

TEST_F(OverlayViewTest, TakesARootThatHasTheUpperDirectoryOfAnotherRootForForeign) {
  privilege_.directories = {{"/u", "/proc"}, {"/link/u", "/proc"}};
  privilege_.tables = {{7, overlay(50, "/u")}, {8, overlay(51, "/link/u")}, {9, overlay(50, "/u")}};
  publish(7, 9);
  look_at_all();
  const auto later = view_.targets({}).at({0, 51});
  ASSERT_TRUE(prove(7, overlay(50, "/u")));
  EXPECT_THAT(view_.targets({}), UnorderedElementsAre(Key(model::Device{0, 50})));
  EXPECT_FALSE(view_.is_wanted(later, {}));
  const auto foreign = view_.foreign({});
  ASSERT_THAT(foreign, SizeIs(1));
  EXPECT_EQ(foreign[0].container, "c8") << "the one that came later; not another process on the same overlay";
  ASSERT_TRUE(prove(8, overlay(51, "/link/u")));
  EXPECT_THAT(view_.targets({}), SizeIs(2)) << "both have it";

  privilege_.tables[7] = overlay(60, "/link/u");
  view_.on_root("c7", {0, 60}, now_);
  look_at_all();
  EXPECT_THAT(view_.targets({}), Not(Contains(Key(model::Device{0, 60})))) << "what was proven is elsewhere";
}

// By a device number that is the next overlay's at once.
TEST_F(OverlayViewTest, BelievesNoProofOfAnotherRootThanItHasSeen) {
  privilege_.directories = {{"/u", "/proc"}, {"/of/its/own", "/sys"}};
  privilege_.tables = {{7, overlay(50, "/u")}, {8, overlay(51, "/u")}};
  publish(7, 8);
  look_at_all();
  privilege_.tables[7] = overlay(50, "/of/its/own");
  EXPECT_FALSE(prove(7, overlay(50, "/u")));
  EXPECT_THAT(view_.targets({}), UnorderedElementsAre(Key(model::Device{0, 51})));
  now_ = *view_.next_look();
  look_at_all();
  EXPECT_TRUE(prove(7, overlay(50, "/of/its/own"), "/sys"));
  EXPECT_THAT(view_.targets({}), SizeIs(2));
}

// By a link in a directory of a user's own, before the marker looked and after it.
TEST_F(OverlayViewTest, GoesByTheUpperDirectoryThatWasProvenAndNotByTheOneThatItSaw) {
  privilege_.directories = {{"/u", "/proc"}, {"/v", "/sys"}};
  privilege_.tables = {{7, overlay(50, "/v")}, {8, overlay(51, "/u")}};
  publish(7, 8);
  look_at_all();
  EXPECT_TRUE(prove(7, overlay(50, "/v"), "/"));
  EXPECT_TRUE(prove(8, overlay(51, "/u"), "/proc"));
  EXPECT_THAT(view_.targets({}), SizeIs(2)) << "the directory that it showed is kept from nobody";
  view_.on_table(
      mount::parse_mountinfo("30 1 0:90 / /run/x/merged rw - overlay overlay rw,lowerdir=/l,upperdir=/v\n"));
  EXPECT_THAT(view_.targets({}), SizeIs(3));
  EXPECT_FALSE(prove(8, overlay(51, "/u"), "/sys")) << "it is that of the host's";
  EXPECT_THAT(view_.targets({}), UnorderedElementsAre(Key(model::Device{0, 90}), Key(model::Device{0, 50})));
}

// pivot_root(2), into what it mounted itself or not.
TEST_F(OverlayViewTest, LooksAgainAtAProcessThatIsSeenOnAnotherRoot) {
  privilege_.directories = {{"/u", "/proc"}};
  privilege_.tables[7] = overlay(50, "/u");
  publish(7, 7);
  look_at_all();
  view_.on_root("c7", {0, 50}, now_);
  view_.on_root("unknown", {0, 51}, now_);
  EXPECT_EQ(view_.next_look(), std::nullopt) << "nothing new";

  privilege_.tables[7] = overlay(51, "/u");
  view_.on_root("c7", {0, 51}, now_);
  EXPECT_EQ(view_.next_look(), now_);
  EXPECT_TRUE(view_.look_again(now_));
  EXPECT_THAT(view_.targets({}), UnorderedElementsAre(Key(model::Device{0, 51})));

  privilege_.tables[7] = overlay(52, "/of/its/own");
  view_.on_root("c7", {0, 52}, now_);
  look_at_all();
  EXPECT_THAT(view_.targets({}), IsEmpty());
  ASSERT_THAT(view_.foreign({}), SizeIs(1));
  EXPECT_EQ(view_.foreign({})[0].mount->device, (model::Device{0, 52}));

  privilege_.tables[7] = overlay(50, "/u");
  view_.on_root("c7", {0, 50}, now_);
  look_at_all();
  EXPECT_THAT(view_.targets({}), UnorderedElementsAre(Key(model::Device{0, 50})))
      << "judged by what it is now";
}

TEST_F(OverlayViewTest, KeepsWhatTheMarkerHasRefusedWhereTheRootIsTheSame) {
  privilege_.tables[7] = overlay(50);
  publish(7, 7);
  look_at_all();
  view_.refuse({7}, "a reason");
  view_.on_root("c7", {0, 51}, now_);  // it is back by now
  look_at_all();
  EXPECT_THAT(view_.targets({}), IsEmpty());
}

TEST_F(OverlayViewTest, JudgesARootAgainWhoseLayersCouldNotBeLookedAt) {
  privilege_.directories = {{"/u", "/proc"}};
  privilege_.errors = {{"/u", ETIMEDOUT}};
  privilege_.tables[7] = overlay(50, "/u");
  publish(7, 7);
  look_at_all();
  EXPECT_THAT(view_.targets({}), IsEmpty());
  ASSERT_THAT(view_.foreign({}), SizeIs(1));
  EXPECT_TRUE(view_.foreign({})[0].may_change);
  EXPECT_FALSE(view_.hurry(now_)) << "it is known whose it is";

  int looks = 0;
  for (const auto end = now_ + 1h; *view_.next_look() < end; ++looks) {
    now_ = *view_.next_look();
    view_.look_again(now_);
  }
  EXPECT_GT(looks, 40);
  EXPECT_LT(looks, 80);
  EXPECT_FALSE(view_.foreign({})[0].may_change) << "no longer worth to wait for";
  privilege_.errors.clear();
  now_ = *view_.next_look();
  EXPECT_TRUE(view_.look_again(now_));
  EXPECT_THAT(view_.targets({}), UnorderedElementsAre(Key(model::Device{0, 50})));
  EXPECT_EQ(view_.next_look(), std::nullopt);
}

TEST_F(OverlayViewTest, JudgesAnOverlayOfTheHostAgainWhoseLayersCouldNotBeLookedAt) {
  privilege_.directories = {{"/u", "/proc"}};
  privilege_.errors = {{"/u", EBUSY}};
  view_.on_table(
      mount::parse_mountinfo("30 1 0:90 / /run/x/merged rw - overlay overlay rw,lowerdir=/l,upperdir=/u\n"));
  EXPECT_THAT(view_.targets({}), IsEmpty());
  ASSERT_TRUE(view_.next_look());
  EXPECT_FALSE(view_.look_again(now_));
  EXPECT_FALSE(view_.has_due(now_));
  privilege_.errors.clear();
  now_ = *view_.next_look();
  EXPECT_TRUE(view_.look_again(now_));
  EXPECT_THAT(view_.targets({}), UnorderedElementsAre(Key(model::Device{0, 90})));
  EXPECT_EQ(view_.next_look(), std::nullopt);
}

TEST_F(OverlayViewTest, AsksInPartsWhoOwnsAnOverlayWhereThatTakesLong) {
  view_.on_table(mount::parse_mountinfo("30 1 0:90 / /run/x/merged rw - overlay overlay rw,lowerdir=/l\n"));
  constexpr int all = 400;
  for (int pid = 1; pid <= all; ++pid) privilege_.tables[pid] = overlay(50);
  publish(1, all);
  look_at_all();
  EXPECT_EQ(count([&] { view_.told_owners(); }), 0);
  privilege_.slowness = 1ms;
  int asked = count([&] { EXPECT_THAT(view_.owners(), Contains(Key(model::Device{0, 50}))); });
  EXPECT_TRUE(view_.has_more_to_ask());
  EXPECT_LE(asked, 250) << "a millisecond each";
  privilege_.slowness = {};
  asked += count([&] { view_.owners(); });
  EXPECT_FALSE(view_.has_more_to_ask());
  EXPECT_EQ(asked, 2 * all) << "each once";
}

}  // namespace
}  // namespace dropwarden::monitor
