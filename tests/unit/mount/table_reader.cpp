// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/mount/table_reader.hpp"

#include <cerrno>
#include <fcntl.h>
#include <map>
#include <set>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "dropwarden/mount/table.hpp"
#include "dropwarden/sys/fd.hpp"

#include "statmount_answer.hpp"

// With a kernel of our own; that the real one says the same both ways is in tests/kernel/mount_table.cpp.
namespace dropwarden::mount {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class Reader : public testing::Test {
 protected:
  static constexpr std::uint64_t first_number = 1ULL << 32U;  // as the kernel's

  void SetUp() override {
    ASSERT_TRUE(file_);
    mount(1, "/");
    mount(2, "/a");
  }

  void mount(std::uint32_t id, const std::string& mount_point) { points_[id] = mount_point; }

  // As the file has it, which is written for that.
  std::vector<model::Mount> truth() const {
    std::string text;
    for (const auto& [id, point] : points_)
      text += std::to_string(id) + " 1 0:9 / " + point + " rw,relatime" +
              (shared_.contains(id) ? " shared:5" : "") + " - tmpfs  rw\n";
    EXPECT_EQ(::ftruncate(file_.number(), 0), 0);
    EXPECT_EQ(::pwrite(file_.number(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    return parse_mountinfo(text);
  }

  TableReader::Table read() {
    truth();
    asked_.clear();
    return sys::value_or_throw(reader_.read(file_.number(), now_));
  }

  sys::Result<std::vector<std::uint64_t>> list() {
    ++lists_;
    if (refusal_ != 0) return std::unexpected(sys::Error{"listmount", "", refusal_});
    std::vector<std::uint64_t> numbers;
    for (const auto& [id, point] : points_) numbers.push_back(first_number + id);
    return numbers;
  }

  std::vector<sys::Result<std::string>> answer(const std::vector<std::uint64_t>& numbers) {
    std::vector<sys::Result<std::string>> answers;
    for (const std::uint64_t number : numbers) {
      const auto id = static_cast<std::uint32_t>(number - first_number);
      asked_.push_back(id);
      const auto known = points_.find(id);
      if (known == points_.end() || vanishing_ == id) {
        answers.emplace_back(std::unexpected(sys::Error{"statmount", "", ENOENT}));
        continue;
      }
      AnswerMaker maker = make_tmpfs(has_lied_ ? "/elsewhere" : known->second, id);
      maker.answer.id = number;
      maker.answer.parent = first_number + 1;
      maker.answer.old_parent = 1;
      maker.answer.device_minor = 9;
      if (shared_.contains(id)) {
        maker.answer.propagation = MS_SHARED;
        maker.answer.peer_group = 5;
      }
      answers.emplace_back(maker.bytes());
    }
    return answers;
  }

  const sys::Fd file_{::memfd_create("mountinfo", MFD_CLOEXEC)};
  std::map<std::uint32_t, std::string> points_;
  std::set<std::uint32_t> shared_;
  int refusal_ = 0;
  bool has_lied_ = false;
  std::uint32_t vanishing_ = 0;
  int lists_ = 0;
  std::vector<std::uint32_t> asked_;
  TableReader::Clock::time_point now_{1h};
  TableReader reader_{TableReader::Calls{.list = [this] { return list(); },
                                         .read = [this](const auto& numbers) { return answer(numbers); }}};
};

TEST_F(Reader, AsksOnlyForWhatHasCome) {
  EXPECT_EQ(read(), truth());
  EXPECT_THAT(asked_, ElementsAre(1, 2));
  mount(3, "/b");
  EXPECT_EQ(read(), truth());
  EXPECT_THAT(asked_, ElementsAre(3));
  EXPECT_TRUE(reader_.is_news());
}

TEST_F(Reader, AsksForNothingWhenAMountHasGone) {
  read();
  points_.erase(2);
  EXPECT_EQ(read(), truth());
  EXPECT_THAT(asked_, IsEmpty());
  EXPECT_TRUE(reader_.is_news());
}

TEST_F(Reader, AsksAgainForWhatANewMountLiesOnOnceThatIsShared) {
  read();
  shared_ = {1, 3};
  mount(3, "/b");
  EXPECT_EQ(read(), truth());
  EXPECT_THAT(asked_, ElementsAre(3, 1));
}

TEST_F(Reader, ReadsItWholeWhenNothingHasComeOrGone) {
  read();
  mount(2, "/moved");
  EXPECT_EQ(read(), truth());
  EXPECT_TRUE(reader_.is_news());
}

TEST_F(Reader, SaysThatNothingIsNewWhenItIsAllTheSame) {
  read();
  EXPECT_EQ(read(), truth());
  EXPECT_FALSE(reader_.is_news());
  EXPECT_THAT(asked_, IsEmpty());
}

TEST_F(Reader, FindsAMoveBesideANewMountWhenItIsDue) {
  read();
  EXPECT_FALSE(reader_.due());
  mount(2, "/moved");
  mount(3, "/b");
  EXPECT_NE(read(), truth());
  ASSERT_TRUE(reader_.due());
  EXPECT_LE(*reader_.due(), now_ + 5s);
  now_ = *reader_.due();
  EXPECT_EQ(read(), truth());
  EXPECT_TRUE(reader_.is_news());
  EXPECT_FALSE(reader_.due());
}

TEST_F(Reader, PutsOffNoSecondReadingByGoingOnToChange) {
  read();
  mount(3, "/b");
  read();
  const auto due = reader_.due();
  now_ += 1s;
  mount(4, "/c");
  read();
  EXPECT_EQ(reader_.due(), due);
}

TEST_F(Reader, HasAWholeTableWhereTheCallsAreRefused) {
  for (const int refusal : {ENOSYS, EPERM}) {
    refusal_ = refusal;
    mount(3, "/b");
    EXPECT_EQ(read(), truth());
    points_.erase(3);
    EXPECT_EQ(read(), truth());
    EXPECT_FALSE(reader_.due());
  }
  EXPECT_EQ(lists_, 1) << "asks again at once";
  refusal_ = 0;
  now_ += 1min;
  read();
  mount(4, "/c");
  EXPECT_EQ(read(), truth());
  EXPECT_THAT(asked_, ElementsAre(4));
}

TEST_F(Reader, BelievesTheFileWhereBothSayDifferentThings) {
  has_lied_ = true;
  for (std::uint32_t id = 3; id < 6; ++id) {
    mount(id, "/more");
    EXPECT_EQ(read(), truth());
  }
  EXPECT_THAT(asked_, IsEmpty()) << "what does not fit is not tried again at once";
}

TEST_F(Reader, LeavesOutWhatIsGoneBeforeItIsAskedFor) {
  read();
  mount(3, "/b");
  mount(4, "/c");
  vanishing_ = 3;
  std::vector<std::string> points;
  for (const model::Mount& entry : read()) points.push_back(entry.mount_point);
  EXPECT_THAT(points, ElementsAre("/", "/a", "/c"));
  points_.erase(3);
  EXPECT_EQ(read(), truth());
}

TEST_F(Reader, ReadsAsManyMountsAsThereAre) {
  for (std::uint32_t id = 3; id < 400; ++id) mount(id, "/" + std::to_string(id));
  EXPECT_EQ(read(), truth());
  mount(500, "/last");
  EXPECT_EQ(read(), truth());
  EXPECT_THAT(asked_, ElementsAre(500));
}

TEST_F(Reader, AsksNobodyWithoutTheCalls) {
  truth();
  TableReader plain;
  for (std::uint32_t id = 3; id < 5; ++id) {
    mount(id, "/b");
    const auto wanted = truth();
    EXPECT_EQ(plain.read(file_.number(), now_), wanted);
  }
  EXPECT_EQ(lists_, 0);
}

}  // namespace
}  // namespace dropwarden::mount
