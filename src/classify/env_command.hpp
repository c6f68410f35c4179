// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace dropwarden::classify {

// The program that env(1) runs when `argument` is its first argument: `python3` for `-S python3 -u`. As GNU
// env splits it; variables are not filled in. Empty when it would run none, or a script's own name is next.
std::string program_of_env(std::string_view argument);

}  // namespace dropwarden::classify
