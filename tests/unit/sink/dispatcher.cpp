// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sink/dispatcher.hpp"

#include <array>
#include <fcntl.h>
#include <mutex>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dropwarden/sink/format.hpp"
#include "dropwarden/sys/fd.hpp"
#include "dropwarden/sys/file.hpp"

#include "sample.hpp"

namespace dropwarden::sink {
namespace {

sys::Fd make_file() {
  return sys::Fd{::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
}

std::string content_of(const sys::Fd& file) {
  EXPECT_EQ(::lseek(file.number(), 0, SEEK_SET), 0);
  return *sys::read_file(file.number(), 1U << 20U, "file");
}

Output output(Format format, const sys::Fd& file, std::size_t capacity = 8) {
  return {.format = format,
          .has_revisions = has_revisions(format),
          .stream = std::make_unique<Stream>(file.number(), capacity, [](const std::string&) {})};
}

std::vector<Output> list(Output only) {
  std::vector<Output> outputs;
  outputs.push_back(std::move(only));
  return outputs;
}

TEST(Dispatcher, GivesEachOutputItsFormat) {
  const std::array files{make_file(), make_file(), make_file(), make_file()};
  auto finding = sample_finding();
  finding.revision = 1;
  {
    std::vector<Output> outputs;
    outputs.push_back(output(Format::native, files[0]));
    outputs.push_back(output(Format::text, files[1]));
    outputs.push_back(output(Format::tracee, files[2]));
    outputs.push_back(output(Format::text, files[3]));
    outputs.back().is_colored = true;
    Dispatcher dispatcher(std::move(outputs));
    EXPECT_EQ(dispatcher.deliver(finding).lost, 0U);
  }
  EXPECT_EQ(content_of(files[0]), format_native(finding) + "\n");
  EXPECT_EQ(content_of(files[1]), format_text(finding, {}) + "\n");
  EXPECT_EQ(content_of(files[2]), format_tracee(finding) + "\n");
  EXPECT_EQ(content_of(files[3]), format_text(finding, {.columns = 0, .is_colored = true}) + "\n");
}

TEST(Dispatcher, GivesLaterRevisionsToNativeOnly) {
  const std::array files{make_file(), make_file(), make_file()};
  const auto second = sample_finding();
  {
    std::vector<Output> outputs;
    outputs.push_back(output(Format::native, files[0]));
    outputs.push_back(output(Format::text, files[1]));
    outputs.push_back(output(Format::tracee, files[2]));
    Dispatcher dispatcher(std::move(outputs));
    EXPECT_EQ(dispatcher.deliver(second).lost, 0U);
  }
  EXPECT_EQ(content_of(files[0]), format_native(second) + "\n");
  EXPECT_EQ(content_of(files[1]), "");
  EXPECT_EQ(content_of(files[2]), "");
}

TEST(Dispatcher, HandsBackTheNativeLineAndTakesOneThatWasMadeBefore) {
  const std::array files{make_file(), make_file()};
  const auto finding = sample_finding();
  {
    Dispatcher dispatcher(list(output(Format::native, files[0])));
    EXPECT_EQ(dispatcher.deliver(finding).native, format_native(finding));
    EXPECT_EQ(dispatcher.deliver(finding, false, "made before").native, "made before");
  }
  EXPECT_EQ(content_of(files[0]), format_native(finding) + "\nmade before\n");
  Dispatcher none(list(output(Format::tracee, files[1])));
  EXPECT_EQ(none.deliver(finding).native, "");
}

using Told = Dispatcher::Told;

// What was said of the records of `findings`, once all is over.
std::vector<Told> told_of(std::vector<Output> outputs, const std::vector<model::Finding>& findings) {
  std::mutex mutex;
  std::vector<Told> told;
  Dispatcher dispatcher(std::move(outputs), [&](const Told& one) {
    const std::lock_guard lock(mutex);
    told.push_back(one);
  });
  for (const auto& finding : findings) dispatcher.deliver(finding);
  dispatcher.finish();
  return told;
}

TEST(Dispatcher, SaysOnceThatARecordIsWritten) {
  const std::array files{make_file(), make_file()};
  auto finding = sample_finding();
  finding.revision = 1;
  std::vector<Output> outputs;
  for (const auto& file : files) outputs.push_back(output(Format::native, file));
  EXPECT_EQ(told_of(std::move(outputs), {finding}), (std::vector<Told>{{finding.id, 1, true, true}}));
}

TEST(Dispatcher, SaysNothingOfARecordThatNoOutputTakes) {
  const auto file = make_file();
  EXPECT_EQ(told_of(list(output(Format::text, file)), {sample_finding()}), std::vector<Told>{});
  EXPECT_EQ(Dispatcher(list(output(Format::text, file))).deliver(sample_finding()).takers, 0U);
}

// A pipe that is full, so that what is delivered waits.
class FullPipe {
 public:
  FullPipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
    reader_ = sys::Fd{ends[0]};
    writer_ = sys::Fd{ends[1]};
    const std::string filler(4096, '.');
    while (::write(writer_.number(), filler.data(), filler.size()) > 0) {
    }
  }
  const sys::Fd& writer() const { return writer_; }
  void drain() const {
    std::array<char, 65536> bytes{};
    while (::read(reader_.number(), bytes.data(), bytes.size()) > 0) {
    }
  }

 private:
  sys::Fd reader_;
  sys::Fd writer_;
};

TEST(Dispatcher, SaysOnlyTheFirstOfARecordThatStillWaitsWhenTheSecondComes) {
  const FullPipe pipe;
  std::mutex mutex;
  std::vector<Told> told;
  const auto said = [&] {
    const std::lock_guard lock(mutex);
    return told;
  };
  Dispatcher dispatcher(list(output(Format::text, pipe.writer())), [&](const Told& one) {
    const std::lock_guard lock(mutex);
    told.push_back(one);
  });
  auto finding = sample_finding();
  finding.revision = 1;
  dispatcher.deliver(finding);
  finding.revision = 2;
  dispatcher.deliver(finding);
  EXPECT_EQ(said(), std::vector<Told>{});
  pipe.drain();
  dispatcher.finish();
  EXPECT_EQ(said(), (std::vector<Told>{{finding.id, 1, true, true}}));
}

TEST(Dispatcher, SaysThatTheFirstRecordIsNotWrittenThoughItsRevisionIsHigher) {
  const sys::Fd full{::open("/dev/full", O_WRONLY | O_CLOEXEC)};
  auto late = sample_finding();
  late.is_shown_late = true;
  EXPECT_EQ(told_of(list(output(Format::text, full)), {late}),
            (std::vector<Told>{{late.id, late.revision, true, false}}));
  EXPECT_EQ(told_of(list(output(Format::native, full)), {sample_finding()}),
            (std::vector<Told>{{late.id, late.revision, false, false}}));
}

TEST(Dispatcher, SaysThatARecordIsNotWrittenOnceAllOutputsHaveFailed) {
  const sys::Fd full{::open("/dev/full", O_WRONLY | O_CLOEXEC)};
  const std::array files{make_file()};
  auto finding = sample_finding();
  finding.revision = 1;
  EXPECT_EQ(told_of(list(output(Format::native, full)), {finding}),
            (std::vector<Told>{{finding.id, 1, true, false}}));
  std::vector<Output> outputs;
  outputs.push_back(output(Format::native, full));
  outputs.push_back(output(Format::native, files[0]));
  EXPECT_EQ(told_of(std::move(outputs), {finding}), (std::vector<Told>{{finding.id, 1, true, true}}));
}

TEST(Dispatcher, GivesAStoredRecordToNativeOutputsAlone) {
  const std::array files{make_file(), make_file()};
  {
    std::vector<Output> outputs;
    outputs.push_back(output(Format::native, files[0]));
    outputs.push_back(output(Format::tracee, files[1]));
    EXPECT_TRUE(Dispatcher(std::move(outputs)).deliver_native("a", 1, true, "{}"));
  }
  EXPECT_FALSE(Dispatcher(list(output(Format::text, files[1]))).deliver_native("a", 1, true, "{}"));
  EXPECT_EQ(content_of(files[0]), "{}\n");
  EXPECT_EQ(content_of(files[1]), "");
}

TEST(Dispatcher, GivesEventsToWhoWantsThem) {
  const std::array files{make_file(), make_file(), make_file(), make_file()};
  const auto event = sample_finding().event;
  {
    std::vector<Output> outputs;
    for (const auto& [format, file] :
         {std::pair{Format::native, &files[0]}, std::pair{Format::tracee, &files[1]},
          std::pair{Format::text, &files[2]}}) {
      outputs.push_back(output(format, *file));
      outputs.back().has_events = true;
    }
    outputs.push_back(output(Format::native, files[3]));
    Dispatcher dispatcher(std::move(outputs));
    EXPECT_EQ(dispatcher.deliver(event).lost, 0U);
  }
  EXPECT_EQ(content_of(files[0]), format_native(event) + "\n");
  EXPECT_EQ(content_of(files[1]), format_tracee(event) + "\n");
  EXPECT_EQ(content_of(files[2]), format_text(event, {}) + "\n");
  EXPECT_EQ(content_of(files[3]), "");
}

TEST(Dispatcher, PutsAHeaderAboveTheLinesOfEachWidthOfTheTerminal) {
  const auto file = make_file();
  std::size_t columns = 80;
  auto finding = sample_finding();
  finding.revision = 1;
  std::string expected;
  {
    Output terminal = output(Format::text, file);
    terminal.read_columns = [&columns] { return columns; };
    Dispatcher dispatcher(list(std::move(terminal)));
    for (const std::size_t width : {80U, 80U, 200U}) {
      if (width != columns || expected.empty()) expected += format_text_header({.columns = width}) + "\n";
      columns = width;
      expected += format_text(finding, {.columns = width}) + "\n";
      EXPECT_EQ(dispatcher.deliver(finding).lost, 0U);
    }
  }
  EXPECT_EQ(content_of(file), expected);
}

TEST(Dispatcher, CountsOutputsWithoutRoomAndServesTheOthers) {
  const auto full = make_file();
  const auto open = make_file();
  auto finding = sample_finding();
  finding.revision = 1;
  {
    std::vector<Output> outputs;
    outputs.push_back(output(Format::native, full, 0));
    outputs.push_back(output(Format::text, open));
    outputs.push_back(output(Format::text, full, 0));
    Dispatcher dispatcher(std::move(outputs));
    EXPECT_EQ(dispatcher.deliver(finding).lost, 2U);
  }
  EXPECT_EQ(content_of(full), "");
  EXPECT_EQ(content_of(open), format_text(finding, {}) + "\n");
}

TEST(Dispatcher, LosesNothingWithoutOutputs) {
  Dispatcher dispatcher({});
  EXPECT_EQ(dispatcher.deliver(sample_finding()).lost, 0U);
}

}  // namespace
}  // namespace dropwarden::sink
