// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "dropwarden/model/finding.hpp"

namespace dropwarden::sink {

// Native schema 1, one JSON object (RFC 8259) without a line feed (dropwarden-findings(5)). Pure.
//
// Every key of the schema is always there and in the same order, with one exception: `file` has the object
// named by its `kind`, not those of other kinds. What is not known is null: an empty text, a process number
// 0, a start time at the epoch, a login uid that was never set, `pod` of a container in no pod. A list or
// `labels` without content is empty. Times are RFC 3339 in UTC with nanoseconds. Integers are exact; an
// `inode` may exceed 2^53.
//
// Texts from containers and runtimes are escaped (util::escape) before they become JSON strings and cut to a
// bound each, then they end in `…`; a list or `labels` that was cut has a last entry `…`. A line never
// exceeds `max_native_bytes`.
std::string format_native(const model::Finding& finding);
inline constexpr std::size_t max_native_bytes = std::size_t{512} << 10U;

// One line for a person: time, severity, container, kind, path, process, and what later revisions tell. Text
// from outside that could be taken for something else is put in double quotes. `is_colored` adds SGR
// sequences. Pure.
std::string format_text(const model::Finding& finding, bool is_colored);

}  // namespace dropwarden::sink
