// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "dropwarden/privilege/privilege.hpp"

namespace dropwarden::privilege {

// What Privilege::probe_upper_events promises. `place` is a directory that is there on every machine: in a
// mount namespace that lives for the length of the call it is mounted over.
sys::Result<UpperEvents> probe_upper_events(const std::string& place);

}  // namespace dropwarden::privilege
