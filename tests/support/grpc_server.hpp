// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "dropwarden/sys/fd.hpp"

namespace dropwarden::test {

// Two connected stream sockets, non-blocking.
std::pair<sys::Fd, sys::Fd> make_socket_pair();

// `message` with gRPC's five bytes before it.
std::string grpc_frame(const std::string& message);

using Fields = std::vector<std::pair<std::string, std::string>>;

// What a scripted server sends for one call; by default the empty, successful answer.
struct Answer {
  Fields headers{{":status", "200"}, {"content-type", "application/grpc"}};
  std::string body = {};                                          // raw bytes of the DATA frames
  std::optional<Fields> trailers = Fields{{"grpc-status", "0"}};  // nothing: END_STREAM without a trailer
  bool stays_open = false;                                        // after the body, until `push` and `finish`
  std::optional<std::uint32_t> reset_code = {};                   // RST_STREAM in place of all of the above
  bool is_silent = false;                                         // nothing at all

  static Answer message(const std::string& message) { return raw(grpc_frame(message)); }
  static Answer raw(const std::string& body);
  static Answer open(const std::string& body = {});
  static Answer silent();
  static Answer reset(std::uint32_t code);
  static Answer status(int code, const std::string& message);
};

// A scripted gRPC server on the test's own loop, over one socket.
class GrpcServer {
 public:
  struct Call {
    std::string method;
    std::string message;  // the request, without the five bytes
    Fields headers;
  };
  using Handler = std::function<Answer(const Call&)>;

  GrpcServer(boost::asio::io_context& loop, sys::Fd socket);
  ~GrpcServer();

  // Methods without a handler are answered with `unimplemented`.
  void on(const std::string& method, Handler handler);

  // Raw bytes on every open stream of the method; how many there are.
  std::size_t push(const std::string& method, const std::string& bytes);
  void finish(const std::string& method, Fields trailers);

  void go_away();
  void close();

  std::size_t calls(const std::string& method) const;
  std::size_t resets() const;  // RST_STREAM frames that came

 private:
  class Session;
  std::shared_ptr<Session> session_;
};

}  // namespace dropwarden::test
