// SPDX-License-Identifier: Apache-2.0
#include "privilege/lender.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <climits>
#include <gtest/gtest.h>

#include "dropwarden/privilege/channel.hpp"
#include "dropwarden/sys/pidfd.hpp"

#include "privilege/message.hpp"
#include "support/child.hpp"
#include "support/hoarder.hpp"
#include "support/other_user.hpp"

namespace dropwarden::privilege {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// The marker's end, where that process is introduced.
sys::Fd introduction_of(pid_t process) {
  auto [own, its] = open_introduction();
  sys::value_or_throw(introduce(own.number(), sys::value_or_throw(sys::open_pidfd(process))));
  return std::move(its);
}

Incoming received(Outgoing message) {
  return {.bytes = std::move(message.bytes), .descriptors = {}};
}

// Why what is lent by these numbers is not had; 0 when it is.
int refusal_of(Lender& lender, std::vector<int> numbers, Clock::time_point until = Clock::now() + 1h) {
  const auto whole =
      lender.complete(received(tell_numbers({.bytes = "x", .descriptors = std::move(numbers)}, until)));
  return whole ? 0 : whole.error().number;
}

std::ptrdiff_t count_descriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

ino_t inode_of(int descriptor) {
  struct stat status{};
  return ::fstat(descriptor, &status) == 0 ? status.st_ino : 0;
}

TEST(Lender, HandsOverWhatIsOpenUnderTheNumbersInTheirOrder) {
  Lender lender(introduction_of(::getpid()));
  const sys::Fd one(::open("/", O_PATH | O_CLOEXEC));
  const sys::Fd other(::open("/proc", O_PATH | O_CLOEXEC));
  for (int i = 0; i < 2; ++i) {
    const auto whole = lender.complete(received(
        tell_numbers({.bytes = "bytes", .descriptors = {other.number(), one.number()}}, Clock::now() + 1h)));
    ASSERT_TRUE(whole) << whole.error().text();
    EXPECT_EQ(whole->bytes, "bytes");
    ASSERT_EQ(whole->descriptors.size(), 2U);
    EXPECT_NE(whole->descriptors[1].number(), one.number());
    EXPECT_EQ(inode_of(whole->descriptors[0].number()), inode_of(other.number()));
    EXPECT_EQ(inode_of(whole->descriptors[1].number()), inode_of(one.number()));
    EXPECT_NE(::fcntl(whole->descriptors[0].number(), F_GETFD) & FD_CLOEXEC, 0);
  }
}

TEST(Lender, LeavesEveryOtherRequestAsItIs) {
  Lender lender({});
  Incoming request{.bytes = std::string("\0\0ab", 4), .descriptors = {}};
  request.descriptors.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const auto whole = lender.complete(std::move(request));
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->bytes, std::string("\0\0ab", 4));
  EXPECT_EQ(whole->descriptors.size(), 1U);
  EXPECT_EQ(lender.complete({.bytes = "\xff", .descriptors = {}})->bytes, "\xff");
}

TEST(Lender, HasNothingUnderNumbersThatAreNotOpenAndKeepsNothing) {
  Lender lender(introduction_of(::getpid()));
  EXPECT_EQ(refusal_of(lender, {STDIN_FILENO}), 0);
  const auto before = count_descriptors();
  for (const int number : {-1, INT_MIN, INT_MAX, 1'000'000})
    EXPECT_EQ(refusal_of(lender, {STDIN_FILENO, number}), EBADF) << number;
  EXPECT_EQ(count_descriptors(), before);
}

TEST(Lender, HasNothingThatMayBeSomethingElseByNow) {
  Lender lender(introduction_of(::getpid()));
  EXPECT_EQ(refusal_of(lender, {STDIN_FILENO}, Clock::now()), ETIMEDOUT);
}

TEST(Lender, HasNothingOfAProcessThatHasEndedOrIsNotKnown) {
  test::Child child([](test::Line& line) { line.hear(); });
  Lender ended(introduction_of(child.pid()));
  child.line().tell();
  ASSERT_TRUE(child.wait());
  EXPECT_EQ(refusal_of(ended, {STDIN_FILENO}), ESRCH);
  Lender nobody({});
  EXPECT_EQ(refusal_of(nobody, {STDIN_FILENO}), EBADF);
  Lender never_introduced(open_introduction().second);
  EXPECT_EQ(refusal_of(never_introduced, {STDIN_FILENO}), EBADF);
}

TEST(Lender, RefusesWhatIsMalformed) {
  Lender lender(introduction_of(::getpid()));
  EXPECT_EQ(refusal_of(lender, std::vector<int>(max_descriptors, STDIN_FILENO)), 0);
  EXPECT_EQ(refusal_of(lender, std::vector<int>(max_descriptors + 1, STDIN_FILENO)), EPROTO);
  EXPECT_EQ(refusal_of(lender, {}), EPROTO);
  const auto good = tell_numbers({.bytes = "x", .descriptors = {STDIN_FILENO}}, Clock::now() + 1h);
  for (std::size_t length = 2; length < good.bytes.size(); ++length) {
    const auto cut = lender.complete({.bytes = good.bytes.substr(0, length), .descriptors = {}});
    ASSERT_FALSE(cut) << length;
    EXPECT_EQ(cut.error().number, EPROTO) << length;
  }
  EXPECT_FALSE(lender.complete({.bytes = good.bytes + "y", .descriptors = {}}));
  Incoming with_descriptor = received(good);
  with_descriptor.descriptors.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_FALSE(lender.complete(std::move(with_descriptor))) << "a descriptor beside the numbers";
}

// Asks, as another user, for what takes descriptors: the errno of the first answer, 0 when both are right.
int ask_with_descriptors(Lanes& lanes) {
  const auto remote = make_remote(lanes);
  const auto directory = sys::value_or_throw(remote->open_layer("/proc/1"));
  const auto entry = remote->open_entry(directory.number(), "status");
  if (!entry) {
    // The lane is as good as before.
    test::require(remote->open_layer("/proc/1").has_value(), "open_layer");
    return entry.error().number;
  }
  const int number = directory.number();
  const auto ways = remote->open_ways({number, number}, {"status"}, AttributeSpace::user);
  test::require(ways.size() == 2 && ways[1].front() && inode_of(ways[1].front()->file.number()) != 0 &&
                    inode_of(ways[1].front()->file.number()) == inode_of(entry->number()),
                "open_ways");
  const auto beside = remote->open_siblings({number, number}, {"status", "none"}, AttributeSpace::user);
  test::require(beside.size() == 2 && beside[1].size() == 2 && beside[1].front() && !beside[1].back() &&
                    inode_of(beside[1].front()->file.number()) == inode_of(entry->number()),
                "open_siblings");
  const auto files = remote->open_regular_files(number, {"none", "status"});
  test::require(files.size() == 2 && !files.front() && files.back() &&
                    inode_of(files.back()->number()) == inode_of(entry->number()),
                "open_regular_files");
  return 0;
}

TEST(Lender, IsLentWhatItsUserMayNotSendForAllThatOthersOfThatUserHaveSent) {
  if (::geteuid() != 0) GTEST_SKIP() << "SKIP privilege: needs root to become another user";
  constexpr uid_t user = 60'997;
  constexpr int most = 200;
  const test::Hoarder hoarder(user, most + 1);
  auto [known_asking, known_answering] = open_lane();
  auto [unknown_asking, unknown_answering] = open_lane();
  test::Child asker([&](test::Line& line) {
    test::become_user(user);
    const struct rlimit limit{most, most};
    test::require(::setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
    for (sys::Fd* const asking : {&known_asking, &unknown_asking}) {
      std::vector<sys::Fd> lane;
      lane.push_back(std::move(*asking));
      Lanes lanes(std::move(lane));
      line.tell(std::to_string(ask_with_descriptors(lanes)));
    }
  });
  known_asking.reset();
  unknown_asking.reset();
  const auto direct = make_direct();
  std::jthread marker([&, introduction = introduction_of(asker.pid())]() mutable {
    std::vector<sys::Fd> lane;
    lane.push_back(std::move(known_answering));
    serve(std::move(lane), *direct, std::move(introduction));
  });
  std::jthread without_introduction([&] {
    std::vector<sys::Fd> lane;
    lane.push_back(std::move(unknown_answering));
    serve(std::move(lane), *direct);
  });
  EXPECT_EQ(asker.line().hear(), "0");
  EXPECT_EQ(asker.line().hear(), std::to_string(ETOOMANYREFS));
  EXPECT_TRUE(asker.wait());
}

}  // namespace
}  // namespace dropwarden::privilege
