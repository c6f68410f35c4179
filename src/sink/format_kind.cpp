// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sink/format_kind.hpp"

#include <boost/json/serialize.hpp>

#include "kind_json.hpp"

namespace dropwarden::sink {

std::string format_kind(const model::FileKind& kind) {
  return boost::json::serialize(kind_json(kind));
}

}  // namespace dropwarden::sink
