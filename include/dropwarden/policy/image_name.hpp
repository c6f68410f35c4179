// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <utility>

namespace dropwarden::policy {

// `docker.io/library/nginx:1.25@sha256:…` without what follows the name, and the tag. Pure.
std::pair<std::string_view, std::string_view> split_image(std::string_view name);

}  // namespace dropwarden::policy
