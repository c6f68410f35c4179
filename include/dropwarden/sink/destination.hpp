// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "dropwarden/model/message.hpp"

namespace dropwarden::sink {

// What became of messages that were to be sent.
struct Sent {
  std::size_t taken = 0;    // how many of them, from the first, the receiver has
  bool is_refused = false;  // it will never take the one after these
  std::string problem{};    // why not all; for the log, escaped and bounded. Empty when all were taken
};

// Where messages go. Owns what it needs for that: descriptors, connections, certificates; what is opened by
// a path as another user is opened by the constructor. One thread, save where it says otherwise.
class Destination {
 public:
  virtual ~Destination() = default;

  // Sends messages, the oldest first, and waits for the receiver as long as it usually takes, which is
  // seconds. After a problem the next call connects anew.
  virtual Sent send(std::span<const model::SharedMessage> messages) = 0;
  // How many it takes at once.
  virtual std::size_t max_messages() const { return 1; }
  // A `send` under way ends soon, and no later one waits. Any thread.
  virtual void cancel() = 0;
  // What it writes to was renamed: lets go of it and opens it anew.
  virtual void reopen() {}
};

}  // namespace dropwarden::sink
