// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/error.hpp"

#include <cerrno>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dropwarden::sys {
namespace {

TEST(Error, NamesTheCallTheObjectAndTheReason) {
  EXPECT_EQ((Error{"open", "/x", ENOENT}.text()), "open(\"/x\"): No such file or directory");
  EXPECT_EQ((Error{"fanotify_init", "", EPERM}.text()), "fanotify_init: Operation not permitted");
}

TEST(Error, EscapesAndBoundsWhatAContainerChose) {
  EXPECT_EQ((Error{"open", "a\x1b[2J\nb", ENOENT}.text()),
            "open(\"a\\x1b[2J\\nb\"): No such file or directory");
  EXPECT_LT((Error{"open", std::string(100000, 'x'), ENOENT}.text().size()), 600U);
}

TEST(LastError, KeepsErrno) {
  errno = EMFILE;
  const Error error = last_error("open", "/x");
  errno = 0;
  EXPECT_EQ(error.call, "open");
  EXPECT_EQ(error.object, "/x");
  EXPECT_EQ(error.number, EMFILE);
}

TEST(ValueOrThrow, GivesTheValueOrThrowsTheError) {
  EXPECT_EQ(value_or_throw(Result<std::string>("x")), "x");
  EXPECT_NO_THROW(value_or_throw(Result<void>()));
  try {
    value_or_throw(Result<int>(std::unexpected(Error{"open", "/x", EACCES})));
    FAIL() << "did not throw";
  } catch (const SystemError& thrown) {
    EXPECT_STREQ(thrown.what(), "open(\"/x\"): Permission denied");
    EXPECT_EQ(thrown.error().number, EACCES);
  }
}

}  // namespace
}  // namespace dropwarden::sys
