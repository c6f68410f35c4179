// SPDX-License-Identifier: Apache-2.0
#include "kernel_test.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <span>
#include <unistd.h>

#include "dropwarden/sys/descriptor.hpp"
#include "dropwarden/sys/file.hpp"

#include "support/child.hpp"
#include "support/private_mounts.hpp"

namespace dropwarden::test {

void KernelTest::SetUp() {
  static const auto reason = try_enter_private_mounts();
  const auto features = watch::probe_features(
      [&](unsigned flags, unsigned event_flags) { return privilege_->open_group(flags, event_flags); });
  if (!reason && features) {
    features_ = *features;
    return;
  }
  const std::string missing = reason ? *reason : features.error().text();
  const char* ci = std::getenv("CI");
  ASSERT_FALSE(ci != nullptr && std::string_view(ci) == "true") << missing;
  GTEST_SKIP() << "SKIP privilege: needs CAP_SYS_ADMIN: " << missing;
}

TestGroup::TestGroup(privilege::Privilege& privilege, const watch::Features& features)
    : TestGroup(privilege, watch::group_flags(features), watch::group_event_flags()) {}

TestGroup::TestGroup(privilege::Privilege& privilege, unsigned flags, unsigned event_flags)
    : privilege_(privilege), group_(sys::value_or_throw(privilege.open_group(flags, event_flags))) {}

privilege::RootIdentity TestGroup::mark(const std::string& path, std::uint64_t type, std::uint64_t mask) {
  return sys::value_or_throw(
      privilege_.mark_file_system(group_.number(), privilege::MountPoint{path}, mask, type));
}

std::vector<Event> TestGroup::read_queued() {
  std::vector<Event> events;
  std::array<std::byte, 4096> buffer;
  while (true) {
    const auto got = sys::read_some(group_.number(), buffer);
    if (!got && got.error().number == EAGAIN) return events;
    if (!got) throw sys::SystemError(got.error());
    watch::Decoder decoder{std::span(buffer).first(*got)};
    while (const auto record = decoder.next())
      events.push_back({.record = *record, .file = sys::Fd(record->descriptor)});
    EXPECT_FALSE(decoder.is_malformed());
  }
}

std::string make_elf() {
  std::string content(elf_magic);
  content.resize(64, '\x01');
  return content;
}

std::string read_header(const sys::Fd& file, std::size_t length) {
  std::string header(length, '\0');
  const auto got =
      sys::value_or_throw(sys::read_at(file.number(), std::as_writable_bytes(std::span(header)), 0));
  header.resize(got);
  return header;
}

}  // namespace dropwarden::test
