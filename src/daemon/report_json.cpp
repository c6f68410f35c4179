// SPDX-License-Identifier: Apache-2.0
#include "report_json.hpp"

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

boost::json::array reasons_of(const monitor::SyncState& sync) {
  boost::json::array reasons;
  for (const auto reason : sync.reasons) reasons.emplace_back(name_of(reason));
  return reasons;
}

boost::json::value time_or_null(const std::optional<util::WallTime>& time) {
  return time ? boost::json::value(util::format_rfc3339(*time)) : boost::json::value(nullptr);
}

}  // namespace dropwarden::daemon
