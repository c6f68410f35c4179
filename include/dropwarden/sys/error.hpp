// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <stdexcept>
#include <string>
#include <string_view>

namespace dropwarden::sys {

// Why a system call failed: which call, on what object, with which errno. `object` may hold bytes that a
// container chose; `text()` escapes them.
struct Error {
  std::string call;
  std::string object;
  int number = 0;

  // `open("/x"): No such file or directory`.
  std::string text() const;
};

// An expected outcome: the caller decides what a failure means.
template <class T>
using Result = std::expected<T, Error>;

// Cannot go on here: thrown by constructors and `open_x`.
class SystemError : public std::runtime_error {
 public:
  explicit SystemError(Error error) : std::runtime_error(error.text()), error_(std::move(error)) {}
  const Error& error() const { return error_; }

 private:
  Error error_;
};

// `errno` as an Error; call it before anything else can change errno.
Error last_error(std::string_view call, std::string_view object = {});
inline std::unexpected<Error> unexpected_errno(std::string_view call, std::string_view object = {}) {
  return std::unexpected(last_error(call, object));
}

// The value, or throws SystemError.
template <class T>
T value_or_throw(Result<T> result) {
  if (!result) throw SystemError(std::move(result.error()));
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace dropwarden::sys
