// SPDX-License-Identifier: Apache-2.0
// The packages that packaging/ builds, offline, each tried where it belongs: `tests/run --packages`.
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/command.hpp"
#include "support/guard.hpp"
#include "support/requirements.hpp"

namespace dropwarden::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string source = DROPWARDEN_SOURCE_DIRECTORY;
// A compiler is at work, on a machine that may do other things as well.
constexpr std::chrono::minutes build_limit{60};

class Packages : public testing::Test {
 public:
  static inline RuntimePlace place;

 protected:
  static void need(const std::vector<const char*>& programs) {
    const auto missing = missing_requirement(programs);
    if (!missing.empty()) GTEST_SKIP() << missing;
  }
  static std::string package_root() {
    return require_command({source + "/tests/packages/package-root"}, {.limit = build_limit});
  }
  static std::string make_directory(const std::string& name) {
    const auto path = place.directory + "/" + name;
    std::filesystem::create_directories(path);
    return path;
  }
};

TEST_F(Packages, DebianTakesItInAndGivesItBackAndLintianIsSilent) {
  need({"dpkg-buildpackage", "dh", "lintian", "debootstrap"});
  if (IsSkipped()) return;
  const auto directory = make_directory("deb");
  const auto package = require_command({source + "/packaging/build-deb", directory}, {.limit = build_limit});
  const auto remarks =
      run_command({"sh", "-c", "lintian --allow-root --tag-display-limit=0 " + directory + "/*.changes"},
                  {.limit = std::chrono::minutes{5}});
  EXPECT_THAT(remarks.output, IsEmpty());
  const auto tried =
      run_command({source + "/tests/packages/try-deb", package_root(), package, make_directory("try-deb")},
                  {.limit = std::chrono::minutes{10}});
  EXPECT_TRUE(tried.status.is_success()) << tried.output << tried.error;
}

TEST_F(Packages, RpmHasTheSameFiles) {
  need({"rpmbuild", "rpm"});
  if (IsSkipped()) return;
  const auto package =
      require_command({source + "/packaging/build-rpm", make_directory("rpm")}, {.limit = build_limit});
  const auto files = require_command({"rpm", "--query", "--list", "--package", package});
  for (const char* file : {"/etc/dropwarden/dropwarden.yaml\n", "/usr/bin/dropwarden\n",
                           "/usr/lib/systemd/system/dropwarden.service\n",
                           "/usr/lib/sysusers.d/dropwarden.conf\n", "/usr/lib/tmpfiles.d/dropwarden.conf\n"})
    EXPECT_THAT(files + "\n", HasSubstr(file));
  EXPECT_THAT(require_command({"rpm", "--query", "--configfiles", "--package", package}),
              HasSubstr("dropwarden.yaml"));
  EXPECT_THAT(require_command({"rpm", "--query", "--scripts", "--package", package}),
              HasSubstr("useradd --system --gid dropwarden"));
}

}  // namespace
}  // namespace dropwarden::test

int main(int argc, char** argv) {
  using namespace dropwarden::test;
  return run_guarded([&](const RuntimePlace& place) {
    testing::InitGoogleTest(&argc, argv);
    Packages::place = place;
    return RUN_ALL_TESTS();
  });
}
