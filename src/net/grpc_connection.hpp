// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include "dropwarden/net/grpc.hpp"

#include "grpc_response.hpp"
#include "http2_session.hpp"

namespace dropwarden::net {

// Owns the socket, the HTTP/2 session and the open calls. Kept alive by its own pending reads, writes and
// timers, so that a callback may destroy the channel. Told things by the session while that runs C code, so
// they are noted first and delivered to the callbacks when it has returned.
class GrpcChannel::Connection final : public std::enable_shared_from_this<Connection>, private Http2Events {
 public:
  Connection(boost::asio::io_context& loop, GrpcLimits limits);

  void start(sys::Fd socket);
  // Exactly one of `on_reply` and `on_end` is set.
  GrpcCallId call(GrpcRequest request, OnReply on_reply, OnMessage on_message, OnEnd on_end);
  void cancel(GrpcCallId id);
  // Drops everything, calls nothing back.
  void abandon();

 private:
  struct Call {
    Call(boost::asio::io_context& loop, std::size_t max_message_bytes)
        : response(max_message_bytes), deadline(loop) {}

    std::int32_t stream = 0;  // 0 when none was opened
    OnReply on_reply;
    OnMessage on_message;
    OnEnd on_end;
    GrpcResponse response;
    std::size_t messages = 0;          // that came
    std::optional<std::string> reply;  // of a unary call
    bool has_ended = false;            // its end is noted; nothing more is taken
    boost::asio::steady_timer deadline;
  };

  // A message, or the end of a call.
  struct Note {
    GrpcCallId call;
    std::string message;
    std::optional<GrpcStatus> end;
  };

  void on_header(std::int32_t stream, std::string_view name, std::string_view value) override;
  void on_data(std::int32_t stream, std::string_view bytes) override;
  void on_closed(std::int32_t stream, std::uint32_t error_code) override;

  void read_next();
  void write_next();
  void set_deadline(GrpcCallId id, Call& call, std::chrono::milliseconds timeout);
  // Notes the end; tells the server unless it closed the stream itself.
  void end(GrpcCallId id, GrpcStatus status, bool is_closed_by_server = false);
  void fail(GrpcCode code, std::string text);
  void close_socket();
  void deliver();
  void deliver_soon();
  void deliver(Note& note);
  std::size_t held_bytes() const;
  std::optional<GrpcCallId> find(std::int32_t stream) const;

  boost::asio::io_context& loop_;
  const GrpcLimits limits_;
  boost::asio::local::stream_protocol::socket socket_;
  Http2Session http2_;
  std::optional<GrpcStatus> failure_;  // why the connection is gone
  std::uint64_t last_id_ = 0;
  std::map<GrpcCallId, std::shared_ptr<Call>> calls_;
  std::map<std::int32_t, GrpcCallId> streams_;
  std::deque<Note> notes_;
  std::size_t noted_bytes_ = 0;
  std::vector<char> input_;
  std::string output_;  // being written
  bool is_delivery_posted_ = false;
};

}  // namespace dropwarden::net
