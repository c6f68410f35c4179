// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "codec.hpp"

namespace dropwarden::privilege {

// An answer on its way. What it lends is open until it is destroyed.
struct Reply {
  Outgoing message;
  std::shared_ptr<const void> owned;
};

// Does what a message asks for, and says how it went. Nothing when it is malformed: no operation of this
// number, or not what belongs to it. What the implementation throws is not caught.
std::optional<Reply> answer(Incoming request, Privilege& privilege);

}  // namespace dropwarden::privilege
