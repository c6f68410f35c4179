// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "dropwarden/model/file_kind.hpp"

namespace dropwarden::sink {

// The facts of the kind's format, as findings have them under the format's name (dropwarden-findings(5)).
// Empty for a format that has none. In `storage`.
boost::json::object kind_json(const model::FileKind& kind, boost::json::storage_ptr storage = {});

// What of these facts most distinguishes files of one format, for any format, the most telling first: its
// type and machine, or the name of its interpreter. Raw bytes; texts may be empty.
std::vector<std::string> telling_facts(const boost::json::object& facts);

// An object, or null where there is none.
boost::json::value registration_json(const std::optional<model::Registration>& registration,
                                     boost::json::storage_ptr storage = {});

}  // namespace dropwarden::sink
