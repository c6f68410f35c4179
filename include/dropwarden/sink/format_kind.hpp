// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "dropwarden/model/file_kind.hpp"

namespace dropwarden::sink {

// What a finding says under `file` `elf` or `script`, as the text of one JSON object. Texts are escaped and
// bounded. Pure.
std::string format_kind(const model::FileKind& kind);

}  // namespace dropwarden::sink
