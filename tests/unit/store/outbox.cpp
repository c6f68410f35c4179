// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/store/outbox.hpp"

#include <chrono>
#include <csignal>
#include <memory>
#include <mutex>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sample.hpp"
#include "store/database.hpp"
#include "store/outgoing.hpp"
#include "support/database.hpp"
#include "support/temporary_directory.hpp"
#include "support/wait.hpp"

namespace dropwarden::store {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

MailboxSettings mailbox(const std::string& name, const std::string& encoding = "native") {
  return {.name = name, .encoding = encoding, .has_revisions = true};
}

model::Message message(const std::string& body, unsigned revision = 1,
                       const std::string& encoding = "native") {
  return {.encoding = encoding,
          .id = "id-" + body,
          .revision = revision,
          .is_first = revision == 1,
          .severity = model::Severity::high,
          .time = util::WallTime{5s},
          .body = body};
}

class OutboxTest : public testing::Test {
 protected:
  std::string path() const { return directory_.path() / "state" / "state.db"; }
  std::unique_ptr<Store> open_store(std::uint64_t max_bytes = std::uint64_t{1} << 20U) {
    return std::make_unique<Store>(Settings{.path = path(), .max_undelivered_bytes = max_bytes},
                                   [this](const Store::Report& report) {
                                     const std::lock_guard lock(mutex_);
                                     is_degraded_ = report.is_degraded;
                                   });
  }
  // Once the store has noticed that somebody else has the database.
  void await_failure(Store& store) {
    store.save(finding(100));
    ASSERT_TRUE(test::wait_for(
        [&] {
          const std::lock_guard lock(mutex_);
          return is_degraded_;
        },
        30s));
  }
  Outbox open(Store* store) {
    return Outbox(store, [this](const std::string& text) {
      const std::lock_guard lock(mutex_);
      losses_.push_back(text);
    });
  }
  std::vector<std::string> losses() {
    const std::lock_guard lock(mutex_);
    return losses_;
  }
  std::int64_t stored() { return Database(path()).read_number("SELECT count(*) FROM outbox"); }
  bool await_stored(std::int64_t count) {
    return test::wait_for([&] { return stored() == count; }, 30s);
  }

 private:
  const test::TemporaryDirectory directory_;
  std::mutex mutex_;
  std::vector<std::string> losses_;
  bool is_degraded_ = false;
};

// What the mailbox holds within 30 s, confirmed one by one, until there are `count`.
std::vector<std::string> drain(Outbox& outbox, const std::string& name, std::size_t count) {
  std::vector<std::string> bodies;
  while (bodies.size() < count) {
    const auto messages = outbox.take(name, 3, 1U << 20U, std::chrono::steady_clock::now() + 30s);
    if (messages.empty()) break;
    for (const auto& message : messages) bodies.push_back(message->body);
    outbox.confirm(name, messages.back()->number, Outbox::Outcome::delivered);
  }
  return bodies;
}

bool is_empty(Outbox& outbox, const std::string& name) {
  return outbox.take(name, 1, 1, std::chrono::steady_clock::now() + 200ms).empty();
}

TEST_F(OutboxTest, GivesEachMailboxWhatItWants) {
  Outbox outbox = open(nullptr);
  MailboxSettings first = mailbox("first");
  first.has_revisions = false;
  outbox.open({mailbox("all"), first, mailbox("other", "cef")});
  EXPECT_EQ(outbox.add(message("a")).takers, 2U);
  EXPECT_EQ(outbox.add(message("b", 2)).takers, 1U);
  EXPECT_EQ(outbox.add(message("c", 1, "cef")).takers, 1U);
  EXPECT_EQ(outbox.add(message("d", 1, "text")).takers, 0U);
  EXPECT_THAT(drain(outbox, "all", 2), ElementsAre("a", "b"));
  EXPECT_THAT(drain(outbox, "first", 1), ElementsAre("a"));
  EXPECT_THAT(drain(outbox, "other", 1), ElementsAre("c"));
}

TEST_F(OutboxTest, KeepsWhatWasNotDeliveredOverARestart) {
  {
    const auto store = open_store();
    Outbox outbox = open(store.get());
    outbox.open({mailbox("a"), mailbox("b")});
    for (const char* body : {"1", "2", "3"}) outbox.add(message(body));
    EXPECT_THAT(drain(outbox, "a", 2), ElementsAre("1", "2", "3"));
    const auto messages = outbox.take("b", 1, 1, std::chrono::steady_clock::now());
    outbox.confirm("b", messages.front()->number, Outbox::Outcome::delivered);
  }
  const auto store = open_store();
  Outbox outbox = open(store.get());
  outbox.open({mailbox("a"), mailbox("b"), mailbox("new")});
  outbox.add(message("4"));
  EXPECT_THAT(drain(outbox, "a", 1), ElementsAre("4"));
  EXPECT_THAT(drain(outbox, "b", 3), ElementsAre("2", "3", "4"));
  EXPECT_THAT(drain(outbox, "new", 1), ElementsAre("4"));
  EXPECT_TRUE(await_stored(0)) << "what all have is kept nowhere";
}

TEST_F(OutboxTest, KeepsWhatWasStoredOverAKill) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto store = open_store();
    Outbox outbox = open(store.get());
    outbox.open({mailbox("a")});
    outbox.add(message("1"));
    outbox.add(message("2"));
    const bool is_stored = await_stored(2);
    ::kill(::getpid(), is_stored ? SIGKILL : SIGTERM);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(WTERMSIG(status), SIGKILL);
  const auto store = open_store();
  Outbox outbox = open(store.get());
  outbox.open({mailbox("a")});
  const auto messages = outbox.take("a", 1, 1, std::chrono::steady_clock::now() + 30s);
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages.front()->id, "id-1");
  EXPECT_EQ(messages.front()->severity, model::Severity::high);
  EXPECT_EQ(messages.front()->time, util::WallTime{5s});
  EXPECT_THAT(drain(outbox, "a", 2), ElementsAre("1", "2"));
}

TEST_F(OutboxTest, TakesFromTheStoreWhatDoesNotFitIntoMemory) {
  const auto store = open_store();
  Outbox outbox = open(store.get());
  MailboxSettings small = mailbox("a");
  small.queue = 2;
  outbox.open({small});
  std::vector<std::string> bodies;
  for (int i = 0; i < 600; ++i) {
    bodies.push_back(std::to_string(i));
    EXPECT_EQ(outbox.add(message(bodies.back())).lost, 0U);
  }
  EXPECT_EQ(drain(outbox, "a", bodies.size()), bodies);
  EXPECT_TRUE(is_empty(outbox, "a"));
  outbox.add(message("last"));
  EXPECT_THAT(drain(outbox, "a", 1), ElementsAre("last"));
  EXPECT_THAT(losses(), IsEmpty());
}

TEST_F(OutboxTest, TakesNoMoreFromTheStoreThanThereIsRoomForInMemory) {
  constexpr std::size_t mebibyte = std::size_t{1} << 20U;
  MailboxSettings few = mailbox("few");
  few.queue = 2;
  const auto body_of = [](int i) {
    return std::string(i == 3 ? 5 * mebibyte : mebibyte / 4, static_cast<char>('0' + i));
  };
  {
    const auto store = open_store(64 * mebibyte);
    Outbox outbox = open(store.get());
    outbox.open({few, mailbox("many")});
    for (int i = 0; i < 6; ++i) EXPECT_EQ(outbox.add(message(body_of(i))).takers, 2U);
    ASSERT_TRUE(await_stored(6));
  }
  const auto store = open_store(64 * mebibyte);
  Outbox outbox = open(store.get());
  outbox.open({few, mailbox("many")});
  // How many messages come at once, which is all that memory holds.
  const auto sizes = [&](const std::string& name) {
    std::vector<std::size_t> counts;
    for (int next = 0; next < 6;) {
      const auto messages = outbox.take(name, 100, 64 * mebibyte, std::chrono::steady_clock::now() + 30s);
      if (messages.empty()) break;
      for (const auto& message : messages) EXPECT_EQ(message->body, body_of(next++));
      counts.push_back(messages.size());
      outbox.confirm(name, messages.back()->number, Outbox::Outcome::delivered);
    }
    return counts;
  };
  EXPECT_THAT(sizes("few"), ElementsAre(2U, 1U, 1U, 2U));
  EXPECT_THAT(sizes("many"), ElementsAre(3U, 1U, 2U)) << "the fourth alone is more than 4 MiB";
  for (const char* name : {"few", "many"}) EXPECT_TRUE(is_empty(outbox, name));
  EXPECT_TRUE(await_stored(0));
}

TEST_F(OutboxTest, CountsWhatItCannotKeep) {
  Outbox outbox = open(nullptr);
  MailboxSettings small = mailbox("a");
  small.queue = 2;
  outbox.open({small});
  for (int i = 0; i < 5; ++i) outbox.add(message(std::to_string(i)));
  EXPECT_EQ(outbox.states().front().lost, 3U);
  EXPECT_THAT(losses(),
              ElementsAre(HasSubstr("output a: 1 findings are lost"), HasSubstr("output a: 2 findings")));
  EXPECT_THAT(drain(outbox, "a", 2), ElementsAre("0", "1"));
}

TEST_F(OutboxTest, DropsTheOldestBeyondTheLimitOfTheStoreAndCountsThem) {
  const auto store = open_store(10'000);
  Outbox outbox = open(store.get());
  MailboxSettings small = mailbox("slow");
  small.queue = 1;
  outbox.open({small});
  for (int i = 0; i < 30; ++i) outbox.add(message(std::string(1000, static_cast<char>('a' + i % 26))));
  ASSERT_TRUE(test::wait_for([&] { return outbox.states().front().lost > 0; }, 30s));
  std::size_t got = 0;
  while (got + outbox.states().front().lost < 30) {
    const std::size_t more = drain(outbox, "slow", 1).size();
    if (more == 0) break;
    got += more;
  }
  EXPECT_EQ(got + outbox.states().front().lost, 30U) << "each is delivered or counted";
  EXPECT_GT(got, 5U);
  EXPECT_FALSE(losses().empty());
}

TEST_F(OutboxTest, ForgetsAMailboxThatIsNoMore) {
  {
    const auto store = open_store();
    Outbox outbox = open(store.get());
    outbox.open({mailbox("a"), mailbox("gone")});
    outbox.add(message("1"));
    drain(outbox, "a", 1);
    ASSERT_TRUE(await_stored(1));
  }
  const auto store = open_store();
  Outbox outbox = open(store.get());
  outbox.open({mailbox("a")});
  EXPECT_TRUE(await_stored(0));
  EXPECT_TRUE(is_empty(outbox, "a"));
}

TEST_F(OutboxTest, CountsWhatWaitsForAMailboxWhoseEncodingIsChanged) {
  const auto store = open_store();
  Outbox outbox = open(store.get());
  outbox.open({mailbox("a"), mailbox("b")});
  for (const char* body : {"1", "2", "3"}) outbox.add(message(body));
  EXPECT_THAT(drain(outbox, "a", 1), ElementsAre("1", "2", "3"));
  outbox.open({mailbox("a", "cef"), mailbox("b", "cef")});
  const auto states = outbox.states();
  EXPECT_EQ(states[0].delivered, 3U);
  EXPECT_EQ(states[0].lost, 0U);
  EXPECT_EQ(states[1].lost, 3U);
  EXPECT_EQ(states[1].pending, 0U);
  EXPECT_THAT(losses(), ElementsAre("output b: 3 findings are lost: its format was changed"));
  outbox.add(message("4", 1, "cef"));
  EXPECT_THAT(drain(outbox, "b", 1), ElementsAre("4"));
  EXPECT_TRUE(await_stored(1)) << "that a has not got";
}

TEST_F(OutboxTest, CountsWhatWaitedWhenTheEncodingIsChangedAtARestart) {
  {
    const auto store = open_store();
    Outbox outbox = open(store.get());
    outbox.open({mailbox("a")});
    for (const char* body : {"1", "2"}) outbox.add(message(body));
    ASSERT_TRUE(await_stored(2));
  }
  const auto store = open_store();
  Outbox outbox = open(store.get());
  outbox.open({mailbox("a", "cef"), mailbox("new", "cef")});
  EXPECT_EQ(outbox.states()[0].lost, 2U);
  EXPECT_THAT(losses(), ElementsAre("output a: 2 findings are lost: its format was changed"));
  EXPECT_TRUE(await_stored(0));
  EXPECT_TRUE(is_empty(outbox, "a"));
  outbox.open({mailbox("a"), mailbox("new")});
  EXPECT_EQ(outbox.states()[0].lost, 2U) << "nothing waited any more";
}

TEST_F(OutboxTest, SaysHowManyWaitAndForHowLong) {
  const auto state = [](const Outbox& outbox) { return outbox.states().front(); };
  {
    const auto store = open_store();
    Outbox outbox = open(store.get());
    outbox.open({mailbox("a")});
    EXPECT_EQ(state(outbox).lag, 0ms);
    for (const char* body : {"1", "2", "3"}) outbox.add(message(body));
    EXPECT_EQ(state(outbox).pending, 3U);
    EXPECT_TRUE(test::wait_for([&] { return state(outbox).lag > 0ms; }, 20s));
    EXPECT_LT(state(outbox).lag, 1h) << "the time of the event is long ago, and no matter";
    const auto first = outbox.take("a", 1, 1, std::chrono::steady_clock::now() + 30s);
    ASSERT_EQ(first.size(), 1U);
    outbox.confirm("a", first.front()->number, Outbox::Outcome::delivered);
    EXPECT_EQ(state(outbox).pending, 2U);
    ASSERT_TRUE(await_stored(2));
  }
  const auto store = open_store();
  Outbox outbox = open(store.get());
  outbox.open({mailbox("a")});
  EXPECT_EQ(state(outbox).pending, 2U);
  EXPECT_GT(state(outbox).lag, 1h) << "as the wall clock tells";
  drain(outbox, "a", 2);
  EXPECT_EQ(state(outbox).pending, 0U);
  EXPECT_EQ(state(outbox).lag, 0ms);
}

TEST_F(OutboxTest, GivesWhoTakesOneRecordTheFirstThatIsShown) {
  const auto store = open_store();
  Outbox outbox = open(store.get());
  auto once = mailbox("once");
  once.has_revisions = false;
  outbox.open({once});
  outbox.add(message("1", 2));
  auto late = message("2", 2);
  late.is_first = true;  // an exception covered it before
  outbox.add(late);
  EXPECT_THAT(drain(outbox, "once", 1), ElementsAre("2"));
}

TEST_F(OutboxTest, KeepsItsOrderWhenTheWallClockIsSet) {
  {
    const auto store = open_store();
    Outbox outbox = open(store.get());
    outbox.open({mailbox("a")});
    for (const auto& [body, time] : {std::pair{"1", 9h}, std::pair{"2", 1h}, std::pair{"3", 5h}}) {
      auto one = message(body);
      one.time = util::WallTime{std::chrono::system_clock::now().time_since_epoch() + time};
      outbox.add(one);
    }
    ASSERT_TRUE(await_stored(3));
  }
  const auto store = open_store();
  Outbox outbox = open(store.get());
  outbox.open({mailbox("a")});
  EXPECT_LT(outbox.states().front().lag, 1h) << "nothing has waited since the future";
  EXPECT_GE(outbox.states().front().lag, 0ms);
  EXPECT_THAT(drain(outbox, "a", 3), ElementsAre("1", "2", "3"));
}

TEST_F(OutboxTest, KeepsNothingThatNobodyWaitsFor) {
  const auto store = open_store();
  Outbox outbox = open(store.get());
  auto once = mailbox("once");
  once.has_revisions = false;
  outbox.open({mailbox("all"), once});
  outbox.add(message("1"));
  outbox.add(message("1", 2));
  ASSERT_TRUE(await_stored(2));
  EXPECT_THAT(drain(outbox, "once", 1), ElementsAre("1"));
  EXPECT_THAT(drain(outbox, "all", 2), ElementsAre("1", "1"));
  EXPECT_TRUE(await_stored(0));
}

TEST_F(OutboxTest, TellsWhatTheStoreHadNoRoomForOnceAllMailboxesHaveIt) {
  const auto store = open_store();
  Outbox outbox = open(store.get());
  outbox.open({mailbox("a"), mailbox("b", "cef")});
  auto held = std::make_unique<test::HeldDatabase>(path());
  ASSERT_NO_FATAL_FAILURE(await_failure(*store));
  std::vector<int> unstored;
  for (int i = 1; unstored.size() < 2 && i < 40; ++i) {
    bool is_stored = true;
    for (const char* encoding : {"native", "cef"}) {
      auto large = message(std::string(std::size_t{1} << 20U, 'x'), 1, encoding);
      large.id = finding(i).id;
      const auto added = outbox.add(large);
      EXPECT_EQ(added.takers, 1U);
      is_stored = is_stored && added.is_stored;
    }
    store->save(finding(i));
    if (!is_stored) unstored.push_back(i);
    if (is_stored)
      for (const char* name : {"a", "b"}) drain(outbox, name, 1);
  }
  ASSERT_EQ(unstored.size(), 2U);
  EXPECT_EQ(outbox.states()[1].unstored, 2U);
  EXPECT_EQ(drain(outbox, "a", 2).size(), 2U);
  const auto first = outbox.take("b", 1, 1, std::chrono::steady_clock::now() + 30s);
  ASSERT_EQ(first.size(), 1U);
  outbox.confirm("b", first.front()->number, Outbox::Outcome::delivered);
  EXPECT_EQ(outbox.states()[1].unstored, 1U);
  held.reset();
  store->finish();
  const auto told = [&](int number) {
    return Database(path()).read_number("SELECT told FROM finding WHERE id = '" + finding(number).id + "'");
  };
  EXPECT_EQ(told(unstored[0]), 1);
  EXPECT_EQ(told(unstored[1]), 0) << "a kill would lose it to b";
}

TEST_F(OutboxTest, HoldsInMemoryAloneWhatADamagedDatabaseHad) {
  Outgoing outgoing([](const std::string&) {});
  outgoing.open({mailbox("a")}, true);
  const auto one = std::make_shared<const model::Message>(message("1"));
  outgoing.add(one, true);
  EXPECT_EQ(outgoing.states().front().unstored, 0U);
  outgoing.lose_stored();
  EXPECT_EQ(outgoing.states().front().unstored, 1U);
}

TEST_F(OutboxTest, WakesWhoWaits) {
  Outbox outbox = open(nullptr);
  outbox.open({mailbox("a")});
  std::thread waker([&] {
    while (outbox.states().front().pending == 0) {
      outbox.wake();
      std::this_thread::sleep_for(1ms);
    }
  });
  EXPECT_TRUE(outbox.take("a", 1, 1, std::chrono::steady_clock::now() + 1h).empty());
  outbox.add(message("end"));
  waker.join();
}

}  // namespace
}  // namespace dropwarden::store
