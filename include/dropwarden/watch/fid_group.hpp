// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>

#include <boost/asio/io_context.hpp>

#include "dropwarden/model/disposition.hpp"
#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"
#include "dropwarden/watch/fid_decoder.hpp"

namespace dropwarden::watch {

// Reads one fanotify group in FID mode on a loop and hands each record on. Owns the group's descriptor alone:
// records hold nothing. It reads `rest` after the first record has come, in which what happens to one file
// becomes one record, and after a bounded number of reads the rest of the loop has its turn.
class FidGroup {
 public:
  // Called on the loop's thread; may call `stop` and may destroy the group; must not throw.
  struct Handler {
    // In their order, up to `most_at_once`; their names are gone after the call.
    std::function<void(std::span<const FidEvent>)> on_events;
    std::function<void()> on_rest;             // all that was queued has been handed on
    std::function<void(model::Loss)> on_loss;  // queue_overflow, malformed_event
    // Reading failed in a way that ends the group.
    std::function<void(sys::Error)> on_failure;
  };
  static constexpr std::size_t most_at_once = 32;
  // `group` is non-blocking and in FID mode. Throws boost::system::system_error when it cannot be polled. The
  // loop outlives the group.
  FidGroup(boost::asio::io_context& loop, sys::Fd group, std::chrono::milliseconds rest, Handler handler);
  ~FidGroup();
  FidGroup(const FidGroup&) = delete;
  FidGroup& operator=(const FidGroup&) = delete;

  void start();
  // Cancels the wait, hands on what is queued now and closes the group, which removes its marks. The
  // destructor closes without handing on.
  void stop();
  // For marks, which any thread may set while the group is open; -1 once stopped.
  int descriptor() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace dropwarden::watch
