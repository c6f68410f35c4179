// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/util/time.hpp"

namespace dropwarden::monitor {

enum class Condition {
  ok,
  degraded,   // it watches, and something is late, was lost and is being looked for, or lacks facts
  unhealthy,  // it may be blind
};
inline constexpr std::array conditions{Condition::ok, Condition::degraded, Condition::unhealthy};
const char* name_of(Condition condition);

// Why the daemon is not well, by the part that is concerned; what is not said is well. One thread.
class Health {
 public:
  struct Reason {
    std::string part;
    Condition condition = Condition::ok;
    std::string text;        // for people; what came from outside is escaped
    util::WallTime since{};  // of this condition
  };

  // True when the condition of the part is another than before: what is to be logged.
  bool set(std::string_view part, Condition condition, std::string text, util::WallTime now);
  bool clear(std::string_view part) { return set(part, Condition::ok, {}, {}); }

  // The worst of all.
  Condition condition() const;
  bool is_unhealthy() const { return condition() == Condition::unhealthy; }
  // The worst first.
  std::vector<Reason> reasons() const;

 private:
  std::map<std::string, Reason, std::less<>> reasons_;
};

}  // namespace dropwarden::monitor
