// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sink/courier.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/wait.hpp"

namespace dropwarden::sink {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

// The mailbox of one courier, in memory.
class Post {
 public:
  void add(const std::string& body) {
    const std::lock_guard lock(mutex_);
    messages_.push_back(std::make_shared<const model::Message>(
        model::Message{.number = ++last_, .encoding = "text", .id = body, .time = {}, .body = body}));
    changed_.notify_all();
  }
  Mail mail() {
    return {.take =
                [this](std::size_t max, std::size_t, Mail::Deadline until) {
                  std::unique_lock lock(mutex_);
                  changed_.wait_until(lock, std::min(until, std::chrono::steady_clock::now() + 50ms),
                                      [this] { return !messages_.empty(); });
                  const auto count = static_cast<std::ptrdiff_t>(std::min(max, messages_.size()));
                  return std::vector(messages_.begin(), messages_.begin() + count);
                },
            .confirm =
                [this](std::uint64_t number, bool is_refused) {
                  const std::lock_guard lock(mutex_);
                  while (!messages_.empty() && messages_.front()->number <= number) messages_.pop_front();
                  if (is_refused) ++refused_;
                }};
  }
  std::size_t left() {
    const std::lock_guard lock(mutex_);
    return messages_.size();
  }
  std::size_t refused() {
    const std::lock_guard lock(mutex_);
    return refused_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<model::SharedMessage> messages_;
  std::uint64_t last_ = 0;
  std::size_t refused_ = 0;
};

// Fails as often as it is told, takes two at a time, refuses what begins with `bad`.
class Moody final : public Destination {
 public:
  explicit Moody(std::vector<std::string>& taken, int failures = 0) : taken_(taken), failures_(failures) {}
  std::size_t max_messages() const override { return 2; }
  void cancel() override {}
  Sent send(std::span<const model::SharedMessage> messages) override {
    if (failures_-- > 0) return {.taken = 0, .problem = "not now"};
    Sent sent;
    for (const auto& message : messages) {
      if (message->body.starts_with("bad"))
        return {.taken = sent.taken, .is_refused = true, .problem = "never"};
      taken_.push_back(message->body);
      ++sent.taken;
    }
    return sent;
  }

 private:
  std::vector<std::string>& taken_;
  int failures_;
};

class Stalling final : public Destination {
 public:
  void cancel() override {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
    changed_.notify_all();
  }
  Sent send(std::span<const model::SharedMessage>) override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_over_; });
    return {.taken = 0, .problem = "cancelled"};
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_over_ = false;
};

constexpr Backoff fast{.first = 2ms, .longest = 10ms};

TEST(Courier, TriesUntilAllIsTakenInItsOrder) {
  Post post;
  std::vector<std::string> taken;
  std::vector<std::string> reports;
  {
    Courier courier(post.mail(), std::make_unique<Moody>(taken, 5), fast, [&](const Courier::Report& report) {
      reports.push_back((report.is_degraded ? "degraded: " : "well: ") + report.text);
    });
    for (const char* body : {"1", "2", "3"}) post.add(body);
    ASSERT_TRUE(test::wait_for([&] { return post.left() == 0; }, 30s));
    courier.finish(std::chrono::steady_clock::now() + 30s);
    EXPECT_EQ(courier.state().attempts, 5U);
    EXPECT_EQ(courier.state().problem, "");
  }
  EXPECT_THAT(taken, ElementsAre("1", "2", "3"));
  EXPECT_THAT(reports, ElementsAre(HasSubstr("degraded: not now"), "well: delivers again"));
}

TEST(Courier, GoesPastWhatIsRefusedForEver) {
  Post post;
  std::vector<std::string> taken;
  for (const char* body : {"1", "bad", "2", "bad too", "3"}) post.add(body);
  {
    Courier courier(post.mail(), std::make_unique<Moody>(taken), fast, [](const Courier::Report&) {});
    ASSERT_TRUE(test::wait_for([&] { return post.left() == 0; }, 30s));
  }
  EXPECT_THAT(taken, ElementsAre("1", "2", "3"));
  EXPECT_EQ(post.refused(), 2U);
}

TEST(Courier, LeavesWhatAStalledDestinationHasNotTaken) {
  Post post;
  post.add("1");
  Courier courier(post.mail(), std::make_unique<Stalling>(), fast, [](const Courier::Report&) {});
  courier.finish(std::chrono::steady_clock::now() + 10ms);
  EXPECT_EQ(post.left(), 1U);
}

TEST(Courier, BringsWhatIsThereBeforeItEnds) {
  Post post;
  std::vector<std::string> taken;
  for (int i = 0; i < 9; ++i) post.add(std::to_string(i));
  Courier courier(post.mail(), std::make_unique<Moody>(taken), fast, [](const Courier::Report&) {});
  courier.finish(std::chrono::steady_clock::now() + 30s);
  EXPECT_EQ(taken.size(), 9U);
}

TEST(Backoff, DoublesUpToItsMaximumLessARandomPart) {
  const Backoff backoff{.first = 500ms, .longest = 60s};
  EXPECT_EQ(pause_after(1, backoff, 1), 500ms);
  EXPECT_EQ(pause_after(1, backoff, 0), 250ms);
  EXPECT_EQ(pause_after(4, backoff, 1), 4s);
  EXPECT_EQ(pause_after(100, backoff, 1), 60s);
  EXPECT_EQ(pause_after(100, backoff, 0), 30s);
}

}  // namespace
}  // namespace dropwarden::sink
