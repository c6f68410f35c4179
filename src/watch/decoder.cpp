// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/watch/decoder.hpp"

#include <cstring>

#include "dropwarden/sys/fanotify_abi.hpp"

namespace dropwarden::watch {
namespace {

// MAX_ERRNO of <linux/err.h>.
constexpr std::int32_t max_errno = 4095;

bool is_well_formed(const struct fanotify_event_metadata& metadata, std::size_t available) {
  return metadata.vers == FANOTIFY_METADATA_VERSION && metadata.metadata_len >= sizeof metadata &&
         metadata.event_len >= metadata.metadata_len && metadata.event_len <= available;
}

RawEvent::Type type_of(const struct fanotify_event_metadata& metadata) {
  if ((metadata.mask & FAN_Q_OVERFLOW) != 0) return RawEvent::Type::overflow;
  return metadata.fd >= 0 ? RawEvent::Type::file : RawEvent::Type::open_error;
}

}  // namespace

std::optional<RawEvent> Decoder::next() {
  if (rest_.empty()) return std::nullopt;
  struct fanotify_event_metadata metadata{};
  const bool is_whole = rest_.size() >= sizeof metadata;
  if (is_whole) std::memcpy(&metadata, rest_.data(), sizeof metadata);
  if (!is_whole || !is_well_formed(metadata, rest_.size())) {
    rest_ = {};
    is_malformed_ = true;
    return std::nullopt;
  }
  rest_ = rest_.subspan(metadata.event_len);
  return RawEvent{.type = type_of(metadata),
                  .mask = metadata.mask,
                  .pid = {metadata.pid},
                  .descriptor = metadata.fd >= 0 ? metadata.fd : -1,
                  .error = metadata.fd < FAN_NOFD && metadata.fd >= -max_errno ? -metadata.fd : 0};
}

}  // namespace dropwarden::watch
