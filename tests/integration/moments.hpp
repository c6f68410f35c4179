// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <unistd.h>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "dropwarden/sys/file.hpp"

#include "own_place.hpp"
#include "support/child.hpp"
#include "support/daemon.hpp"
#include "support/file.hpp"
#include "support/overlay.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {

constexpr std::chrono::seconds patience{30};
inline const std::string no_sweep = "scan:\n  sweep: false\n";

// Others of the machine may be found as well: this asks about its own.
class Moments : public OwnOverlay {
 protected:
  std::string in_container(const std::string& file) const { return overlay_->merged() + file; }
  void drop(const std::string& file) const {
    std::filesystem::copy_file("/bin/busybox", in_container(file),
                               std::filesystem::copy_options::overwrite_existing);
    // Each with bytes of its own.
    write_file_at_end(in_container(file), file);
  }
  static void write_file_at_end(const std::string& file, const std::string& text) {
    const auto fd = sys::value_or_throw(sys::open_path(file, O_WRONLY | O_APPEND));
    require(::write(fd.number(), text.data(), text.size()) == static_cast<ssize_t>(text.size()), "write");
  }

  void start(const std::string& configuration = {}, const std::string& watch_keys = {}) {
    const std::string place = path("daemon" + std::to_string(++daemons_));
    std::filesystem::create_directory(place);
    daemon_ =
        std::make_unique<Daemon>(place, std::vector<RuntimeSocket>{}, std::vector<std::string>{},
                                 configuration + watch_without_runtimes(watch_keys), path("store/drops.db"));
  }

  std::optional<Record> wait_for(const std::string& file, std::chrono::milliseconds limit = patience) {
    return daemon_->wait_for_record(
        [&](const Record& record) { return text_at(record, "/data/path") == file; }, limit);
  }
  std::string sensor_of(const std::string& file) {
    const auto record = wait_for(file);
    return record ? text_at(*record, "/detected_by") : "none";
  }

  // Of the overlay, as `containers --json` has it.
  boost::json::value sync() const {
    const auto report = boost::json::parse(daemon_->report());
    for (const auto& mount : report.at("unidentified").as_array()) {
      if (text_at(mount, "/host_path") == overlay_->merged()) return mount.at("sync");
    }
    return nullptr;
  }
  bool is_synced() const {
    const auto state = sync();
    return state.is_object() && state.at("synced").as_bool();
  }
  bool wait_until_synced() const {
    return test::wait_for([&] { return is_synced(); }, patience);
  }
  bool wait_for_reason(const std::string& reason) const {
    return test::wait_for(
        [&] { return boost::json::serialize(sync()).find("\"" + reason + "\"") != std::string::npos; },
        patience);
  }

  // What had been written before this is looked at by then.
  void expect_untold_after_a_sweep(const std::vector<std::string>& files) {
    const auto time_of = [this] { return text_at(sync(), "/scan"); };
    for (int sweep = 0; sweep < 2; ++sweep) {
      const auto before = time_of();
      EXPECT_TRUE(test::wait_for([&] { return !time_of().empty() && time_of() != before; }, patience));
    }
    for (const auto& file : files) EXPECT_FALSE(wait_for(file, std::chrono::milliseconds{0})) << file;
  }

  std::unique_ptr<Daemon> daemon_;
  int daemons_ = 0;
};

}  // namespace dropwarden::test
