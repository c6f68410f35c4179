// SPDX-License-Identifier: Apache-2.0
#include <thread>

#include "answer.hpp"
#include "lanes.hpp"

// Owns the answering ends. A thread a lane and nothing between them: a request that hangs in a file system
// holds up its own lane alone.
namespace dropwarden::privilege {
namespace {

void serve_lane(const sys::Fd& lane, Privilege& privilege) {
  while (auto request = receive(lane.number(), max_request)) {
    const auto reply = answer(std::move(*request), privilege);
    if (!reply || !send(lane.number(), reply->message)) return;
  }
}

}  // namespace

void serve(std::vector<sys::Fd> lanes, Privilege& privilege) {
  std::vector<std::jthread> threads;
  threads.reserve(lanes.size());
  for (sys::Fd& lane : lanes)
    threads.emplace_back([lane = std::move(lane), &privilege] { serve_lane(lane, privilege); });
}

}  // namespace dropwarden::privilege
