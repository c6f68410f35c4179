// SPDX-License-Identifier: Apache-2.0
// The buffer that read(2) fills from an fanotify group.
#include <sys/fanotify.h>

#include "dropwarden/watch/decoder.hpp"

#include "input.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dropwarden;
  watch::Decoder decoder(fuzz::bytes_of(data, size));
  std::size_t records = 0;
  while (const auto event = decoder.next()) {
    fuzz::require(++records * FAN_EVENT_METADATA_LEN <= size);
    fuzz::require(event->descriptor < 0 || event->error == 0);
  }
  fuzz::require(decoder.is_at_end());
  return 0;
}
