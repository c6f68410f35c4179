// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

namespace dropwarden::daemon {

// Tells when something changes in the directory of the configuration, or in that of its drop-ins
// (inotify(7)). Directories and not files: editors, and the links of a ConfigMap, put another file in the
// place of the old. Loop's thread only.
class ConfigWatch {
 public:
  // Neither the file nor its directory need exist: without a directory nothing is watched. Needs leave to
  // read it.
  ConfigWatch(boost::asio::io_context& loop, const std::filesystem::path& file);

  // `on_change` is called once for changes that follow each other within moments.
  void start(std::function<void()> on_change);
  void stop();

 private:
  void watch();
  void read();
  bool concerns_us(std::string_view name) const;
  void await_quiet();
  void on_quiet();

  const std::filesystem::path directory_;
  const std::string file_;  // its name
  boost::asio::posix::stream_descriptor events_;
  boost::asio::steady_timer pause_;
  std::function<void()> on_change_;
};

}  // namespace dropwarden::daemon
