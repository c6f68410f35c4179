// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <iostream>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "matrix.hpp"
#include "support/guard.hpp"
#include "support/requirements.hpp"
#include "test_file_system.hpp"

// A test for each line of the table, place and file system; all of one file system come from one run.
namespace dropwarden::test {
namespace {

RuntimePlace place;
constexpr const char* switchable_sensors[] = {"close_write", "exec", "scan", "second_look", "upper_layer"};
std::vector<Expectation> table;

std::string shown(const Outcome& outcome, const Expectation& row) {
  if (outcome.is_unsupported) return "not here: " + outcome.problem;
  if (!outcome.problem.empty()) return "could not: " + outcome.problem;
  if (!outcome.is_seen()) return "not seen";
  const bool is_named = outcome.last_path == outcome.final_path;
  return fmt::format("{:<12} {:<13} {:>5} ms  {}", outcome.sensors.front(), bound_of(outcome.sensors.front()),
                     outcome.delay.count(),
                     row.named_by.empty() ? outcome.state
                     : is_named           ? "final path"
                                          : "earlier path");
}

// The run that a test looks at, made by the first one of it and kept until another is wanted.
class Coverage : public testing::Test {
 public:
  explicit Coverage(MatrixOptions options) : options_(std::move(options)) {}

 protected:
  void SetUp() override {
    if (run_ && name_ == name()) return;
    auto missing = missing_requirement({"ldd", "mount"});
    if (missing.empty()) missing = missing_for_file_system(options_.file_system);
    if (!missing.empty()) GTEST_SKIP() << missing;
    run_.reset();
    name_ = name();
    run_ = std::make_unique<Matrix>(place, options_, table);
    print();
  }

  const Matrix& run() const { return *run_; }

 private:
  std::string name() const { return options_.file_system + make_sensor_configuration(options_.switches); }

  void print() const {
    for (const auto& row : table) {
      for (const auto& [at, promise] : row.at) {
        if (!row.is_tried(at, options_.file_system)) continue;
        fmt::print("{:<6} {:<34} {:<7} {}\n", options_.file_system, row.method, at,
                   shown(run().outcome(row.method, at), row));
      }
    }
    std::cout << std::flush;
  }

  MatrixOptions options_;
  static std::unique_ptr<Matrix> run_;
  static std::string name_;
};
std::unique_ptr<Matrix> Coverage::run_;
std::string Coverage::name_;

class OfARow : public Coverage {
 public:
  OfARow(MatrixOptions options, const Expectation& row, std::string at)
      : Coverage(std::move(options)), row_(row), at_(std::move(at)) {}

 protected:
  const Expectation& row_;
  const std::string at_;
};

class IsAsPromised : public OfARow {
 public:
  using OfARow::OfARow;

  void TestBody() override {
    const auto& outcome = run().outcome(row_.method, at_);
    EXPECT_EQ(compare(outcome, row_, at_, run().active(at_)), "");
    if (outcome.is_unsupported) GTEST_SKIP() << "SKIP kernel: " << outcome.problem;
  }
};

// Of what a sensor is the first to tell: that it is off does not pass for its being there, whoever else tells
// of it later.
class FailsWithoutItsSensor : public OfARow {
 public:
  FailsWithoutItsSensor(MatrixOptions options, const Expectation& row, std::string at, std::string sensor)
      : OfARow(std::move(options), row, std::move(at)), sensor_(std::move(sensor)) {}

  void TestBody() override {
    const auto& outcome = run().outcome(row_.method, at_);
    if (outcome.is_unsupported) GTEST_SKIP() << "SKIP kernel: " << outcome.problem;
    ASSERT_EQ(outcome.problem, "");
    auto active = run().active(at_);
    // What a busy monitor may be forgiven where the sensor is there (see `compare`) is nothing to go by here.
    active.erase("close_write");
    active.insert(sensor_);
    if (sensor_ == "close_write") active.insert(taken_close_write);
    EXPECT_NE(compare(outcome, row_, at_, active), "");
  }

 private:
  const std::string sensor_;
};

class Balances : public Coverage {
 public:
  using Coverage::Coverage;
  void TestBody() override {
    ASSERT_TRUE(run().ledger().contains("balanced"));
    EXPECT_EQ(run().ledger().at("balanced"), 1U);
  }
};

std::string camel_case(std::string_view words) {
  std::string name;
  bool is_start = true;
  for (const char c : words) {
    if (c != '-' && c != '_' && c != ':') name.push_back(is_start ? static_cast<char>(std::toupper(c)) : c);
    is_start = c == '-' || c == '_' || c == ':';
  }
  return name;
}

// Which of its parts (`exec:busy`) is the first that is there by default; nothing where it is another's.
std::optional<std::string> part_that_is_first(const std::string& sensor, const Promise& promise) {
  if (promise.kind != Promise::Kind::finding) return std::nullopt;
  for (const auto& name : promise.sensors) {
    if (name == "upper_layer:writes") continue;
    return name.substr(0, name.find(':')) == sensor ? std::optional(name) : std::nullopt;
  }
  return std::nullopt;
}

void register_failures(const MatrixOptions& options, const std::string& suite, const std::string& name,
                       const Expectation& row, const std::string& at) {
  for (const auto& sensor : options.switches.off) {
    const auto part = part_that_is_first(sensor, row.at.at(at));
    if (!part) continue;
    const auto of = sensor == "close_write" ? "Mark" : "Sensor";
    testing::RegisterTest(suite.c_str(), (name + "FailsWithoutIts" + of).c_str(), nullptr, nullptr, __FILE__,
                          __LINE__, [options, &row, at, part = *part]() -> Coverage* {
                            return new FailsWithoutItsSensor(options, row, at, part);
                          });
  }
}

void register_file_system(const std::string& file_system, const Switches& switches) {
  const MatrixOptions options{.file_system = file_system, .switches = switches};
  std::string suite = "CoverageOn" + camel_case(file_system);
  for (const auto& sensor : switches.off) suite += "Without" + camel_case(sensor);
  for (const auto& sensor : switches.on) suite += "With" + camel_case(sensor);
  for (const auto& row : table) {
    for (const auto& [at, promise] : row.at) {
      if (!row.is_tried(at, file_system)) continue;
      const auto name = camel_case(row.method) + "In" + camel_case(at);
      register_failures(options, suite, name, row, at);
      if (switches.off.contains("close_write")) continue;
      testing::RegisterTest(
          suite.c_str(), (name + "IsAsPromised").c_str(), nullptr, nullptr, __FILE__, __LINE__,
          [options, &row, where = at]() -> Coverage* { return new IsAsPromised(options, row, where); });
    }
  }
  if (switches.off.contains("close_write")) return;
  testing::RegisterTest(suite.c_str(), "LedgerBalances", nullptr, nullptr, __FILE__, __LINE__,
                        [options]() -> Coverage* { return new Balances(options); });
}

}  // namespace
}  // namespace dropwarden::test

int main(int argc, char** argv) {
  using namespace dropwarden::test;
  return run_guarded([&](const RuntimePlace& runtime_place) {
    testing::InitGoogleTest(&argc, argv);
    place = runtime_place;
    table = read_expectations();
    for (const char* file_system : {"ext4", "xfs", "btrfs", "tmpfs"}) {
      register_file_system(file_system, {});
      register_file_system(file_system, {.on = {"upper_layer:writes"}});
      for (const char* sensor : switchable_sensors) register_file_system(file_system, {.off = {sensor}});
    }
    return RUN_ALL_TESTS();
  });
}
