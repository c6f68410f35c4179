// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include <boost/json/array.hpp>

#include "support/record.hpp"

namespace dropwarden::test {

// The mounts of a container in what `containers --json` printed; none when it is not there.
boost::json::array mounts_of(const Record& report, std::string_view container_id);

}  // namespace dropwarden::test
