// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/privilege/link.hpp"

#include <cerrno>

#include "dropwarden/privilege/channel.hpp"

#include "message.hpp"

namespace dropwarden::privilege {
namespace {

constexpr std::size_t max_link = std::size_t{1} << 20U;  // a configuration is no longer

}  // namespace

std::pair<sys::Fd, sys::Fd> open_link() {
  auto ends = open_lane();
  set_patience(ends.first.number(), std::chrono::seconds(1));
  return ends;
}

sys::Result<void> send_link(int socket, const LinkMessage& message) {
  Encoder encoder;
  encoder.put(message);
  for (const sys::Fd& lane : message.lanes) encoder.lend(lane.number());
  return send(socket, encoder.take());
}

sys::Result<LinkMessage> receive_link(int socket) {
  auto received = receive(socket, max_link);
  if (!received) return std::unexpected(std::move(received.error()));
  Decoder decoder(received->bytes, {});
  auto message = decoder.get<LinkMessage>();
  if (!decoder.is_well_formed()) return std::unexpected(sys::Error{"recvmsg", "link", EPROTO});
  message.lanes = std::move(received->descriptors);
  return message;
}

}  // namespace dropwarden::privilege
