// SPDX-License-Identifier: Apache-2.0
// The buffer that read(2) fills from an fanotify group whose records name files by handles. The names are a
// container's. What is decoded is decoded once more from what the kernel would write of it.
#include <string>
#include <vector>

#include <climits>

#include "dropwarden/watch/fid_decoder.hpp"

#include "input.hpp"
#include "support/fid_record.hpp"

namespace {

using namespace dropwarden::watch;
using dropwarden::fuzz::require;

Bytes info_of(std::uint8_t type, const Fid& fid, std::string_view name = {}) {
  const auto bytes = fid.handle.bytes();
  return fid_info(type, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, name,
                  fid.file_system.value, fid.handle.type());
}

Bytes record_of(const FidEvent& event) {
  std::vector<Bytes> infos;
  if (event.directory) infos.push_back(info_of(FAN_EVENT_INFO_TYPE_DFID_NAME, *event.directory, event.name));
  if (event.object) infos.push_back(info_of(FAN_EVENT_INFO_TYPE_FID, *event.object));
  return fid_record(event.mask, infos, event.pid.value);
}

void require_the_same_again(const FidEvent& event) {
  const Bytes bytes = record_of(event);
  FidDecoder decoder(bytes);
  const auto again = decoder.next();
  require(again.has_value() && !decoder.next() && !decoder.is_malformed());
  require(again->mask == event.mask && again->pid == event.pid && again->is_overflow == event.is_overflow);
  require(again->directory == event.directory && again->name == event.name && again->object == event.object);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FidDecoder decoder(dropwarden::fuzz::bytes_of(data, size));
  std::size_t records = 0;
  while (const auto event = decoder.next()) {
    require(++records * FAN_EVENT_METADATA_LEN <= size);
    require(!event->name.contains('/') && !event->name.contains('\0'));
    require(event->name.empty() || event->directory.has_value());
    // No name is longer, and the length of a record has two bytes.
    if (event->name.size() <= NAME_MAX) require_the_same_again(*event);
  }
  require(!decoder.next());
  return 0;
}
