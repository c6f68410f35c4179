// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace dropwarden::container {

// Bounds on what is kept of the labels of one container. Whoever makes an image chooses them, and a runtime
// bounds each of them (containerd, 4096 bytes), or nothing (docker).
constexpr std::size_t max_labels = 256;
constexpr std::size_t max_label_bytes = 4096;                     // of a key, and of a value
constexpr std::size_t max_labels_bytes = std::size_t{16} << 10U;  // of all of them

struct KeptLabels {
  std::map<std::string, std::string> labels;
  std::size_t cut = 0;  // left out, or their value cut
};

// In the order of their keys, so that it is always the same ones that are kept. One that does not fit leaves
// room for those behind it: it must not hide them. Pure.
KeptLabels keep_labels(const std::map<std::string_view, std::string_view>& all);

}  // namespace dropwarden::container
