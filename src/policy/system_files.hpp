// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace dropwarden::policy {

// Whether a directory is one in which programs or libraries of a system lie: what is put there is taken for
// the system's, or found by name. `directory` is absolute, without a slash at its end. Pure.
bool is_system_directory(std::string_view directory);

// Whether programs of a system have this name, so that a process of it is not looked at twice. Pure.
bool is_system_name(std::string_view name);

}  // namespace dropwarden::policy
