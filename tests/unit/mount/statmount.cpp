// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/mount/statmount.hpp"

#include <string>
#include <sys/mount.h>

#include <gmock/gmock.h>

#include "statmount_answer.hpp"

namespace dropwarden::mount {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(DecodeStatmount, ReadsAnOverlayAsALineOfMountinfo) {
  AnswerMaker maker;
  maker.answer.id = 4'294'967'400;
  maker.answer.parent = 4'294'967'300;
  maker.answer.old_id = 60;
  maker.answer.old_parent = 30;
  maker.answer.device_minor = 52;
  maker.answer.propagation = MS_SHARED;
  maker.answer.peer_group = 7;
  maker.put(abi::root, maker.answer.root, "/");
  maker.put(abi::mount_point, maker.answer.mount_point, "/run/a b/rootfs");
  maker.put(abi::type, maker.answer.type, "overlay");
  maker.put(abi::source, maker.answer.source, "overlay");
  maker.put(abi::options, maker.answer.options, "lowerdir=/a\\040b:/c,upperdir=/u,workdir=/w");
  const auto told = decode_statmount(maker.bytes());
  ASSERT_TRUE(told);
  EXPECT_EQ(told->number, 4'294'967'400U);
  EXPECT_EQ(told->parent, 4'294'967'300U);
  const model::Mount wanted{.id = {60},
                            .parent = {30},
                            .device = {.major = 0, .minor = 52},
                            .root = "/",
                            .mount_point = "/run/a b/rootfs",
                            .options = "rw,relatime",
                            .tags = {"shared:7"},
                            .file_system = "overlay",
                            .source = "overlay",
                            .super_options = "rw,lowerdir=/a\\040b:/c,upperdir=/u,workdir=/w"};
  EXPECT_EQ(told->mount, wanted);
}

TEST(DecodeStatmount, SpellsOptionsInTheOrderOfMountinfo) {
  AnswerMaker maker = make_tmpfs("/t");
  maker.answer.attributes = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x80 | 0x100000 | 0x200000;
  maker.answer.superblock_flags = MS_RDONLY | MS_SYNCHRONOUS | MS_DIRSYNC | (1U << 25U);
  const auto told = decode_statmount(maker.bytes());
  ASSERT_TRUE(told);
  EXPECT_EQ(told->mount.options, "ro,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow,idmapped");
  EXPECT_EQ(told->mount.super_options, "ro,sync,dirsync,lazytime");
  maker.answer.attributes = 0x20;  // strictatime
  EXPECT_EQ(decode_statmount(maker.bytes())->mount.options, "rw");
}

TEST(DecodeStatmount, TellsOfEveryKindOfPropagation) {
  AnswerMaker maker = make_tmpfs("/t");
  EXPECT_THAT(decode_statmount(maker.bytes())->mount.tags, IsEmpty());
  maker.answer.propagation = MS_SHARED | MS_SLAVE;
  maker.answer.peer_group = 3;
  maker.answer.master = 2;
  EXPECT_THAT(decode_statmount(maker.bytes())->mount.tags, ElementsAre("shared:3", "master:2"));
  maker.answer.propagate_from = 1;
  EXPECT_THAT(decode_statmount(maker.bytes())->mount.tags,
              ElementsAre("shared:3", "master:2", "propagate_from:1"));
  maker.answer.propagation = MS_UNBINDABLE;
  EXPECT_THAT(decode_statmount(maker.bytes())->mount.tags, ElementsAre("unbindable"));
}

TEST(DecodeStatmount, PutsASubtypeBehindTheType) {
  AnswerMaker maker = make_tmpfs("/t");
  maker.put(abi::subtype, maker.answer.subtype, "sshfs");
  EXPECT_EQ(decode_statmount(maker.bytes())->mount.file_system, "tmpfs.sshfs");
}

TEST(DecodeStatmount, BelievesNothingMalformed) {
  const std::string whole = make_tmpfs("/t").bytes();
  ASSERT_TRUE(decode_statmount(whole));
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(decode_statmount(std::string_view(whole).substr(0, size))) << size;
  AnswerMaker beyond = make_tmpfs("/t");
  beyond.answer.source = 1U << 30U;
  beyond.answer.mask |= abi::source;
  EXPECT_FALSE(decode_statmount(beyond.bytes()));
  for (const std::uint64_t bit : {abi::superblock, abi::mount, abi::root, abi::mount_point, abi::type}) {
    AnswerMaker lacking = make_tmpfs("/t");
    lacking.answer.mask &= ~bit;
    EXPECT_FALSE(decode_statmount(lacking.bytes())) << bit;
  }
}

}  // namespace
}  // namespace dropwarden::mount
