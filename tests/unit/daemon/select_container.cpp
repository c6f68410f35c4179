// SPDX-License-Identifier: Apache-2.0
#include "daemon/select_container.hpp"

#include <memory>

#include <gtest/gtest.h>

#include "dropwarden/daemon/scan.hpp"

namespace dropwarden::daemon {
namespace {

class SelectContainer : public testing::Test {
 protected:
  SelectContainer() {
    add("abc1", "web");
    add("abc2", "database");
    add("abc", "whole");
    add("ffff", "abc2-proxy");
    add("eeee", "twice");
    add("dddd", "twice");
  }
  void add(const std::string& id, const std::string& name) {
    model::Container container;
    container.id = {id};
    container.name = name;
    snapshot_.containers.emplace(id, std::make_shared<const model::Container>(container));
  }
  std::string select(std::string_view text) const { return select_container(snapshot_, text).value; }

  container::Snapshot snapshot_;
};

TEST_F(SelectContainer, TakesIdsNamesAndTheBeginningOfAnId) {
  EXPECT_EQ(select("abc1"), "abc1");
  EXPECT_EQ(select("database"), "abc2");
  EXPECT_EQ(select("ff"), "ffff");
  EXPECT_EQ(select("abc"), "abc") << "a whole ID, though others begin so";
}

TEST_F(SelectContainer, RefusesWhatStandsForNoneOrSeveral) {
  for (const char* text : {"", "nothing", "we", "ab", "twice", "abc1x"})
    EXPECT_THROW(select(text), UnknownContainer) << text;
}

TEST_F(SelectContainer, EscapesWhatItWasGiven) {
  try {
    select("\x1b[31m");
    FAIL();
  } catch (const UnknownContainer& error) {
    EXPECT_EQ(std::string_view(error.what()).find('\x1b'), std::string_view::npos);
  }
}

}  // namespace
}  // namespace dropwarden::daemon
