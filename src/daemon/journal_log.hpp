// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <spdlog/common.h>
#include <spdlog/sinks/sink.h>

#include "dropwarden/sys/fd.hpp"

namespace dropwarden::daemon {

// The MESSAGE_ID of lines of this level, to which packaging/systemd/dropwarden.catalog says what they mean
// and what to do (`journalctl --catalog`). Empty below `warn`.
std::string_view message_id_of(spdlog::level::level_enum level);

// An entry of the journal with this text (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/).
std::string format_journal_entry(spdlog::level::level_enum level, std::string_view text);

// Whether standard error goes to the journal, by what systemd says of it in `told` (JOURNAL_STREAM,
// systemd.exec(5)): whoever has redirected it since wants the lines there.
bool is_journal(int descriptor, const char* told);

// A socket that is connected to the journal; an empty one where there is none.
sys::Fd connect_journal(const std::string& path = "/run/systemd/journal/socket");

// Sends each line to the journal, with its level and MESSAGE_ID, which text on standard error could not have.
// What the journal does not take at once goes to `otherwise`: to wait for it would hold up the caller.
spdlog::sink_ptr make_journal_sink(sys::Fd socket, spdlog::sink_ptr otherwise);

}  // namespace dropwarden::daemon
