// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/daemon/profiles.hpp"

#include <boost/json.hpp>

#include "dropwarden/sandbox/profile.hpp"

namespace dropwarden::daemon {
namespace {

namespace json = boost::json;

json::string_view view(std::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

std::string format_profiles() {
  json::array profiles;
  for (const auto profile : sandbox::profiles) {
    json::array calls;
    for (const auto& call : sandbox::calls_of(profile, sandbox::Network::outputs)) {
      calls.push_back(json::object{{"call", view(call.name)},
                                   {"arguments", text_of_conditions(call)},
                                   {"verdict", name_of(call.verdict)},
                                   {"reason", view(call.reason)}});
    }
    profiles.push_back(json::object{{"profile", name_of(profile)}, {"calls", std::move(calls)}});
  }
  const json::object out{{"profiles", std::move(profiles)}};
  return json::serialize(out);
}

}  // namespace dropwarden::daemon
