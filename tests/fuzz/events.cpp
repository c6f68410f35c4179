// SPDX-License-Identifier: Apache-2.0
// The buffer that read(2) fills from an fanotify group.
#include "dropwarden/watch/decoder.hpp"

#include "input.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  dropwarden::watch::Decoder decoder(dropwarden::fuzz::bytes_of(data, size));
  while (decoder.next()) {
  }
  return 0;
}
