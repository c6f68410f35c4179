// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct nghttp2_session;

namespace dropwarden::net {

// What an HTTP/2 server sent, per stream. Called from inside Http2Session's members: must not call them back,
// save `reset`, and must not throw (C code is between).
class Http2Events {
 public:
  virtual ~Http2Events() = default;

  // One field of the header or the trailer; pseudo headers begin with a colon.
  virtual void on_header(std::int32_t stream, std::string_view name, std::string_view value) = 0;
  virtual void on_data(std::int32_t stream, std::string_view bytes) = 0;
  // Nothing follows for this stream. `error_code` of RFC 9113 section 7, 0 when the server ended it in order.
  virtual void on_closed(std::int32_t stream, std::uint32_t error_code) = 0;
};

// The client's side of one HTTP/2 connection as a function over bytes; no socket, no clock. Owns an nghttp2
// session and the request bodies that are not sent yet. Flow control windows are given back as soon as the
// bytes were told, so what is held is the caller's affair. After an error of `receive` or `take_output` only
// the destructor may follow.
class Http2Session {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  explicit Http2Session(Http2Events& events);

  // Queues a request with all of its body; its stream, or why there can be no more on this connection.
  std::expected<std::int32_t, std::string> submit(const Headers& headers, std::string body);

  // Queues RST_STREAM with CANCEL.
  void reset(std::int32_t stream);

  // Bytes of the server, of any length. The error is for a log: the protocol is broken, or the server makes
  // us queue answers without end and does not read them.
  std::expected<void, std::string> receive(std::string_view bytes);

  // Bytes for the server, about `target` of them or fewer; empty when there are none. An error when the
  // server makes us queue answers without end and does not read them.
  std::expected<std::string, std::string> take_output(std::size_t target);

  // Neither side has anything to say any more: the connection should be closed.
  bool is_over() const;

  // Why, when the protocol was broken.
  const std::string& complaint() const { return complaint_; }

 private:
  struct Callbacks;
  struct SessionDelete {
    void operator()(nghttp2_session* session) const;
  };
  struct Body {
    std::string bytes;
    std::size_t sent = 0;
  };

  Http2Events& events_;
  std::map<std::int32_t, Body> bodies_;
  std::string complaint_;
  std::unique_ptr<nghttp2_session, SessionDelete> session_;
};

}  // namespace dropwarden::net
