// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/object.hpp>

#include "dropwarden/monitor/ledger.hpp"

namespace dropwarden::daemon {

// `received`, how many events `ended` in each way, and what was `lost`. Pure.
boost::json::object to_json(const monitor::Ledger& ledger);

}  // namespace dropwarden::daemon
