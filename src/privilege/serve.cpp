// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <optional>
#include <thread>

#include "answer.hpp"
#include "lanes.hpp"
#include "lender.hpp"

// Owns the answering ends. A thread a lane and nothing between them: a request that hangs in a file system
// holds up its own lane alone.
namespace dropwarden::privilege {
namespace {

// Nothing when the request is malformed.
std::optional<Reply> reply_to(Incoming request, Privilege& privilege, Lender& lender) {
  auto whole = lender.complete(std::move(request));
  if (whole) return answer(std::move(*whole), privilege);
  // No answer is empty but this one: nothing was done.
  return whole.error().number == EPROTO ? std::nullopt : std::optional<Reply>(std::in_place);
}

void serve_lane(const sys::Fd& lane, Privilege& privilege, Lender& lender) {
  while (auto request = receive(lane.number(), max_request)) {
    const auto reply = reply_to(std::move(*request), privilege, lender);
    if (!reply || !send(lane.number(), reply->message)) return;
  }
}

}  // namespace

void serve(std::vector<sys::Fd> lanes, Privilege& privilege, sys::Fd introduction) {
  Lender lender(std::move(introduction));
  std::vector<std::jthread> threads;
  threads.reserve(lanes.size());
  for (sys::Fd& lane : lanes)
    threads.emplace_back(
        [lane = std::move(lane), &privilege, &lender] { serve_lane(lane, privilege, lender); });
}

}  // namespace dropwarden::privilege
