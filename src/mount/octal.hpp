// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace dropwarden::mount {

// Text of a /proc file without the escapes that the kernel puts in place of separators (seq_file: `\` and
// three octal digits). A backslash that begins no such escape stays.
std::string unescape_octal(std::string_view text);

}  // namespace dropwarden::mount
