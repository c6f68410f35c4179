// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "dropwarden/sink/destination.hpp"
#include "dropwarden/sys/append_file.hpp"

namespace dropwarden::sink {

// A file with a line a message. Throws sys::SystemError when it cannot be opened.
std::unique_ptr<Destination> open_file_destination(sys::AppendFileSettings settings);

}  // namespace dropwarden::sink
