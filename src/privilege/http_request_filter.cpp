// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "request_filter.hpp"

namespace dropwarden::privilege {
namespace {

constexpr std::size_t longest = 1024;
constexpr std::string_view end_of_header = "\r\n\r\n";

bool is_id(std::string_view text) {
  const auto is_part = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-' || c == ':' || c == '.';
  };
  // No `..`, and no name of another endpoint: that has no `/json` behind it.
  return !text.empty() && text.size() <= 128 && text.front() != '.' && std::ranges::all_of(text, is_part);
}

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= 20 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// What is between the two, or nothing.
std::string_view between(std::string_view text, std::string_view head, std::string_view tail) {
  if (text.size() < head.size() + tail.size() || !text.starts_with(head) || !text.ends_with(tail)) return {};
  return text.substr(head.size(), text.size() - head.size() - tail.size());
}

// A field line that the client writes. No body is announced, and no other protocol asked for.
bool is_allowed_field(std::string_view line) {
  return line == "Host: localhost" || line == "Accept: application/json" || line == "Connection: close" ||
         line.starts_with("User-Agent: dropwarden/");
}

}  // namespace

bool HttpRequestFilter::is_allowed_target(std::string_view target) {
  if (target == "/_ping" || target == "/containers/json?all=1") return true;
  return is_id(between(target, "/containers/", "/json")) || is_id(between(target, "/images/", "/json")) ||
         is_number(between(target, "/events?since=", "&filters=%7B%22type%22%3A%5B%22container%22%5D%7D"));
}

std::expected<std::string, std::string> HttpRequestFilter::pass(std::string_view bytes) {
  if (bytes.empty()) return std::string{};
  if (is_over_) return std::unexpected("more than one request");
  held_ += bytes;
  if (held_.size() > longest) return std::unexpected("a long request");
  const auto end = held_.find(end_of_header);
  if (end == std::string::npos) return std::string{};
  if (end + end_of_header.size() != held_.size()) return std::unexpected("a request with a body");
  std::string_view rest = std::string_view(held_).substr(0, end);
  const auto first = rest.substr(0, rest.find("\r\n"));
  if (!is_allowed_target(between(first, "GET ", " HTTP/1.1"))) return std::unexpected("another request");
  rest.remove_prefix(first.size());
  while (!rest.empty()) {
    rest.remove_prefix(2);
    const auto line = rest.substr(0, rest.find("\r\n"));
    const bool has_control = std::ranges::any_of(line, [](char c) { return c < ' ' || c == 0x7f; });
    if (has_control || !is_allowed_field(line)) return std::unexpected("another field");
    rest.remove_prefix(line.size());
  }
  is_over_ = true;
  return std::move(held_);
}

}  // namespace dropwarden::privilege
