// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

namespace dropwarden::sink {

// JSON as Go's encoding/json writes it (Marshal): besides what RFC 8259 asks for, `<`, `>`, `&` and U+2028,
// U+2029 are escaped in strings. So are all other characters that move a cursor or reorder text
// (util::is_deceptive), which Go leaves as they are: to a parser both are the same, to a terminal not. Pure.
std::string serialize_as_go(const boost::json::value& value);

// `bytes` with U+FFFD for each byte that is not part of well-formed UTF-8, as Go prints such a string, cut to
// `bound` bytes; what was cut ends in `…`. Pure.
std::string go_text(std::string_view bytes, std::size_t bound);

}  // namespace dropwarden::sink
