// SPDX-License-Identifier: Apache-2.0
// What the monitor, or who reads the configuration, tells the supervisor. What is taken is what would be
// written of it again.
#include "dropwarden/privilege/link.hpp"

#include "input.hpp"
#include "privilege/codec.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dropwarden;
  const auto bytes = fuzz::text_of(data, size);
  privilege::Decoder decoder(bytes, {});
  const auto message = decoder.get<privilege::LinkMessage>();
  if (!decoder.is_well_formed()) return 0;
  privilege::Encoder encoder;
  encoder.put(message);
  const privilege::Outgoing again = encoder.take();
  fuzz::require(again.bytes == bytes && again.descriptors.empty());
  return 0;
}
