// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/container/cgroup_directory.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <gtest/gtest.h>

#include "dropwarden/sys/file.hpp"

#include "scratch_cgroup.hpp"

namespace dropwarden::container {
namespace {

const Hierarchy unified{.mount_point = "/sys/fs/cgroup", .controllers = {"memory"}, .is_unified = true};
const Hierarchy beside{.mount_point = "/sys/fs/cgroup/unified", .controllers = {}, .is_unified = true};
const Hierarchy cpu{.mount_point = "/sys/fs/cgroup/cpu,cpuacct", .controllers = {"cpu", "cpuacct"}};
const Hierarchy memory{.mount_point = "/sys/fs/cgroup/memory", .controllers = {"memory"}};

TEST(CgroupDirectory, IsThatOfTheUnifiedHierarchy) {
  EXPECT_EQ(cgroup_directory("0::/docker/a\n", {unified}), "/sys/fs/cgroup/docker/a");
  EXPECT_EQ(cgroup_directory("9:memory:/docker/a\n0::/docker/a\n", {beside, memory}),
            "/sys/fs/cgroup/unified/docker/a");
  EXPECT_EQ(cgroup_directory("0::/\n", {unified}), "/sys/fs/cgroup/") << "the root is a cgroup, too";
}

TEST(CgroupDirectory, IsThatOfTheFirstOfVersion1WhereTheUnifiedOneHoldsTheProcessInItsRoot) {
  const std::string text = "9:name=systemd:/x\n8:memory:/\n7:cpuacct,cpu:/docker/a\n0::/\n";
  EXPECT_EQ(cgroup_directory(text, {beside, memory, cpu}), "/sys/fs/cgroup/cpu,cpuacct/docker/a");
  EXPECT_EQ(cgroup_directory(text, {memory, cpu}), "/sys/fs/cgroup/cpu,cpuacct/docker/a");
}

TEST(CgroupDirectory, IsNoneOutsideTheReadersNamespaceOrWhereNothingIsMounted) {
  EXPECT_EQ(cgroup_directory("0::/../../docker/a\n", {unified}), "");
  EXPECT_EQ(cgroup_directory("0::/docker/a\n", {memory}), "");
  EXPECT_EQ(cgroup_directory("nonsense\n::\n", {unified}), "");
  EXPECT_EQ(cgroup_directory("", {unified}), "");
}

TEST(CgroupDirectory, IsThereForARealProcess) {
  const auto hierarchies = read_hierarchies();
  if (!hierarchies) GTEST_SKIP() << "SKIP host: " << hierarchies.error().text();
  const auto text = sys::read_file("/proc/self/cgroup", 1U << 20U);
  ASSERT_TRUE(text);
  const auto directory = cgroup_directory(*text, hierarchies->all());
  EXPECT_TRUE(std::filesystem::is_directory(directory)) << directory << " by " << *text;
}

TEST(CgroupId, IsTheInodeOfItsDirectory) {
  const auto hierarchies = read_hierarchies();
  if (!hierarchies) GTEST_SKIP() << "SKIP host: " << hierarchies.error().text();
  const std::string& root = hierarchies->all().front().mount_point;
  struct stat status{};
  ASSERT_EQ(::stat(root.c_str(), &status), 0);
  const auto id = read_cgroup_id(root);
  ASSERT_TRUE(id) << id.error().text();
  EXPECT_EQ(*id, status.st_ino);
  EXPECT_EQ(read_cgroup_id("/").error().number, ENOTSUP);
  EXPECT_EQ(read_cgroup_id(root + "/none").error().number, ENOENT);
}

TEST(CgroupId, GrowsWithEachThatIsMadeAndIsNeverTakenTwice) {
  if (::geteuid() != 0) GTEST_SKIP() << "SKIP privilege: needs root to make cgroups";
  const auto hierarchies = read_hierarchies();
  if (!hierarchies) GTEST_SKIP() << "SKIP host: " << hierarchies.error().text();
  const auto here = std::ranges::find(hierarchies->all(), true, &Hierarchy::is_unified);
  if (here == hierarchies->all().end()) GTEST_SKIP() << "SKIP host: no unified hierarchy";
  if (::access(here->mount_point.c_str(), W_OK) != 0)
    GTEST_SKIP() << "SKIP host: " << here->mount_point << " is read-only";
  const std::string path = "/dropwarden-id-" + std::to_string(::getpid());
  EXPECT_EQ(read_unified_id(path, hierarchies->all()), std::nullopt);
  std::optional<std::uint64_t> before = 0;
  for (int round = 0; round < 3; ++round) {
    const ScratchCgroup cgroup(*here, path);
    const auto id = read_unified_id(path, hierarchies->all());
    EXPECT_GT(id, before);
    before = id;
    std::error_code error;
    std::filesystem::rename(here->mount_point + path, here->mount_point + path + "-renamed", error);
    EXPECT_TRUE(error) << "an older one could take a name";
  }
  EXPECT_EQ(read_unified_id(path, {}), std::nullopt);
}

}  // namespace
}  // namespace dropwarden::container
