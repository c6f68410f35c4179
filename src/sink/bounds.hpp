// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include "dropwarden/util/escape.hpp"

namespace dropwarden::sink {

// How much of each text from outside a finding holds, in bytes after escaping.
namespace bounds {
inline constexpr std::size_t escaped = 4;                       // bytes that one byte becomes, at most
inline constexpr std::size_t path = escaped * 4096;             // PATH_MAX, path_resolution(7)
inline constexpr std::size_t raw_path = std::size_t{3} * 4096;  // not escaped: U+FFFD for each byte, at most
inline constexpr std::size_t raw_labels = 8192;
inline constexpr std::size_t header = 32;                    // raw bytes, before base64
inline constexpr std::size_t id = 128;                       // finding, container; a SHA-256 takes 64
inline constexpr std::size_t word = 64;                      // machine, sha256, pod uid
inline constexpr std::size_t node = 256;                     // HOST_NAME_MAX is 64, a DNS name 253
inline constexpr std::size_t container_name = 512;           // no runtime says
inline constexpr std::size_t image = 1024;                   // name or digest
inline constexpr std::size_t pod_name = 1024;                // a DNS subdomain is 253
inline constexpr std::size_t label_key = 512;                // Kubernetes allows 317
inline constexpr std::size_t label_value = 4096;             // OCI annotations have no bound
inline constexpr std::size_t labels = 32768;                 // keys and values in all
inline constexpr std::size_t label_count = 256;              // an entry `…` comes on top
inline constexpr std::size_t process_name = escaped * 64;    // comm has 15 bytes, a kworker's up to 63
inline constexpr std::size_t command_line = escaped * 4096;  // in all, as attribute::read_process cuts it
inline constexpr std::size_t argument_count = 65;            // likewise, with its `…`
inline constexpr std::size_t ancestor_exe = 4096;            // each of these
inline constexpr std::size_t ancestor_count = 16;
// Of the configuration, which has no longer ones.
inline constexpr std::size_t policy_name = 128;
inline constexpr std::size_t policy_reason = 1024;
inline constexpr std::size_t tag = 64;
inline constexpr std::size_t tag_count = 32;
}  // namespace bounds

// Escaped and cut: never invalid UTF-8, never a control character.
inline boost::json::string shown(std::string_view bytes, std::size_t bound,
                                 const boost::json::storage_ptr& storage) {
  return {util::escape(bytes, bound), storage};
}

inline boost::json::value text_or_null(std::string_view bytes, std::size_t bound,
                                       const boost::json::storage_ptr& storage) {
  if (bytes.empty()) return boost::json::value(nullptr, storage);
  // Not braces: they would make an array of one.
  return boost::json::value(shown(bytes, bound, storage));
}

}  // namespace dropwarden::sink
