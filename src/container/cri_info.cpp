// SPDX-License-Identifier: Apache-2.0
#include "cri_info.hpp"

#include <cstdint>
#include <limits>

#include <boost/json/basic_parser_impl.hpp>

namespace dropwarden::container {
namespace {

constexpr std::size_t max_text_bytes = 4096;

// Called back by Boost.JSON's parser, which fixes the names, for each piece of the text. `true` is go on.
class Handler {
 public:
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = max_object_size;
  static constexpr std::size_t max_key_size = max_object_size;
  static constexpr std::size_t max_string_size = max_object_size;

  using Text = boost::json::string_view;
  using Error = boost::system::error_code;

  CriInfo info;
  bool is_object = false;

  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) { return true; }
  bool on_object_begin(Error&) {
    is_object = is_object || depth_ == 0;
    ++depth_;
    return true;
  }
  bool on_object_end(std::size_t, Error&) {
    --depth_;
    return true;
  }
  bool on_array_begin(Error&) {
    ++depth_;
    return true;
  }
  bool on_array_end(std::size_t, Error&) {
    --depth_;
    return true;
  }
  bool on_key_part(Text part, std::size_t, Error&) {
    append(part);
    return true;
  }
  bool on_key(Text part, std::size_t, Error&) {
    append(part);
    if (depth_ == 1) key_ = text_;
    text_.clear();
    return true;
  }
  bool on_string_part(Text part, std::size_t, Error&) {
    append(part);
    return true;
  }
  bool on_string(Text part, std::size_t, Error&) {
    append(part);
    if (depth_ == 1 && key_ == "sandboxID") info.sandbox_id = text_;
    if (depth_ == 1 && key_ == "image") info.image = text_;
    text_.clear();
    return true;
  }
  bool on_int64(std::int64_t number, Text, Error&) {
    const bool is_pid = number > 0 && number <= std::numeric_limits<std::int32_t>::max();
    if (depth_ == 1 && key_ == "pid" && is_pid) info.pid.value = static_cast<std::int32_t>(number);
    return true;
  }
  bool on_uint64(std::uint64_t, Text, Error&) { return true; }
  bool on_double(double, Text, Error&) { return true; }
  bool on_number_part(Text, Error&) { return true; }
  bool on_bool(bool, Error&) { return true; }
  bool on_null(Error&) { return true; }
  bool on_comment_part(Text, Error&) { return true; }
  bool on_comment(Text, Error&) { return true; }

 private:
  void append(Text part) {
    if (depth_ == 1 && text_.size() + part.size() <= max_text_bytes) text_.append(part.data(), part.size());
  }

  std::size_t depth_ = 0;
  std::string key_;   // of the outermost object
  std::string text_;  // key or string that is being read
};

}  // namespace

std::optional<CriInfo> parse_cri_info(std::string_view json) {
  boost::json::basic_parser<Handler> parser(boost::json::parse_options{});
  boost::system::error_code error;
  const std::size_t read = parser.write_some(false, json.data(), json.size(), error);
  if (error || read != json.size() || !parser.handler().is_object) return std::nullopt;
  return std::move(parser.handler().info);
}

}  // namespace dropwarden::container
