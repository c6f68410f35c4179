// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sink/format_kind.hpp"

#include <boost/json/serialize.hpp>

#include "kind_json.hpp"

namespace dropwarden::sink {

std::string format_kind(const model::FileKind& kind) {
  const std::string format = model::name_of(kind.format);
  return "\"kind\":\"" + format + "\",\"" + format + "\":" + boost::json::serialize(kind_json(kind)) +
         ",\"registration\":" + boost::json::serialize(registration_json(kind.registration));
}

}  // namespace dropwarden::sink
