// SPDX-License-Identifier: Apache-2.0
#include "lender.hpp"

#include <cerrno>

#include "dropwarden/privilege/channel.hpp"
#include "dropwarden/sys/pidfd.hpp"

#include "message.hpp"
#include "operations.hpp"

// Owns the pidfd of the process that asks. It comes from who started that, never from itself: who could name
// another would be handed what that has open.
namespace dropwarden::privilege {
namespace {

using Clock = std::chrono::steady_clock;  // CLOCK_MONOTONIC: the same in every process

// In the place of the number of an operation.
constexpr std::uint16_t by_numbers = 0xffff;
static_assert(std::tuple_size_v<Operations> < by_numbers);

}  // namespace

std::pair<sys::Fd, sys::Fd> open_introduction() {
  auto ends = open_lane();
  set_patience(ends.second.number(), std::chrono::seconds(1));
  return ends;
}

sys::Result<void> introduce(int introduction, const sys::Fd& pidfd) {
  return send(introduction, {.bytes = {}, .descriptors = {pidfd.number()}});
}

Outgoing tell_numbers(const Outgoing& request, Clock::time_point until) {
  Encoder encoder;
  encoder.put(by_numbers);
  encoder.put(std::int64_t{until.time_since_epoch().count()});
  encoder.put(request.descriptors);
  encoder.put(request.bytes);
  return encoder.take();
}

sys::Result<Incoming> Lender::complete(Incoming request) {
  Decoder decoder(request.bytes, request.descriptors);
  if (decoder.get<std::uint16_t>() != by_numbers) return request;
  const Clock::time_point until{Clock::duration{decoder.get<std::int64_t>()}};
  const auto numbers = decoder.get<std::vector<std::int32_t>>();
  Incoming whole{.bytes = decoder.get<std::string>(), .descriptors = {}};
  if (!decoder.is_well_formed() || numbers.empty() || numbers.size() > max_descriptors)
    return std::unexpected(sys::Error{"recvmsg", "channel", EPROTO});
  for (const std::int32_t number : numbers) {
    auto duplicated = duplicate(number);
    if (!duplicated) return std::unexpected(std::move(duplicated.error()));
    whole.descriptors.push_back(std::move(*duplicated));
  }
  // Who has given the answer up closes them, and opens others under the same numbers.
  if (Clock::now() >= until) return std::unexpected(sys::Error{"pidfd_getfd", "channel", ETIMEDOUT});
  return whole;
}

sys::Result<sys::Fd> Lender::duplicate(std::int32_t number) {
  const std::lock_guard lock(mutex_);
  if (!process_ && introduction_) {
    auto introduced = receive(introduction_.number(), 0);
    if (introduced && introduced->descriptors.size() == 1)
      process_ = std::move(introduced->descriptors.front());
    // It may come later, or never.
    if (introduced || introduced.error().number != ETIMEDOUT) introduction_.reset();
  }
  return sys::duplicate_from(process_.number(), number);
}

}  // namespace dropwarden::privilege
