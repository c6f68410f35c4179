// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "dropwarden/model/signature.hpp"
#include "dropwarden/util/time.hpp"

namespace dropwarden::model {

// A record of a finding on its way to outputs that get it from the store. A value.
struct Message {
  std::uint64_t number = 0;  // grows with each message; 0: not given yet
  std::string encoding;      // in which form `body` is: outputs of the same encoding share messages
  std::string id;            // of the finding
  unsigned revision = 1;
  bool is_first = true;  // nobody has got one of this finding before
  Severity severity = Severity::info;
  util::WallTime time;  // of the event
  std::string body;
  // Since when it waits, by the clock of this process: of what a former one left, as the wall clock tells.
  std::chrono::steady_clock::time_point since{};
};

// Shared by the outputs that wait for it, and by the store.
using SharedMessage = std::shared_ptr<const Message>;

}  // namespace dropwarden::model
