// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "dropwarden/model/file_kind.hpp"

namespace dropwarden::sink {

// What a finding says of a kind under `event.file`: the fields `kind`, the object of its name, and
// `registration`, without braces around. Texts are escaped and bounded. Pure.
std::string format_kind(const model::FileKind& kind);

}  // namespace dropwarden::sink
