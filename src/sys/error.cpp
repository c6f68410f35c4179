// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/error.hpp"

#include <cerrno>
#include <system_error>

#include "dropwarden/util/escape.hpp"

namespace dropwarden::sys {

std::string Error::text() const {
  std::string out = call;
  if (!object.empty()) out += "(\"" + util::escape(object, 512) + "\")";
  return out + ": " + std::generic_category().message(number);
}

Error last_error(std::string_view call, std::string_view object) {
  const int number = errno;
  return {std::string(call), std::string(object), number};
}

}  // namespace dropwarden::sys
