// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>

#include "dropwarden/container/source.hpp"
#include "dropwarden/net/http.hpp"

namespace dropwarden::container {

struct DockerFailure {
  bool is_missing = false;  // status 404: there is no such container or image
  bool is_absent = false;   // there is no such socket
  std::string text;         // names the request; free of the server's bytes
};

// Requests to one Docker Engine socket, each over a connection of its own. A returned exchange must be kept:
// destroying it is how it is cancelled. Callbacks run on the loop, never inside the call. Loop's thread only.
class DockerApi {
 public:
  using OnAnswer = std::function<void(std::expected<net::HttpResponse, DockerFailure>)>;

  DockerApi(boost::asio::io_context& loop, SourceOptions options, Connect connect);

  // Any status but 200 is a failure.
  std::unique_ptr<net::HttpExchange> get(std::string_view target, OnAnswer on_answer) {
    return get(target, options_.timeout, std::move(on_answer));
  }
  std::unique_ptr<net::HttpExchange> get(std::string_view target, std::chrono::milliseconds timeout,
                                         OnAnswer on_answer);

  std::unique_ptr<net::HttpExchange> stream(std::string_view target, net::HttpStreamHandlers handlers);

  boost::asio::io_context& loop() { return loop_; }
  const SourceOptions& options() const { return options_; }

 private:
  boost::asio::io_context& loop_;
  SourceOptions options_;
  Connect connect_;
};

}  // namespace dropwarden::container
