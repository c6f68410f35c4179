// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/watch/fid_decoder.hpp"

#include <algorithm>
#include <cstring>
#include <sys/fanotify.h>

namespace dropwarden::watch {
namespace {

using Bytes = std::span<const std::byte>;

// In front of the opaque bytes: struct fanotify_event_info_fid, and struct file_handle's two numbers.
constexpr std::size_t fid_bytes = sizeof(struct fanotify_event_info_fid);
constexpr std::size_t handle_head_bytes = 2 * sizeof(std::uint32_t);

template <class T>
T read_value(Bytes bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

// A file system and a handle, and what of the information record is behind them.
struct ParsedFid {
  Fid fid;
  Bytes rest;
};

std::optional<ParsedFid> parse_fid(Bytes record) {
  if (record.size() < fid_bytes + handle_head_bytes) return std::nullopt;
  const auto info = read_value<struct fanotify_event_info_fid>(record);
  const Bytes head = record.subspan(fid_bytes);
  const auto length = read_value<std::uint32_t>(head);
  const auto type = read_value<std::int32_t>(head.subspan(sizeof length));
  const Bytes opaque = head.subspan(handle_head_bytes);
  if (length > opaque.size()) return std::nullopt;
  const auto handle = sys::FileHandle::make(type, opaque.first(length));
  if (!handle) return std::nullopt;
  // Both words in the order in which fstatfs(2) is read (sys/file.hpp).
  std::uint64_t id = 0;
  static_assert(sizeof info.fsid == sizeof id);
  std::memcpy(&id, &info.fsid, sizeof id);
  return ParsedFid{.fid = {.file_system = {id}, .handle = *handle}, .rest = opaque.subspan(length)};
}

// Ends in a zero byte, and may be followed by padding. A name cannot have a `/`: one that had would lead out
// of its directory.
std::optional<std::string_view> parse_name(Bytes bytes) {
  const auto end = std::ranges::find(bytes, std::byte{0});
  if (end == bytes.end()) return std::nullopt;
  const std::string_view name(reinterpret_cast<const char*>(bytes.data()),
                              static_cast<std::size_t>(end - bytes.begin()));
  if (name.contains('/')) return std::nullopt;
  return name;
}

// False when it contradicts itself.
bool add_info(FidEvent& event, std::uint8_t type, Bytes record) {
  const bool has_name = type == FAN_EVENT_INFO_TYPE_DFID_NAME;
  const bool is_directory = has_name || type == FAN_EVENT_INFO_TYPE_DFID;
  if (!is_directory && type != FAN_EVENT_INFO_TYPE_FID) return true;
  const auto parsed = parse_fid(record);
  if (!parsed) return false;
  (is_directory ? event.directory : event.object) = parsed->fid;
  if (!has_name) return true;
  const auto name = parse_name(parsed->rest);
  if (name) event.name = *name;
  return name.has_value();
}

bool add_infos(FidEvent& event, Bytes records) {
  while (!records.empty()) {
    if (records.size() < sizeof(struct fanotify_event_info_header)) return false;
    const auto header = read_value<struct fanotify_event_info_header>(records);
    if (header.len < sizeof header || header.len > records.size()) return false;
    if (!add_info(event, header.info_type, records.first(header.len))) return false;
    records = records.subspan(header.len);
  }
  return true;
}

}  // namespace

bool FidEvent::is_directory() const {
  return (mask & FAN_ONDIR) != 0;
}

std::nullopt_t FidDecoder::give_up() {
  rest_ = {};
  is_malformed_ = true;
  return std::nullopt;
}

std::optional<FidEvent> FidDecoder::next() {
  if (rest_.empty()) return std::nullopt;
  if (rest_.size() < sizeof(struct fanotify_event_metadata)) return give_up();
  const auto metadata = read_value<struct fanotify_event_metadata>(rest_);
  const bool is_sound = metadata.vers == FANOTIFY_METADATA_VERSION &&
                        metadata.metadata_len >= sizeof metadata &&
                        metadata.event_len >= metadata.metadata_len && metadata.event_len <= rest_.size();
  if (!is_sound) return give_up();
  const Bytes record = rest_.first(metadata.event_len);
  FidEvent event{.mask = metadata.mask,
                 .pid = {metadata.pid},
                 .is_overflow = (metadata.mask & FAN_Q_OVERFLOW) != 0,
                 .directory = {},
                 .name = {},
                 .object = {}};
  if (!event.is_overflow && !add_infos(event, record.subspan(metadata.metadata_len))) return give_up();
  rest_ = rest_.subspan(metadata.event_len);
  return event;
}

}  // namespace dropwarden::watch
