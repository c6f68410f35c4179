// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/watch/fid_features.hpp"

#include <cerrno>
#include <fcntl.h>
#include <utility>

#include "dropwarden/sys/fanotify_abi.hpp"

namespace dropwarden::watch {
namespace {

// fanotify_init(2) refuses a flag that it does not know with EINVAL.
sys::Result<bool> is_supported(const OpenGroup& open_group, const FidFeatures& features) {
  auto group = open_group(fid_group_flags(features), O_RDONLY);
  if (group) return true;
  if (group.error().number == EINVAL) return false;
  return std::unexpected(std::move(group.error()));
}

}  // namespace

sys::Result<FidFeatures> probe_fid_features(const OpenGroup& open_group) {
  FidFeatures features{.has_names = true};
  const auto names = is_supported(open_group, features);
  if (!names) return std::unexpected(names.error());
  if (!*names) return FidFeatures{};
  features.has_target_fid = true;
  const auto target = is_supported(open_group, features);
  if (!target) return std::unexpected(target.error());
  features.has_target_fid = *target;
  return features;
}

unsigned fid_group_flags(const FidFeatures& features) {
  const unsigned flags = FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_MARKS | FAN_REPORT_FID |
                         FAN_REPORT_DFID_NAME;
  return features.has_target_fid ? flags | sys::fanotify_abi::report_target_fid : flags;
}

std::uint64_t names_mask() {
  return FAN_ATTRIB | FAN_MOVED_TO | FAN_ONDIR;
}

std::uint64_t writes_mask() {
  return FAN_CLOSE_WRITE;
}

}  // namespace dropwarden::watch
