// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstring>
#include <sys/fanotify.h>
#include <vector>

namespace dropwarden::watch {

// One record as the kernel would write it: a file that `pid` has closed.
inline struct fanotify_event_metadata file_record(int descriptor, int pid = 1) {
  return {.event_len = FAN_EVENT_METADATA_LEN,
          .vers = FANOTIFY_METADATA_VERSION,
          .reserved = 0,
          .metadata_len = FAN_EVENT_METADATA_LEN,
          .mask = FAN_CLOSE_WRITE,
          .fd = descriptor,
          .pid = pid};
}

inline struct fanotify_event_metadata overflow_record() {
  auto record = file_record(FAN_NOFD, 0);
  record.mask = FAN_Q_OVERFLOW;
  return record;
}

inline std::vector<std::byte> bytes_of(const std::vector<struct fanotify_event_metadata>& records) {
  std::vector<std::byte> bytes(records.size() * sizeof records[0]);
  std::memcpy(bytes.data(), records.data(), bytes.size());
  return bytes;
}

}  // namespace dropwarden::watch
