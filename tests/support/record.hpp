// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <boost/json.hpp>

namespace dropwarden::test {

// One line of the daemon's standard output, native schema 1 (dropwarden-findings(5)).
using Record = boost::json::value;
using RecordPredicate = std::function<bool(const Record&)>;

// The string at a JSON pointer (RFC 6901); empty where there is none. Other scalars are given as JSON writes
// them.
std::string text_at(const Record& record, std::string_view pointer);

std::string container_of(const Record& record);
std::string path_of(const Record& record);

// Holds for records of this container and path; `final_of` only for those that wait for nothing more.
RecordPredicate drop_of(const std::string& container_id, const std::string& path);
RecordPredicate final_of(const std::string& container_id, const std::string& path);

}  // namespace dropwarden::test
