// SPDX-License-Identifier: Apache-2.0
// Short texts: what was escaped, by us or by somebody else; the name of an image, as a runtime tells it; the
// fields and the URL of a webhook, as an operator wrote them.
#include <algorithm>
#include <stdexcept>
#include <string>

#include "dropwarden/net/web_client.hpp"
#include "dropwarden/policy/image_name.hpp"
#include "dropwarden/sink/webhook_destination.hpp"
#include "dropwarden/util/escape.hpp"
#include "dropwarden/util/utf8.hpp"

#include "input.hpp"
#include "sink/summary.hpp"

namespace {

using namespace dropwarden;
using fuzz::require;

void require_readable(std::string_view escaped) {
  while (!escaped.empty()) {
    const auto point = util::decode_utf8(escaped);
    require(point && !util::is_deceptive(point->value));
    escaped.remove_prefix(point->length);
  }
}

// None may end its line: what is behind it would be a field of its own, or a body.
void require_fields(std::string_view text) {
  try {
    for (const auto& [name, value] : sink::parse_header_lines(text)) {
      require(!name.empty() && name.find_first_of(": \t\r\n") == std::string::npos);
      require(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
    }
  } catch (const std::invalid_argument&) {
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::text_of(data, size);
  require(util::unescape(text).size() <= size);
  const std::string escaped = util::escape(text, std::string::npos);
  require_readable(escaped);
  require(util::unescape(escaped) == text);
  require(util::escape(text, 64).size() <= 64 + std::string_view("…").size());

  const auto image = sink::parse_image_name(text);
  require(text.starts_with(image.repository) && text.contains(image.tag));
  policy::split_image(text);

  require_fields(text);
  if (const auto url = net::parse_web_url(text)) {
    require(!url->host.empty() && url->port != 0 && url->target.starts_with('/'));
    require(text.contains(url->host));
  }
  return 0;
}
