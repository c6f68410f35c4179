// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/privilege/channel.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <future>
#include <poll.h>
#include <semaphore>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "dropwarden/sys/file.hpp"

#include "support/wait.hpp"
#include "unit/monitor/refusing_privilege.hpp"

namespace dropwarden::privilege {
namespace {

using namespace std::chrono_literals;

struct Ends {
  std::vector<sys::Fd> asking;
  std::vector<sys::Fd> answering;
};

Ends open_lanes(std::size_t count) {
  Ends ends;
  for (std::size_t i = 0; i < count; ++i) {
    auto [one, other] = open_lane();
    ends.asking.push_back(std::move(one));
    ends.answering.push_back(std::move(other));
  }
  return ends;
}

// A marker in a thread, done by the process itself.
class Marker {
 public:
  explicit Marker(std::vector<sys::Fd> lanes)
      : thread_([lanes = std::move(lanes), this]() mutable { serve(std::move(lanes), *direct_); }) {}

 private:
  std::unique_ptr<Privilege> direct_ = make_direct();
  std::jthread thread_;
};

TEST(Channel, AnswersAsThePrivilegeBehindIt) {
  auto ends = open_lanes(2);
  const Marker marker(std::move(ends.answering));
  Lanes lanes(std::move(ends.asking));
  const auto remote = make_remote(lanes);
  const auto direct = make_direct();
  EXPECT_EQ(remote->sees_all_processes(), direct->sees_all_processes());
  EXPECT_EQ(remote->read_process_file(::getpid(), ProcessFile::exe).value(),
            direct->read_process_file(::getpid(), ProcessFile::exe).value());
  EXPECT_EQ(remote->read_process_file(-1, ProcessFile::stat).error().number, ENOENT);
  EXPECT_EQ(remote->open_layer("relative").error().number, EINVAL);
}

TEST(Channel, HandsOverWhatItHasOpenedAndTakesWhatItIsLent) {
  auto ends = open_lanes(1);
  const Marker marker(std::move(ends.answering));
  Lanes lanes(std::move(ends.asking));
  const auto remote = make_remote(lanes);
  const auto directory = remote->open_layer("/proc/self");
  ASSERT_TRUE(directory);
  const auto entry = remote->open_entry(directory->number(), "status");
  ASSERT_TRUE(entry) << entry.error().text();
  const auto file = remote->open_regular_file(entry->number());
  ASSERT_TRUE(file) << file.error().text();
  EXPECT_NE(::fcntl(file->number(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_TRUE(sys::read_file(file->number(), 65536, "status")->starts_with("Name:"));
}

TEST(Channel, AnswersForSeveralProcessesAndTreesAtOnce) {
  auto ends = open_lanes(1);
  const Marker marker(std::move(ends.answering));
  Lanes lanes(std::move(ends.asking));
  const auto remote = make_remote(lanes);
  const std::vector files{ProcessFile::stat, ProcessFile::cgroup};
  const auto processes = remote->read_processes(::getpid(), files, files);
  ASSERT_GE(processes.size(), 2U);
  EXPECT_EQ(processes[0].pid, ::getpid());
  EXPECT_EQ(processes[1].pid, ::getppid());
  const auto top = remote->open_layer("/");
  ASSERT_TRUE(top);
  const auto mount = sys::read_mount_id(top->number()).value();
  const auto trees = remote->open_trees({{"/", mount}, {"/nowhere", mount}, {"/", mount + 1}},
                                        {"etc", "none"}, AttributeSpace::user);
  ASSERT_EQ(trees.size(), 3U);
  ASSERT_TRUE(trees[0]);
  EXPECT_EQ(trees[0]->way.size(), 2U);
  EXPECT_EQ(trees[1].error().number, ENOENT);
  EXPECT_TRUE(trees[2] && trees[2]->way.empty());
}

TEST(Channel, IsForManyThreadsAtOnce) {
  auto ends = open_lanes(3);
  const Marker marker(std::move(ends.answering));
  Lanes lanes(std::move(ends.asking));
  const auto remote = make_remote(lanes);
  const auto wanted = make_direct()->read_process_file(1, ProcessFile::cgroup).value();
  std::vector<std::jthread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 200; ++n)
        right += remote->read_process_file(1, ProcessFile::cgroup).value_or("") == wanted;
    });
  }
  threads.clear();
  EXPECT_EQ(right, 1600);
}

// Answers nobody before it is told to, as a file system that hangs.
class Hanging : public monitor::RefusingPrivilege {
 public:
  sys::Result<std::string> read_process_mounts(std::int32_t) override {
    ++inside;
    go_on.acquire();
    --inside;
    return "answered";
  }

  std::atomic<std::size_t> inside = 0;
  std::counting_semaphore<> go_on{0};
};

// What bounds the processor time of the marker when somebody who owns the monitor asks without end: he may
// send the next question before the last one is answered, which `Lanes` does not.
TEST(Channel, ServesTwelveQuestionsAtOnceHoweverManyWereSent) {
  EXPECT_EQ(lane_count, 12U);
  auto ends = open_lanes(lane_count);
  const auto duplicates = [](const std::vector<sys::Fd>& all) {
    std::vector<sys::Fd> copies;
    for (const sys::Fd& fd : all) copies.emplace_back(::fcntl(fd.number(), F_DUPFD_CLOEXEC, 0));
    return copies;
  };
  const auto answering = duplicates(ends.answering);
  auto asking = duplicates(ends.asking);
  Hanging hanging;
  std::jthread marker([&] { serve(std::move(ends.answering), hanging); });
  Lanes first(std::move(ends.asking), {.answer = 60s, .replacement = 1s}, {});
  const auto remote = make_remote(first);
  Lanes second(std::move(asking), {.answer = 60s, .replacement = 1s}, {});
  const auto remote_too = make_remote(second);

  std::atomic<std::size_t> answered = 0;
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < 2 * lane_count; ++i) {
    threads.emplace_back([&, asked = i % 2 == 0 ? remote.get() : remote_too.get()] {
      answered += asked->read_process_mounts(1).value_or("") == "answered";
    });
  }
  const auto are_more_waiting = [&] {
    return std::ranges::all_of(answering, [](const sys::Fd& lane) {
      struct pollfd polled{lane.number(), POLLIN, 0};
      return ::poll(&polled, 1, 0) == 1;
    });
  };
  EXPECT_TRUE(test::wait_for([&] { return hanging.inside == lane_count && are_more_waiting(); }, 10s))
      << hanging.inside;
  hanging.go_on.release(2 * lane_count);
  threads.clear();
  EXPECT_EQ(answered, 2 * lane_count);
  first.replace({});
  second.replace({});
}

TEST(Channel, GivesUpOnAnAnswerThatDoesNotComeAndSaysSoWhenAllAreOverdue) {
  auto ends = open_lanes(2);
  std::atomic<int> stuck = 0;
  // Nobody reads the answering ends.
  Lanes lanes(std::move(ends.asking), {.answer = 50ms, .replacement = 50ms}, [&] { ++stuck; });
  EXPECT_THROW(make_remote(lanes), sys::SystemError);
  EXPECT_EQ(stuck, 0);
  EXPECT_THROW(make_remote(lanes), sys::SystemError);
  EXPECT_EQ(stuck, 1);
  EXPECT_EQ(lanes.counts().timeouts, 2U);
  // What was asked is answered late: the lanes are free again.
  const Marker marker(std::move(ends.answering));
  EXPECT_TRUE(test::wait_for(
      [&] {
        try {
          return make_remote(lanes) != nullptr;
        } catch (const sys::SystemError&) {
          return false;
        }
      },
      10s));
  lanes.replace({});
}

TEST(Channel, SaysThatTheMarkerIsStuckWhenNothingWasAnsweredThreeTimesInARow) {
  auto ends = open_lanes(lane_count);
  std::atomic<int> stuck = 0;
  Lanes lanes(std::move(ends.asking), {.answer = 20ms, .replacement = 20ms}, [&] { ++stuck; });
  for (unsigned i = 0; i < most_overdue; ++i) {
    EXPECT_EQ(stuck, 0);
    EXPECT_THROW(make_remote(lanes), sys::SystemError);
  }
  EXPECT_EQ(stuck, 1);
}

TEST(Channel, AsksTheNextMarkerWhatTheFirstLeftUnanswered) {
  auto first = open_lanes(2);
  auto second = open_lanes(2);
  std::optional<Marker> marker(std::in_place, std::move(second.answering));
  Lanes lanes(std::move(first.asking), {.answer = 10s, .replacement = 10s}, {});
  auto asked = std::async(std::launch::async, [&] { return make_remote(lanes)->sees_all_processes(); });
  std::this_thread::sleep_for(20ms);
  first.answering.clear();  // the first marker dies
  std::this_thread::sleep_for(20ms);
  lanes.replace(std::move(second.asking));
  EXPECT_EQ(asked.get(), make_direct()->sees_all_processes());
  EXPECT_EQ(lanes.counts().replacements, 1U);
  EXPECT_GE(lanes.counts().interrupted, 1U);
  lanes.replace({});
}

TEST(Channel, TellsThatAnotherMarkerKeepsNothingOfWhatTheFirstHad) {
  auto first = open_lanes(1);
  auto second = open_lanes(1);
  const Marker one(std::move(first.answering));
  const Marker other(std::move(second.answering));
  Lanes lanes(std::move(first.asking));
  const auto remote = make_remote(lanes);
  const auto before = remote->generation();
  EXPECT_EQ(remote->generation(), before);
  lanes.replace(std::move(second.asking));
  EXPECT_NE(remote->generation(), before);
  lanes.replace({});
}

}  // namespace
}  // namespace dropwarden::privilege
