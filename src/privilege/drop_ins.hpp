// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "dropwarden/privilege/privilege.hpp"

namespace dropwarden::privilege {

// What Privilege::read_drop_ins promises, beside the configuration file.
sys::Result<std::vector<RegistrationFile>> read_drop_ins(const std::string& configuration);

}  // namespace dropwarden::privilege
