// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/object.hpp>

#include "dropwarden/model/file_kind.hpp"

namespace dropwarden::sink {

// The facts of one format: `elf` {type, class, endian, machine, interpreter, static}, `script` {interpreter,
// argument}. Empty when the kind carries none. In `storage`.
boost::json::object kind_json(const model::FileKind& kind, boost::json::storage_ptr storage = {});

}  // namespace dropwarden::sink
