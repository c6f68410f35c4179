// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "dropwarden/model/finding.hpp"
#include "dropwarden/sink/format.hpp"

namespace dropwarden::sink {

// A finding as an entry of the journal, in its native protocol: MESSAGE in `format`, PRIORITY and the like of
// systemd.journal-fields(7), and the facts as fields DROPWARDEN_…. Pure.
std::string format_journal(const model::Finding& finding, Format format);

}  // namespace dropwarden::sink
