// SPDX-License-Identifier: Apache-2.0
// An HTTP/1 server that answers and closes: a Docker socket, behind which anything may listen. The same bytes
// for one answer and for a stream, which are to find the same lines.
#include "dropwarden/net/http.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <utility>
#include <vector>

#include "input.hpp"

namespace {

using namespace dropwarden;
using fuzz::require;

constexpr net::HttpLimits limits{
    .timeout = std::chrono::seconds(10), .header = 2048, .body = 16384, .line = 256, .long_line = 4096};

// The client's end, and the server's, which has said all already.
std::pair<sys::Fd, sys::Fd> connect_to(std::string_view answer) {
  int ends[2];
  require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
  std::pair<sys::Fd, sys::Fd> pair{sys::Fd(ends[0]), sys::Fd(ends[1])};
  // As much as a fuzzer makes has room in the socket.
  const ssize_t sent = ::send(ends[1], answer.data(), answer.size(), MSG_NOSIGNAL);
  require(sent == static_cast<ssize_t>(answer.size()));
  require(::shutdown(ends[1], SHUT_WR) == 0);
  return pair;
}

void require_bounded(const net::HttpHeader& header) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : header.fields) {
    require(std::ranges::none_of(name, [](char c) { return c >= 'A' && c <= 'Z'; }));
    bytes += name.size() + value.size();
  }
  require(bytes <= limits.header);
}

std::optional<net::HttpResponse> get(std::string_view answer) {
  boost::asio::io_context loop;
  auto [own, server] = connect_to(answer);
  std::optional<std::expected<net::HttpResponse, net::HttpError>> result;
  const auto exchange = net::http_get(loop, std::move(own), "/", limits, [&](auto response) {
    require(!result);
    result = std::move(response);
  });
  loop.run();
  require(result.has_value());
  if (!*result) return std::nullopt;
  require_bounded((*result)->header);
  require((*result)->body.size() <= std::min(limits.body, answer.size()));
  return std::move(**result);
}

// Nothing in place of a line that was too long.
using Lines = std::vector<std::optional<std::string>>;

Lines stream(std::string_view answer) {
  boost::asio::io_context loop;
  auto [own, server] = connect_to(answer);
  Lines lines;
  bool is_open = false;
  bool has_ended = false;
  const auto exchange =
      net::http_stream(loop, std::move(own), "/", limits,
                       {.on_open =
                            [&](const net::HttpHeader& header) {
                              require(!is_open && !has_ended && header.status == 200);
                              require_bounded(header);
                              is_open = true;
                            },
                        .on_line =
                            [&](std::string_view line) {
                              require(is_open && !has_ended);
                              require(!line.empty() && line.size() <= limits.line && !line.contains('\n'));
                              lines.emplace_back(line);
                            },
                        .on_long_line =
                            [&] {
                              require(is_open && !has_ended);
                              lines.emplace_back(std::nullopt);
                            },
                        .on_end =
                            [&](const net::HttpError&) {
                              require(!has_ended);
                              has_ended = true;
                            }});
  loop.run();
  require(has_ended);
  return lines;
}

// Nothing where a line is so long that a stream ends there.
std::optional<Lines> lines_of(std::string_view body) {
  Lines lines;
  while (!body.empty()) {
    const auto end = body.find('\n');
    const auto line = body.substr(0, end);
    if (line.size() > limits.long_line) return std::nullopt;
    if (end == std::string_view::npos) break;
    body.remove_prefix(end + 1);
    if (line.size() > limits.line)
      lines.emplace_back(std::nullopt);
    else if (!line.empty())
      lines.emplace_back(line);
  }
  return lines;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto answer = fuzz::text_of(data, size);
  const auto response = get(answer);
  const auto lines = stream(answer);
  if (!response || response->header.status != 200) return 0;
  const auto expected = lines_of(response->body);
  if (expected) require(lines == *expected);
  return 0;
}
