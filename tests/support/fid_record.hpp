// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <sys/fanotify.h>
#include <vector>

namespace dropwarden::watch {

using Bytes = std::vector<std::byte>;

inline void append(Bytes& bytes, const void* from, std::size_t length) {
  const auto* begin = static_cast<const std::byte*>(from);
  bytes.insert(bytes.end(), begin, begin + length);
}
template <class T>
void append_value(Bytes& bytes, T value) {
  append(bytes, &value, sizeof value);
}

// An information record as the kernel writes it: padded to 4 bytes, the name ended by a zero byte.
inline Bytes fid_info(std::uint8_t type, std::string_view handle, std::string_view name = {},
                      std::uint64_t file_system = 0x1122334455667788, std::int32_t handle_type = 0x81) {
  Bytes body;
  append_value(body, file_system);
  append_value(body, static_cast<std::uint32_t>(handle.size()));
  append_value(body, handle_type);
  append(body, handle.data(), handle.size());
  if (type == FAN_EVENT_INFO_TYPE_DFID_NAME) {
    append(body, name.data(), name.size());
    body.push_back(std::byte{0});
  }
  while (body.size() % 4 != 0) body.push_back(std::byte{0});
  Bytes record;
  append_value(record, type);
  append_value(record, std::uint8_t{0});
  append_value(record, static_cast<std::uint16_t>(body.size() + 4));
  record.insert(record.end(), body.begin(), body.end());
  return record;
}

// A record of a file that `pid` has done something to.
inline Bytes fid_record(std::uint64_t mask, const std::vector<Bytes>& infos, int pid = 7) {
  std::size_t length = FAN_EVENT_METADATA_LEN;
  for (const Bytes& info : infos) length += info.size();
  const struct fanotify_event_metadata metadata{.event_len = static_cast<std::uint32_t>(length),
                                                .vers = FANOTIFY_METADATA_VERSION,
                                                .reserved = 0,
                                                .metadata_len = FAN_EVENT_METADATA_LEN,
                                                .mask = mask,
                                                .fd = FAN_NOFD,
                                                .pid = pid};
  Bytes bytes;
  append_value(bytes, metadata);
  for (const Bytes& info : infos) bytes.insert(bytes.end(), info.begin(), info.end());
  return bytes;
}

inline Bytes joined(const std::vector<Bytes>& records) {
  Bytes all;
  for (const Bytes& record : records) all.insert(all.end(), record.begin(), record.end());
  return all;
}

}  // namespace dropwarden::watch
