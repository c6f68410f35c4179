// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dropwarden/net/web_client.hpp"
#include "dropwarden/sink/destination.hpp"

namespace dropwarden::sink {

struct WebhookSettings {
  net::WebUrl url;
  net::TlsSettings tls;
  std::vector<std::pair<std::string, std::string>> fields;  // of the header, besides its own
  std::string content_type = "application/json";            // of one message
  std::size_t batch = 1;                                    // messages a request, a line each
  bool is_compressed = false;                               // gzip, RFC 1952
  std::chrono::milliseconds timeout{10'000};
};

// Posts messages to a server. A status of 200 to 299 says that it has them; 400, 413 and 422 that it will
// never take them: then each is tried alone, and what is refused alone is refused for ever. All else is a
// problem that may pass. Throws net::BadTls.
std::unique_ptr<Destination> make_webhook_destination(WebhookSettings settings);

// `text` as a gzip member. Pure.
std::string compress(std::string_view text);

// The lines `Name: value` of a file of headers; empty ones and those that begin with `#` are left out.
// Throws std::invalid_argument, which names the line and not what is in it: it may be a secret. Pure.
std::vector<std::pair<std::string, std::string>> parse_header_lines(std::string_view text);

}  // namespace dropwarden::sink
