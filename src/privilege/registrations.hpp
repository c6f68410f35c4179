// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "dropwarden/privilege/privilege.hpp"

namespace dropwarden::privilege {

// What Privilege::read_registrations promises, of the binfmt_misc at `path`.
sys::Result<std::vector<RegistrationFile>> read_registrations(const std::string& path);

}  // namespace dropwarden::privilege
