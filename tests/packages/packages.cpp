// SPDX-License-Identifier: Apache-2.0
// The packages that packaging/ builds, offline, each tried where it belongs: `tests/run --packages`.
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/command.hpp"
#include "support/file.hpp"
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
    return require_command({source + "/tests/packages/package-root"},
                           {.limit = build_limit, .environment = {}});
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
  const auto package = require_command({source + "/packaging/build-deb", directory},
                                       {.limit = build_limit, .environment = {}});
  const auto remarks =
      run_command({"sh", "-c", "lintian --allow-root --tag-display-limit=0 " + directory + "/*.changes"},
                  {.limit = std::chrono::minutes{5}, .environment = {}});
  EXPECT_THAT(remarks.output, IsEmpty());
  const auto tried =
      run_command({source + "/tests/packages/try-deb", package_root(), package, make_directory("try-deb")},
                  {.limit = std::chrono::minutes{10}, .environment = {}});
  EXPECT_TRUE(tried.status.is_success()) << tried.output << tried.error;
}

TEST_F(Packages, RpmHasTheSameFiles) {
  need({"rpmbuild", "rpm"});
  if (IsSkipped()) return;
  const auto package = require_command({source + "/packaging/build-rpm", make_directory("rpm")},
                                       {.limit = build_limit, .environment = {}});
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

// Helm is in no Debian: a renderer of our own takes the same templates.
TEST_F(Packages, ChartIsRenderedAsItWas) {
  need({"go"});
  if (IsSkipped()) return;
  const auto directory = make_directory("chart");
  const std::string renderer = directory + "/render-chart";
  const std::string tests = source + "/tests/packages/kubernetes";
  require_command({"go", "build", "-o", renderer, tests + "/render-chart.go"},
                  {.limit = build_limit,
                   .environment = {"GO111MODULE=off", "GOPATH=/usr/share/gocode",
                                   "GOCACHE=" + directory + "/cache", "PATH=/usr/local/bin:/usr/bin:/bin"}});
  struct Case {
    const char* kubernetes;
    std::vector<std::string> values;
    std::string golden;
  };
  for (const Case& rendered :
       {Case{"v1.31.0", {}, source + "/packaging/kubernetes/manifests/dropwarden.yaml"},
        Case{"v1.31.0", {tests + "/full.yaml"}, tests + "/full.golden.yaml"},
        Case{"v1.27.4", {tests + "/small.yaml"}, tests + "/small.golden.yaml"}}) {
    const auto text =
        require_command(with({renderer, source + "/packaging/kubernetes/chart"}, rendered.values),
                        {.environment = {std::string("KUBE_VERSION=") + rendered.kubernetes}});
    const auto golden = read_file(rendered.golden);
    EXPECT_TRUE(golden == text + "\n")
        << "render it anew into " << rendered.golden << " and look at the difference:\n"
        << text;
  }
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
