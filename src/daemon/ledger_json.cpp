// SPDX-License-Identifier: Apache-2.0
#include "ledger_json.hpp"

namespace dropwarden::daemon {

boost::json::object to_json(const monitor::Ledger& ledger) {
  boost::json::object out{{"received", ledger.received()}};
  boost::json::object ended;
  for (const auto disposition : model::dispositions) ended[name_of(disposition)] = ledger.ended(disposition);
  boost::json::object lost;
  for (const auto loss : model::losses) lost[name_of(loss)] = ledger.lost(loss);
  out["ended"] = std::move(ended);
  out["lost"] = std::move(lost);
  return out;
}

}  // namespace dropwarden::daemon
