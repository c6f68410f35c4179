// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <boost/json/object.hpp>

#include "dropwarden/model/ids.hpp"
#include "dropwarden/util/time.hpp"

#include "go_json.hpp"

namespace dropwarden::sink {

// Builds a JSON object of what is known: for formats in which a key stands for a fact and is absent without
// it.
class KnownFields {
 public:
  template <class Value>
  KnownFields& add(std::string_view key, Value&& value) {
    object_.emplace(key, std::forward<Value>(value));
    return *this;
  }
  // Text keeps its characters; bytes that are no UTF-8 become U+FFFD. Nothing for an empty one.
  KnownFields& add_text(std::string_view key, std::string_view bytes, std::size_t bound) {
    if (!bytes.empty()) object_.emplace(key, go_text(bytes, bound));
    return *this;
  }
  KnownFields& add_number(std::string_view key, model::Pid pid) {
    if (pid.value != 0) object_.emplace(key, pid.value);
    return *this;
  }
  // RFC 3339; nothing for the epoch, which stands for an unknown time.
  KnownFields& add_time(std::string_view key, util::WallTime time) {
    if (time != util::WallTime{}) object_.emplace(key, util::format_rfc3339(time));
    return *this;
  }
  // Nothing for an empty one.
  KnownFields& add_object(std::string_view key, boost::json::object object) {
    if (!object.empty()) object_.emplace(key, std::move(object));
    return *this;
  }

  boost::json::object take() { return std::move(object_); }

 private:
  boost::json::object object_;
};

}  // namespace dropwarden::sink
