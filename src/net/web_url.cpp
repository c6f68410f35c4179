// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "dropwarden/net/web_client.hpp"
#include "dropwarden/util/text.hpp"

namespace dropwarden::net {

std::optional<WebUrl> parse_web_url(std::string_view text) {
  WebUrl url;
  const bool is_printable = std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
  if (!is_printable || text.find('#') != std::string_view::npos) return std::nullopt;
  if (text.starts_with("https://")) {
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
    url.is_secure = false;
    url.port = 80;
  } else {
    return std::nullopt;
  }
  const auto end = std::min(text.find('/'), text.find('?'));
  std::string_view authority = text.substr(0, end);
  if (end != std::string_view::npos) url.target = text.substr(end);
  if (url.target.starts_with('?')) url.target.insert(0, "/");
  if (authority.find('@') != std::string_view::npos) return std::nullopt;
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    url.host = authority.substr(1, close - 1);
    authority.remove_prefix(close + 1);
    if (!authority.empty() && !authority.starts_with(':')) return std::nullopt;
  } else {
    url.host = authority.substr(0, authority.find(':'));
    authority.remove_prefix(url.host.size());
  }
  if (url.host.empty()) return std::nullopt;
  if (authority.empty()) return url;
  const auto port = util::parse_number<std::uint16_t>(authority.substr(1));
  if (!port || *port == 0) return std::nullopt;
  url.port = *port;
  return url;
}

}  // namespace dropwarden::net
