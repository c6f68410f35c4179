// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dropwarden/privilege/channel.hpp"

#include "message.hpp"

namespace dropwarden::privilege {

// A request as it is sent, and its answer: the bytes begin with the number of the request.
inline constexpr std::size_t max_request = std::size_t{4} << 20U;
inline constexpr std::size_t max_answer = std::size_t{20} << 20U;

struct Lanes::Request {
  Outgoing message;
};
struct Lanes::Answer {
  Incoming message;
};

}  // namespace dropwarden::privilege
