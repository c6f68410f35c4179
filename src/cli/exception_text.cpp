// SPDX-License-Identifier: Apache-2.0
#include "exception_text.hpp"

#include <algorithm>
#include <string_view>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "dropwarden/model/file_kind.hpp"
#include "dropwarden/model/finding.hpp"
#include "dropwarden/policy/glob.hpp"
#include "dropwarden/policy/image_name.hpp"
#include "dropwarden/policy/kinds.hpp"
#include "dropwarden/util/escape.hpp"
#include "dropwarden/util/utf8.hpp"

namespace dropwarden::cli {
namespace {

namespace json = boost::json;

const json::value* find(const json::value& record, std::string_view pointer) {
  boost::system::error_code error;
  const json::value* const found = record.find_pointer(pointer, error);
  return found == nullptr || found->is_null() ? nullptr : found;
}

// As it was before it was escaped.
std::string text_at(const json::value& record, std::string_view pointer) {
  const json::value* const found = find(record, pointer);
  return found != nullptr && found->is_string() ? util::unescape(std::string(found->get_string()))
                                                : std::string{};
}

bool flag_at(const json::value& record, std::string_view pointer) {
  const json::value* const found = find(record, pointer);
  return found != nullptr && found->is_bool() && found->get_bool();
}

// The glob of a text, in double quotes as YAML has them: what could fool who reads it by its number, and
// bytes that are no text as any one character, since YAML has no word for them.
std::string quoted_glob(std::string_view text) {
  std::string quoted = "\"";
  std::size_t bytes = 0;
  while (!text.empty()) {
    const auto point = util::decode_utf8(text);
    const std::size_t length = point ? point->length : 1;
    const bool is_text = point && point->value != 0;
    const std::string glob = is_text ? policy::escape_glob(text.substr(0, length)) : "?";
    bytes += glob.size();
    if (is_text && util::is_deceptive(point->value)) {
      quoted += fmt::format("\\U{:08X}", point->value);
    } else {
      for (const char c : glob) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
      }
    }
    text.remove_prefix(length);
  }
  return bytes > policy::Glob::max_bytes ? std::string{} : quoted + '"';
}

template <class Value>
Value value_named(std::string_view name) {
  constexpr int more_than_any_has = 64;
  for (int i = 0; i < more_than_any_has; ++i) {
    if (name == name_of(static_cast<Value>(i))) return static_cast<Value>(i);
  }
  return Value{};
}

// The key of `classify` that decides for it; empty where the record names no kind.
std::string kind_of(const json::value& record) {
  const std::string format = text_at(record, "/event/file/kind");
  if (format.empty()) return {};
  model::FileKind kind{.format = value_named<model::Format>(format)};
  if (kind.format == model::Format::elf) {
    model::ElfFacts& elf = kind.elf.emplace();
    elf.type = value_named<model::ElfType>(text_at(record, "/event/file/elf/type"));
    elf.is_kernel_module = flag_at(record, "/event/file/elf/kernel_module");
    elf.is_ebpf = flag_at(record, "/event/file/elf/ebpf");
    elf.appimage_type = find(record, "/event/file/elf/appimage") != nullptr ? 1 : 0;
    const json::value* const packed = find(record, "/event/file/elf/packed");
    const bool is_packed = packed != nullptr && packed->is_array() && !packed->get_array().empty();
    if (is_packed) elf.packing.push_back(model::PackingSign::upx);
  }
  if (kind.format == model::Format::pe)
    kind.pe.emplace().is_dotnet = flag_at(record, "/event/file/pe/dotnet");
  const auto key = std::ranges::find(policy::kind_keys, policy::kind_switch(kind), &policy::KindKey::member);
  return key == policy::kind_keys.end() ? std::string{} : key->name;
}

class ExceptionText {
 public:
  explicit ExceptionText(const json::value& record) : record_(record) {}

  std::string print() {
    text_ = "policy:\n  exceptions:\n    - name: ";
    text_ += digits_of(text_at(record_, "/id")).substr(0, 16) + "\n      reason: say why this is expected\n";
    const std::string image = text_at(record_, "/event/container/image/name");
    const auto [name, tag] = policy::split_image(image);
    add_glob("image", name);
    add_glob("image_tag", tag);
    add_glob("image_digest", text_at(record_, "/event/container/image/digest"));
    add_glob("container", text_at(record_, "/event/container/name"));
    add_glob("pod", text_at(record_, "/event/container/pod/name"));
    add_glob("namespace", text_at(record_, "/event/container/pod/namespace"));
    add_glob("path", text_at(record_, "/event/file/path"));
    add_glob("writer", text_at(record_, "/event/process/exe"));
    const json::value* const user = find(record_, "/event/process/uid");
    if (user != nullptr && user->is_number()) add("user", json::serialize(*user));
    add("kind", kind_of(record_));
    const auto origin = known_word<model::Origin>("/event/file/origin");
    if (origin != "unchanged") add("origin", origin);
    add("place", known_word<model::Place>("/event/file/mount"));
    if (text_at(record_, "/event/file/sha256/status") == "done")
      add("sha256", "\"" + digits_of(text_at(record_, "/event/file/sha256/value")) + "\"");
    return text_;
  }

 private:
  // The record comes from a database that who has the daemon's rights could have written, and what is printed
  // here is put into a configuration: nothing gets there that could be more than a value.
  static std::string digits_of(const std::string& text) {
    return text.substr(0, text.find_first_not_of("0123456789abcdef"));
  }
  template <class Value>
  std::string known_word(std::string_view pointer) const {
    const std::string word = text_at(record_, pointer);
    return word == name_of(value_named<Value>(word)) ? word : std::string{};
  }

  void add(std::string_view key, const std::string& value) {
    if (!value.empty()) text_ += "      " + std::string(key) + ": " + value + "\n";
  }
  void add_glob(std::string_view key, std::string_view text) {
    if (!text.empty()) add(key, quoted_glob(text));
  }

  const json::value& record_;
  std::string text_;
};

}  // namespace

std::string exception_for(const json::value& record) {
  return ExceptionText(record).print();
}

}  // namespace dropwarden::cli
