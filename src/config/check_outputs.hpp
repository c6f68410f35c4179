// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema.hpp"

namespace dropwarden::config {

// What is wrong with the outputs that no key alone can tell.
Problem check_outputs(const Config& config);

}  // namespace dropwarden::config
