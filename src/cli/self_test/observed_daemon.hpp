// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "dropwarden/sys/fd.hpp"

namespace dropwarden::cli {

// `dropwarden run` as a child of its own, with what it prints. The destructor ends it.
class ObservedDaemon {
 public:
  // Starts this very program. Throws sys::SystemError.
  explicit ObservedDaemon(const std::filesystem::path& config_file);
  ~ObservedDaemon();
  ObservedDaemon(const ObservedDaemon&) = delete;
  ObservedDaemon& operator=(const ObservedDaemon&) = delete;

  // Reads until `is_enough` holds, asked after each line; false when `patience` or the daemon ended before.
  bool wait(const std::function<bool()>& is_enough, std::chrono::milliseconds patience);

  const std::vector<std::string>& findings() const { return output_.lines; }
  const std::vector<std::string>& log() const { return log_.lines; }

 private:
  struct Stream {
    sys::Fd pipe;
    std::string rest;
    std::vector<std::string> lines;

    void read();
  };

  pid_t child_ = -1;
  Stream output_;
  Stream log_;
};

}  // namespace dropwarden::cli
