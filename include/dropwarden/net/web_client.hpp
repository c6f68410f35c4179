// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dropwarden::net {

// `https://user-visible.example:8443/path?query`, RFC 3986. No user, no fragment.
struct WebUrl {
  bool is_secure = true;
  std::string host;  // without the brackets of an IPv6 address
  std::uint16_t port = 443;
  std::string target = "/";

  friend bool operator==(const WebUrl&, const WebUrl&) = default;
};
// Nothing when it is none, or of another scheme. Pure.
std::optional<WebUrl> parse_web_url(std::string_view url);

// What a client trusts and shows, as the text of PEM files, so that nothing is opened later.
struct TlsSettings {
  std::string authorities;  // who is believed; of a connection without TLS it may be empty
  std::string certificate;  // the client's, with what leads to an authority; empty: none
  std::string key;
};

// The text of such a file cannot be used: which, and why.
class BadTls : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct WebRequest {
  std::vector<std::pair<std::string, std::string>> fields;  // Host, Content-Length and User-Agent are added
  std::string body;
};

// Posts to one server, over a connection that is kept as long as the server keeps it. TLS 1.2 or newer; the
// name of the server is checked. One thread, save `cancel`.
class WebClient {
 public:
  // `timeout` is for one exchange, with all that it takes to connect. Throws BadTls.
  WebClient(WebUrl url, const TlsSettings& tls, std::chrono::milliseconds timeout);
  ~WebClient();
  WebClient(const WebClient&) = delete;
  WebClient& operator=(const WebClient&) = delete;

  struct Answer {
    unsigned status = 0;
    std::string body;  // its beginning; the server's bytes, not escaped
  };
  // The answer, or why there is none.
  std::expected<Answer, std::string> post(const WebRequest& request);
  // An exchange under way ends at once, and every later one fails. Any thread.
  void cancel();

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace dropwarden::net
