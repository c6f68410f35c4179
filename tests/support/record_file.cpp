// SPDX-License-Identifier: Apache-2.0
#include "support/record_file.hpp"

#include <fcntl.h>
#include <span>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/text.hpp"

#include "support/wait.hpp"

namespace dropwarden::test {

const std::vector<Record>& RecordFile::all() {
  const sys::Fd file = sys::value_or_throw(sys::open_path(file_, O_RDONLY));
  std::string text(sys::value_or_throw(sys::read_status(file.number())).size - bytes_read_, '\0');
  const auto into = std::as_writable_bytes(std::span(text));
  text.resize(sys::value_or_throw(sys::read_at(file.number(), into, bytes_read_)));
  auto lines = util::split(text, '\n');
  // The rest after the last line feed is being written.
  lines.pop_back();
  for (const auto line : lines) {
    records_.push_back(boost::json::parse({line.data(), line.size()}));
    bytes_read_ += line.size() + 1;
  }
  return records_;
}

std::optional<Record> RecordFile::wait_for(const RecordPredicate& is_wanted,
                                           std::chrono::milliseconds limit) {
  std::optional<Record> found;
  std::size_t looked_at = 0;
  const auto look = [&] {
    const auto& records = all();
    while (!found && looked_at < records.size()) {
      if (is_wanted(records[looked_at])) found = records[looked_at];
      ++looked_at;
    }
    return found.has_value();
  };
  test::wait_for(look, limit);
  return found;
}

std::set<std::string> RecordFile::ids(const std::string& container_id) {
  std::set<std::string> ids;
  for (const auto& record : all()) {
    if (container_of(record) == container_id) ids.insert(text_at(record, "/id"));
  }
  return ids;
}

}  // namespace dropwarden::test
