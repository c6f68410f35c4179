// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dropwarden/model/finding.hpp"

namespace dropwarden::policy {

// What is to become of a finding, by all that is known of it by now. Pure.
model::Decision decide(const model::Finding& finding);

}  // namespace dropwarden::policy
