// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/config/format_names.hpp"

#include <array>

namespace dropwarden::config {
namespace {

constexpr std::array names{
    FormatName{"auto", std::nullopt, true},    FormatName{"native", Format::native, true},
    FormatName{"text", Format::text, true},    FormatName{"tracee", Format::tracee, true},
    FormatName{"falco", Format::falco, false}, FormatName{"ecs", Format::ecs, false},
    FormatName{"ocsf", Format::ocsf, false},   FormatName{"cef", Format::cef, false},
};

}  // namespace

std::span<const FormatName> format_names() {
  return names;
}

}  // namespace dropwarden::config
