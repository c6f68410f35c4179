// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <utility>

namespace dropwarden::util {

// A value of type T that does not mix with other values of type T: a mount ID is not an inode number.
// `Tag` is never defined. The value is reached by name, so that leaving the type is visible.
template <class T, class Tag>
struct Strong {
  T value{};

  friend auto operator<=>(const Strong&, const Strong&) = default;
};

}  // namespace dropwarden::util

template <class T, class Tag>
struct std::hash<dropwarden::util::Strong<T, Tag>> {
  std::size_t operator()(const dropwarden::util::Strong<T, Tag>& strong) const noexcept {
    return std::hash<T>{}(strong.value);
  }
};
