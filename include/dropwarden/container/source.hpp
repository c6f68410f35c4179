// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "dropwarden/container/observer.hpp"
#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"

namespace dropwarden::container {

// Follows one runtime: connects, subscribes to its events first and lists second, so that nothing falls
// between; connects again after a failure, with a growing pause. Never throws out of the loop: what a runtime
// does wrong becomes SourceState::problem. All on the loop's thread.
class Source {
 public:
  virtual ~Source() = default;

  // Begins; returns at once. The first list, or the first failure to connect, is reported by on_list or
  // on_state.
  virtual void start() = 0;
  // Cancels what is pending; no call to the observer afterwards.
  virtual void stop() = 0;
};

struct SourceOptions {
  std::string socket;                              // path
  std::chrono::milliseconds timeout{2000};         // for one request
  std::chrono::milliseconds retry_first{250};      // pause after a failure, doubled each time
  std::chrono::milliseconds retry_longest{10000};  // until this
  // Between lists made while the events are followed, for what no event told.
  std::chrono::milliseconds relist{30000};
  // Also containers that had ended before they were asked for (the Docker API alone).
  bool wants_ended = false;
};

// Opens a connected, non-blocking stream socket: privilege::Privilege::connect_unix, handed in by the
// composition root.
using Connect = std::function<sys::Result<sys::Fd>(const std::string& path)>;

// CRI v1 over gRPC (containerd, CRI-O), with containerd's own event stream where the socket has it.
std::unique_ptr<Source> make_cri_source(boost::asio::io_context& loop, SourceOptions options, Connect connect,
                                        Observer& observer);
// Docker Engine API (dockerd, podman).
std::unique_ptr<Source> make_docker_source(boost::asio::io_context& loop, SourceOptions options,
                                           Connect connect, Observer& observer);

}  // namespace dropwarden::container
