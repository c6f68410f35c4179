// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "dropwarden/layer/compare.hpp"
#include "dropwarden/layer/image.hpp"
#include "dropwarden/model/process.hpp"
#include "dropwarden/privilege/privilege.hpp"

namespace dropwarden::layer {

// What the program of a process is to the image: `path` and `inode` as /proc/PID/exe has them, of a file of
// the overlay itself. Both have to agree, since a process in a mount namespace of its own has any file at any
// path.
//
// `untouched` is proven by the layers alone: what the container has once had in the place of an image's file
// leaves an entry in the upper directory for good, be it a whiteout. `copied_up` is only what is there now:
// the container may have changed it and put it back. `unknown` for a directory on the way that was renamed or
// made anew, and where a layer is not read. Waits for disks: not for the event loop.
model::ProgramState judge_program(privilege::Privilege& privilege, Image& image, std::string_view path,
                                  std::uint64_t inode, const Budget& budget);

// Whether the image has a file at this path, and the container has never had anything in its place. Waits for
// disks: not for the event loop.
bool has_untouched_program(Image& image, std::string_view path);

}  // namespace dropwarden::layer
