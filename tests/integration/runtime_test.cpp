// SPDX-License-Identifier: Apache-2.0
#include "runtime_test.hpp"

#include "support/requirements.hpp"

namespace dropwarden::test {

std::unique_ptr<RuntimeTest::Shared> RuntimeTest::shared_;
std::string RuntimeTest::missing_;

void RuntimeTest::SetUpTestSuite() {
  missing_ = missing_requirement(runtime_programs);
  if (missing_.empty()) shared_ = std::make_unique<Shared>();
}

void RuntimeTest::TearDownTestSuite() {
  shared_.reset();
}

void RuntimeTest::SetUp() {
  if (!missing_.empty()) GTEST_SKIP() << missing_;
  ASSERT_TRUE(shared_) << "the runtime did not start";
}

std::string RuntimeTest::make_directory() {
  return shared_->directory.make_directory("t" + std::to_string(++shared_->directories));
}

}  // namespace dropwarden::test
