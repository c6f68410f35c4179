// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/config/format_names.hpp"

#include <array>

namespace dropwarden::config {
namespace {

constexpr std::array names{
    FormatName{"auto", std::nullopt},   FormatName{"native", Format::native},
    FormatName{"text", Format::text},   FormatName{"tracee", Format::tracee},
    FormatName{"falco", Format::falco}, FormatName{"ecs", Format::ecs},
    FormatName{"ocsf", Format::ocsf},   FormatName{"cef", Format::cef},
};

}  // namespace

std::span<const FormatName> format_names() {
  return names;
}

}  // namespace dropwarden::config
