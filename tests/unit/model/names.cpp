// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "dropwarden/model/container.hpp"
#include "dropwarden/model/disposition.hpp"
#include "dropwarden/model/file_kind.hpp"
#include "dropwarden/model/finding.hpp"
#include "dropwarden/model/process.hpp"

namespace dropwarden::model {
namespace {

// Metrics, logs and findings use the words as labels and fields: lower case, and no two values look the same.
template <class Value>
void expect_distinct_names(Value last) {
  std::set<std::string> names;
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    const std::string name = name_of(static_cast<Value>(i));
    EXPECT_NE(name, "");
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_-"), std::string::npos) << name;
    EXPECT_TRUE(names.insert(name).second) << name << " stands for two values";
  }
}

TEST(Names, AreDistinctForEveryValue) {
  expect_distinct_names(Runtime::nspawn);
  expect_distinct_names(Metadata::none);
  expect_distinct_names(ContainerState::unknown);
  expect_distinct_names(Disposition::failed);
  expect_distinct_names(Loss::malformed_event);
  expect_distinct_names(Format::binfmt_misc);
  expect_distinct_names(ElfDefect::section_headers);
  expect_distinct_names(PackingSign::high_entropy);
  expect_distinct_names(PeType::unknown);
  expect_distinct_names(MachOType::unknown);
  expect_distinct_names(ElfType::unknown);
  expect_distinct_names(Severity::critical);
  expect_distinct_names(Sensor::second_look);
  expect_distinct_names(PathState::too_long);
  expect_distinct_names(Place::tmpfs);
  expect_distinct_names(Origin::unknown);
  expect_distinct_names(HashStatus::skipped);
  expect_distinct_names(ProcessState::exited);
  expect_distinct_names(Belonging::unknown);
}

// What is counted is counted through these lists.
TEST(Names, ListsOfValuesHoldEachOnceInOrder) {
  for (std::size_t i = 0; i < dispositions.size(); ++i)
    EXPECT_EQ(static_cast<std::size_t>(dispositions.at(i)), i);
  EXPECT_EQ(dispositions.back(), Disposition::failed);
  for (std::size_t i = 0; i < losses.size(); ++i) EXPECT_EQ(static_cast<std::size_t>(losses.at(i)), i);
  EXPECT_EQ(losses.back(), Loss::malformed_event);
}

}  // namespace
}  // namespace dropwarden::model
