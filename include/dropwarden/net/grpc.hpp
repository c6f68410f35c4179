// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "dropwarden/sys/fd.hpp"
#include "dropwarden/util/strong.hpp"

namespace dropwarden::net {

// The status codes of gRPC, by number (grpc.io, "Status codes and their use in gRPC").
enum class GrpcCode : std::uint8_t {
  ok,
  cancelled,
  unknown,
  invalid_argument,
  deadline_exceeded,
  not_found,
  already_exists,
  permission_denied,
  resource_exhausted,
  failed_precondition,
  aborted,
  out_of_range,
  unimplemented,
  internal,
  unavailable,
  data_loss,
  unauthenticated,
};
const char* name_of(GrpcCode code);

// How a call ended. What the server did wrong, and a connection that broke, are told in the same way.
struct GrpcStatus {
  GrpcCode code = GrpcCode::ok;
  std::string message;  // bytes that the server chose, at most 4 KiB, or what went wrong on this side

  // `not_found: no container "x"`; escaped, at most 512 bytes.
  std::string text() const;

  friend bool operator==(const GrpcStatus&, const GrpcStatus&) = default;
};

// What a server can make a channel hold.
struct GrpcLimits {
  std::size_t message_bytes = std::size_t{16} << 20U;  // one message
  std::size_t memory_bytes = std::size_t{64} << 20U;   // all messages that are not delivered yet
  std::size_t calls = 256;                             // at once
};

struct GrpcRequest {
  std::string method;                                              // `/runtime.v1.RuntimeService/Version`
  std::string message;                                             // serialized
  std::chrono::milliseconds timeout{0};                            // for the whole call; 0 is no limit
  std::vector<std::pair<std::string, std::string>> metadata = {};  // further headers, names in lower case
};

// The one message of a unary call, serialized.
using GrpcReply = std::expected<std::string, GrpcStatus>;

using GrpcCallId = util::Strong<std::uint64_t, struct GrpcCallTag>;

// gRPC over one connected unix stream socket: HTTP/2 with prior knowledge, no TLS, no compression, no
// retries, no reconnecting. Nothing that the server sends makes it throw, hang past a timeout, or hold more
// than the limits allow. All on the loop's thread. Callbacks come from the loop, never from inside a member
// function; they may call any member and may destroy the channel. Once the connection is lost every call,
// also a later one, ends with `unavailable`.
class GrpcChannel {
 public:
  using OnReply = std::function<void(GrpcReply)>;
  using OnMessage = std::function<void(std::string_view)>;  // serialized; valid during the call
  using OnEnd = std::function<void(GrpcStatus)>;

  // Takes over `socket`. Sends the connection preface at once.
  GrpcChannel(boost::asio::io_context& loop, sys::Fd socket, GrpcLimits limits = {});
  // Cancels every call; no callback runs afterwards.
  ~GrpcChannel();
  GrpcChannel(const GrpcChannel&) = delete;
  GrpcChannel& operator=(const GrpcChannel&) = delete;

  // `on_reply` is called exactly once, unless the call is cancelled.
  GrpcCallId unary(GrpcRequest request, OnReply on_reply);

  // `on_message` for each message of the server, then `on_end` exactly once (with `ok` when the server ended
  // the stream in order), unless the call is cancelled.
  GrpcCallId server_stream(GrpcRequest request, OnMessage on_message, OnEnd on_end);

  // Tells the server, calls nothing back. A call that has ended is ignored.
  void cancel(GrpcCallId call);

 private:
  class Connection;
  std::shared_ptr<Connection> connection_;
};

}  // namespace dropwarden::net
