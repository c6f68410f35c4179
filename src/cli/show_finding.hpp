// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <CLI/CLI.hpp>

#include "open_store.hpp"
#include "verbs.hpp"

namespace dropwarden::cli {

// `show ID` of the verb `findings`. The database may be named before and behind `show`: `choice` is that of
// both.
void add_show_finding(CLI::App& findings, const std::shared_ptr<StoreChoice>& choice, Session& session);

}  // namespace dropwarden::cli
