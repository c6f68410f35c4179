// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>

#include "dropwarden/layer/compare.hpp"
#include "dropwarden/layer/image.hpp"
#include "dropwarden/model/finding.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/sys/fd.hpp"
#include "dropwarden/sys/file.hpp"

namespace dropwarden::layer {

// A file of a container's overlay, as it was when it was seen.
struct SeenFile {
  model::FileFacts facts;  // `path` from the root of the overlay
  // Whether the path was told by a mount of the overlay's own root. Through a bind mount inside the container
  // a file has another path, which the image may have as well.
  bool is_path_certain = false;
};

// Two files of one size whose bytes decide.
struct Comparison {
  sys::Fd upper;
  sys::Fd image;
  sys::FileStatus seen;  // of the upper file before
};

// An overlay shows the inode of the file in the image that a file was copied up from, else that of the upper
// file (`ovl_getattr`); with xino, the number of the layer stands in the topmost bits.
bool is_inode_of(std::uint64_t inode, const sys::FileStatus& status);

// SHA-256 of an open file as 64 hexadecimal digits; empty when it was not read whole.
using Digest = std::function<std::string(int fd, std::uint64_t size)>;

// Nothing where the file has changed since it was seen, be it by chmod(2) alone, and only its digest could
// tell: asked again with that in the facts, there is always an answer.
using Answer = std::optional<model::Origin>;

// Where a file comes from, or the comparison that decides it. Never `unchanged` unless it is proven that
// the file that was seen has the bytes that the image has at its path: the file at that path in the upper
// directory must be the one seen (size, mtime, ctime and inode), or its digest must be the image's, and the
// file the one at that path by its inode. What is replaced by a file is `modified` whatever it was, save a
// directory. `unknown` where a file system is not read or a path not known. Waits for disks: not for the
// event loop.
//
// Wrong in one case: on a kernel without fine-grained times (before Linux 6.13) a file that was changed and
// changed back within one tick of its ctime (10 ms at most).
std::variant<Answer, Comparison> find_origin(privilege::Privilege& privilege, Image& image,
                                             const SeenFile& seen, const Digest& digest);

// `unknown` beyond the budget.
Answer compare(const Comparison& comparison, const Budget& budget, const std::stop_token& stop = {});

}  // namespace dropwarden::layer
