// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "dropwarden/model/finding.hpp"
#include "dropwarden/sink/format.hpp"

namespace dropwarden::sink {

// Adds a field whose value may hold any bytes, line feeds too: behind its length, 64 bits with the lowest
// byte first (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/).
void append_sized_field(std::string& entry, std::string_view name, std::string_view value);

// A finding as an entry of the journal, in its native protocol: MESSAGE in `format`, PRIORITY and the like of
// systemd.journal-fields(7), and the facts as fields DROPWARDEN_…. Pure.
std::string format_journal(const model::Finding& finding, Format format);

}  // namespace dropwarden::sink
