// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace dropwarden::util {

// Bytes that a container may have written, made fit for a log line, a terminal or a JSON string: printable
// UTF-8 stays, the backslash becomes `\\`, and control characters (C0, DEL, C1), invalid UTF-8, Unicode line
// separators and bidirectional overrides become `\n`, `\t`, `\r` or `\xNN` byte by byte, so the original can
// be read back. The result holds at most `max_bytes` bytes of escaped text; what was cut is marked by a final
// `…`.
std::string escape(std::string_view bytes, std::size_t max_bytes = 4096);

// The inverse of `escape` for text that was not cut. Used by tests and by tools that open the file again.
std::string unescape(std::string_view escaped);

}  // namespace dropwarden::util
