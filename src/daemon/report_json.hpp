// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include <boost/json.hpp>

#include "dropwarden/monitor/ledger.hpp"
#include "dropwarden/monitor/sync_state.hpp"
#include "dropwarden/util/time.hpp"

namespace dropwarden::daemon {

// What the daemon's reports share. Pure.

// `received`, how many events `ended` in each way, and what was `lost`.
boost::json::object to_json(const monitor::Ledger& ledger);
// Why it is desynced.
boost::json::array reasons_of(const monitor::SyncState& sync);
boost::json::value time_or_null(const std::optional<util::WallTime>& time);

}  // namespace dropwarden::daemon
