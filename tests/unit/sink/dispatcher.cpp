// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sink/dispatcher.hpp"

#include <array>
#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <utility>

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

Output output(Format format, const sys::Fd& file, std::size_t capacity) {
  return {format, std::make_unique<Stream>(file.number(), capacity, [](const std::string&) {})};
}

TEST(Dispatcher, GivesEachOutputItsFormat) {
  const std::array files{make_file(), make_file(), make_file(), make_file()};
  const auto finding = sample_finding();
  {
    std::vector<Output> outputs;
    outputs.push_back(output(Format::native, files[0], 4));
    outputs.push_back(output(Format::text, files[1], 4));
    outputs.push_back(output(Format::native, files[2], 4));
    outputs.push_back(output(Format::colored_text, files[3], 4));
    const Dispatcher dispatcher(std::move(outputs));
    EXPECT_EQ(dispatcher.deliver(finding), 0U);
  }
  EXPECT_EQ(content_of(files[0]), format_native(finding) + "\n");
  EXPECT_EQ(content_of(files[1]), format_text(finding, false) + "\n");
  EXPECT_EQ(content_of(files[2]), content_of(files[0]));
  EXPECT_EQ(content_of(files[3]), format_text(finding, true) + "\n");
}

TEST(Dispatcher, CountsOutputsWithoutRoomAndServesTheOthers) {
  const auto full = make_file();
  const auto open = make_file();
  {
    std::vector<Output> outputs;
    outputs.push_back(output(Format::native, full, 0));
    outputs.push_back(output(Format::text, open, 4));
    outputs.push_back(output(Format::text, full, 0));
    const Dispatcher dispatcher(std::move(outputs));
    EXPECT_EQ(dispatcher.deliver(sample_finding()), 2U);
  }
  EXPECT_EQ(content_of(full), "");
  EXPECT_EQ(content_of(open), format_text(sample_finding(), false) + "\n");
}

TEST(Dispatcher, LosesNothingWithoutOutputs) {
  const Dispatcher dispatcher({});
  EXPECT_EQ(dispatcher.deliver(sample_finding()), 0U);
}

}  // namespace
}  // namespace dropwarden::sink
