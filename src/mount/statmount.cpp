// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/mount/statmount.hpp"

#include <cstddef>
#include <cstring>
#include <string>
#include <sys/mount.h>
#include <vector>

#include "dropwarden/sys/statmount_abi.hpp"

namespace dropwarden::mount {
namespace {

namespace abi = sys::statmount_abi;

// <linux/mount.h>, which does not go together with <sys/mount.h> everywhere.
constexpr std::uint64_t times_mask = 0x70;  // MOUNT_ATTR__ATIME
constexpr std::uint64_t relative_times = 0x00;
constexpr std::uint64_t no_times = 0x10;

struct Name {
  std::uint64_t bit;
  const char* text;
};

// In the order in which mountinfo has them.
constexpr Name attributes_before_times[] = {{0x2, ",nosuid"}, {0x4, ",nodev"}, {0x8, ",noexec"}};
constexpr Name superblock_options[] = {
    {MS_SYNCHRONOUS, ",sync"}, {MS_DIRSYNC, ",dirsync"}, {1U << 25U, ",lazytime"}};

template <std::size_t count>
void append(std::string& text, const Name (&names)[count], std::uint64_t bits) {
  for (const Name& name : names) {
    if ((bits & name.bit) != 0) text += name.text;
  }
}

std::string options_of(std::uint64_t attributes) {
  std::string text = (attributes & 0x1) != 0 ? "ro" : "rw";
  append(text, attributes_before_times, attributes);
  if ((attributes & times_mask) == no_times) text += ",noatime";
  if ((attributes & 0x80) != 0) text += ",nodiratime";
  if ((attributes & times_mask) == relative_times) text += ",relatime";
  if ((attributes & 0x200000) != 0) text += ",nosymfollow";
  if ((attributes & 0x100000) != 0) text += ",idmapped";
  return text;
}

std::vector<std::string> tags_of(const abi::Answer& answer) {
  std::vector<std::string> tags;
  if ((answer.propagation & MS_SHARED) != 0) tags.push_back("shared:" + std::to_string(answer.peer_group));
  if ((answer.propagation & MS_SLAVE) != 0) {
    tags.push_back("master:" + std::to_string(answer.master));
    if (answer.propagate_from != 0 && answer.propagate_from != answer.master)
      tags.push_back("propagate_from:" + std::to_string(answer.propagate_from));
  }
  if ((answer.propagation & MS_UNBINDABLE) != 0) tags.emplace_back("unbindable");
  return tags;
}

class Texts {
 public:
  Texts(std::uint64_t mask, std::string_view texts) : mask_(mask), texts_(texts) {}

  // Empty where it is not told.
  std::string_view find(std::uint64_t bit, std::uint32_t begin) {
    if ((mask_ & bit) == 0) return {};
    const auto end = begin < texts_.size() ? texts_.find('\0', begin) : std::string_view::npos;
    is_malformed_ = is_malformed_ || end == std::string_view::npos;
    return is_malformed_ ? std::string_view{} : texts_.substr(begin, end - begin);
  }
  bool is_malformed() const { return is_malformed_; }

 private:
  const std::uint64_t mask_;
  const std::string_view texts_;
  bool is_malformed_ = false;
};

}  // namespace

std::optional<NumberedMount> decode_statmount(std::string_view bytes) {
  abi::Answer answer{};
  if (bytes.size() < sizeof answer) return std::nullopt;
  std::memcpy(&answer, bytes.data(), sizeof answer);
  constexpr std::uint64_t needed = abi::superblock | abi::mount | abi::root | abi::mount_point | abi::type;
  if ((answer.mask & needed) != needed) return std::nullopt;

  Texts texts(answer.mask, bytes.substr(sizeof answer));
  NumberedMount told{.number = answer.id, .parent = answer.parent, .mount = {}};
  model::Mount& mount = told.mount;
  mount.id = {answer.old_id};
  mount.parent = {answer.old_parent};
  mount.device = {.major = answer.device_major, .minor = answer.device_minor};
  mount.root = texts.find(abi::root, answer.root);
  mount.mount_point = texts.find(abi::mount_point, answer.mount_point);
  mount.options = options_of(answer.attributes);
  mount.tags = tags_of(answer);
  mount.file_system = texts.find(abi::type, answer.type);
  if (const auto subtype = texts.find(abi::subtype, answer.subtype); !subtype.empty())
    mount.file_system.append(".").append(subtype);
  mount.source = texts.find(abi::source, answer.source);
  std::string super_options = (answer.superblock_flags & MS_RDONLY) != 0 ? "ro" : "rw";
  append(super_options, superblock_options, answer.superblock_flags);
  if (const auto options = texts.find(abi::options, answer.options); !options.empty())
    super_options.append(",").append(options);
  mount.super_options = super_options;
  const bool is_whole = !mount.root.empty() && !mount.mount_point.empty() && !mount.file_system.empty();
  if (texts.is_malformed() || !is_whole) return std::nullopt;
  return told;
}

}  // namespace dropwarden::mount
