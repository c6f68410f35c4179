// SPDX-License-Identifier: Apache-2.0
#include "support/record.hpp"

namespace dropwarden::test {

std::string text_at(const Record& record, std::string_view pointer) {
  boost::json::error_code error;
  const auto* value = record.find_pointer({pointer.data(), pointer.size()}, error);
  if (value == nullptr || value->is_null()) return {};
  return value->is_string() ? std::string(value->get_string()) : boost::json::serialize(*value);
}

std::string container_of(const Record& record) {
  return text_at(record, "/event/container/id");
}
std::string path_of(const Record& record) {
  return text_at(record, "/event/file/path");
}

RecordPredicate drop_of(const std::string& container_id, const std::string& path) {
  return
      [=](const Record& record) { return container_of(record) == container_id && path_of(record) == path; };
}

RecordPredicate final_of(const std::string& container_id, const std::string& path) {
  return [is_drop = drop_of(container_id, path)](const Record& record) {
    return is_drop(record) && text_at(record, "/status") == "final";
  };
}

}  // namespace dropwarden::test
