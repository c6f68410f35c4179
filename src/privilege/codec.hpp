// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "fields.hpp"

namespace dropwarden::privilege {

// Values as bytes and descriptors, between processes of one program on one machine: numbers as the processor
// has them, everything of variable length behind its length.

// A message to be sent: lends the descriptors until it is.
struct Outgoing {
  std::string bytes;
  std::vector<int> descriptors;
};

// A message that was received.
struct Incoming {
  std::string bytes;
  std::vector<sys::Fd> descriptors;
};

class Encoder {
 public:
  template <class T>
    requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void put(T value) {
    message_.bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void put(std::string_view text) {
    put_length(text.size());
    message_.bytes += text;
  }
  void put(const std::string& text) { put(std::string_view{text}); }
  void put(const sys::Fd& file) { lend(file.number()); }
  void put(const sys::FileHandle& handle) {
    put(handle.type());
    const auto bytes = handle.bytes();
    put(std::string_view{reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  template <class T>
  void put(const std::vector<T>& all) {
    put_length(all.size());
    for (const T& one : all) put(one);
  }
  template <class T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value) put(*value);
  }
  template <class... T>
  void put(const std::variant<T...>& value) {
    put(static_cast<std::uint8_t>(value.index()));
    std::visit([&](const auto& held) { put(held); }, value);
  }
  template <class T>
  void put(const sys::Result<T>& result) {
    put(result.has_value());
    if (!result) return put(result.error());
    if constexpr (!std::is_void_v<T>) put(*result);
  }
  template <class S>
    requires requires(S& s) { fields_of(s); }
  void put(const S& fields) {
    std::apply([&](const auto&... field) { (put(field), ...); }, fields_of(fields));
  }
  // A descriptor beside the bytes.
  void lend(int descriptor) { message_.descriptors.push_back(descriptor); }

  Outgoing take() { return std::move(message_); }

 private:
  void put_length(std::size_t length) { put(static_cast<std::uint32_t>(length)); }

  Outgoing message_;
};

// Pure. Once something does not fit, everything that is still asked for is empty, and `is_well_formed` false:
// also when bytes or descriptors are left over at the end.
class Decoder {
 public:
  Decoder(std::string_view bytes, std::span<sys::Fd> descriptors) : rest_(bytes), files_(descriptors) {}

  bool is_well_formed() const { return !has_failed_ && rest_.empty() && files_.empty(); }

  template <class T>
  T get() {
    T value{};
    get(value);
    return value;
  }

  template <class T>
    requires std::is_arithmetic_v<T>
  void get(T& value) {
    if (rest_.size() < sizeof value) return fail();
    if constexpr (std::same_as<T, bool>) {
      if (static_cast<unsigned char>(rest_.front()) > 1) return fail();
    }
    rest_.copy(reinterpret_cast<char*>(&value), sizeof value);
    rest_.remove_prefix(sizeof value);
  }
  template <class E>
    requires std::is_enum_v<E>
  void get(E& value) {
    const auto number = get<std::underlying_type_t<E>>();
    if (number < 0 || static_cast<unsigned>(number) >= count_of<E>) return fail();
    value = static_cast<E>(number);
  }
  void get(std::string& text) {
    const auto length = get<std::uint32_t>();
    if (has_failed_ || length > rest_.size()) return fail();
    text = rest_.substr(0, length);
    rest_.remove_prefix(length);
  }
  // All that are left.
  std::vector<sys::Fd> take_descriptors() {
    const auto files = std::exchange(files_, {});
    return {std::move_iterator(files.begin()), std::move_iterator(files.end())};
  }
  void get(sys::Fd& file) {
    if (has_failed_ || files_.empty()) return fail();
    file = std::move(files_.front());
    files_ = files_.subspan(1);
  }
  void get(sys::FileHandle& handle) {
    const auto type = get<std::int32_t>();
    const auto bytes = get<std::string>();
    const auto made = sys::FileHandle::make(type, std::as_bytes(std::span(bytes)));
    if (has_failed_ || !made) return fail();
    handle = *made;
  }
  template <class T>
  void get(std::vector<T>& all) {
    const auto length = get<std::uint32_t>();
    // Each takes a byte at least, so that nobody can ask for memory with a number.
    if (has_failed_ || length > rest_.size()) return fail();
    for (std::uint32_t i = 0; i < length && !has_failed_; ++i) all.push_back(get<T>());
  }
  template <class T>
  void get(std::optional<T>& value) {
    if (get<bool>()) get(value.emplace());
  }
  template <class... T>
  void get(std::variant<T...>& value) {
    const auto index = get<std::uint8_t>();
    if (index >= sizeof...(T)) return fail();
    std::uint8_t at = 0;
    ((at++ == index ? get(value.template emplace<T>()) : void()), ...);
  }
  template <class T>
  void get(sys::Result<T>& result) {
    if (get<bool>()) {
      if constexpr (!std::is_void_v<T>) get(result.emplace());
    } else {
      result = std::unexpected(get<sys::Error>());
    }
  }
  template <class S>
    requires requires(S& s) { fields_of(s); }
  void get(S& fields) {
    std::apply([&](auto&... field) { (get(field), ...); }, fields_of(fields));
  }

 private:
  void fail() {
    has_failed_ = true;
    rest_ = {};
  }

  std::string_view rest_;
  std::span<sys::Fd> files_;
  bool has_failed_ = false;
};

}  // namespace dropwarden::privilege
