// SPDX-License-Identifier: Apache-2.0
// The packages that packaging/ builds, offline, each tried where it belongs: `tests/run --packages`.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manifest_pod.hpp"
#include "support/command.hpp"
#include "support/file.hpp"
#include "support/guard.hpp"
#include "support/requirements.hpp"
#include "support/runtime.hpp"
#include "support/shared_mounts.hpp"
#include "support/wait.hpp"
#include "watching_pod.hpp"

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
  // A developer may name one that was built before: then nothing is compiled, for the image either.
  static std::optional<std::string> given_package() {
    const char* const given = std::getenv("DROPWARDEN_PACKAGE");
    return given == nullptr ? std::nullopt : std::optional<std::string>(given);
  }
  static const std::string& debian_package() {
    static const std::string package = [] {
      if (const auto given = given_package()) return *given;
      return require_command({source + "/packaging/build-deb", make_build_directory("deb")},
                             {.limit = build_limit, .environment = {}});
    }();
    return package;
  }
  // What `docker load` takes, compiled in the stages of its Containerfile.
  static const std::string& image_archive() {
    static const std::string archive = [] {
      // A test before this one may have failed half-way.
      std::filesystem::remove_all(place.directory + "/image");
      const auto directory = make_directory("image");
      std::cout << require_command(
          {source + "/tests/packages/try-image", package_root(), given_package().value_or("-"), directory},
          {.limit = build_limit, .environment = {}});
      return directory + "/image.tar";
    }();
    return archive;
  }
  // The same place in each run: the compiler is told it, and ccache(1) by that knows again what it has
  // compiled.
  static std::string make_build_directory(const std::string& name) {
    const auto path = std::string(DROPWARDEN_BUILD_DIRECTORY) + "/packages-" + name;
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
    return path;
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
  const auto& package = debian_package();
  const auto directory = std::filesystem::path(package).parent_path().string();
  const auto remarks =
      run_command({"sh", "-c", "lintian --allow-root --tag-display-limit=0 " + directory + "/*.changes"},
                  {.limit = std::chrono::minutes{5}, .environment = {}});
  EXPECT_THAT(remarks.output, IsEmpty());
  const auto tried =
      run_command({source + "/tests/packages/try-deb", package_root(), package, make_directory("try-deb")},
                  {.limit = std::chrono::minutes{10}, .environment = {}});
  EXPECT_TRUE(tried.status.is_success()) << tried.output << tried.error;
}

// Words of a shell's command line, which has no quotes.
std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;)
    if (word != "\\" && word != "#") words.push_back(word);
  return words;
}

// The command at the top of the compose file.
std::vector<std::string> documented_docker_run(const std::string& compose) {
  const auto begin = compose.find("docker run");
  return words_of(compose.substr(begin, compose.find("\nservices:") - begin));
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

class ImageOnDocker : public Packages {
 protected:
  void SetUp() override {
    need({"dpkg-buildpackage", "dh", "debootstrap", "buildah", "dockerd", "docker", "docker-compose", "jq"});
    if (IsSkipped()) return;
    static unsigned number = 0;
    const auto directory = make_directory("docker" + std::to_string(++number));
    images_ = std::make_unique<TestImages>(make_directory("images" + std::to_string(number)));
    RuntimePlace own = place;
    own.directory = directory;
    docker_ = start_dockerd(own, *images_);
    docker_->load(image_archive());
    neighbour_ = docker_->start("neighbour", {"sleep", "100000"});
  }
  void TearDown() override {
    if (docker_) run({"rm", "--force", "dropwarden"});
  }

  // With the socket and the image of the test.
  std::string compose() const {
    auto text = read_file(source + "/packaging/compose/compose.yaml");
    text = replaced(text, "/var/run/docker.sock:", docker_->socket().path + ":");
    return replaced(text, "dropwarden:0.1.0", "localhost/dropwarden:test");
  }
  CommandResult run(const std::vector<std::string>& arguments) const {
    return run_command(with({"docker", "--host", "unix://" + docker_->socket().path}, arguments));
  }
  std::string output() const {
    const auto logs = run({"logs", "dropwarden"});
    return logs.output + logs.error;
  }
  void expect_to_see_a_drop() const {
    ASSERT_TRUE(wait_for([&] { return output().find("ready containers=") != std::string::npos; }, 60s))
        << output();
    ASSERT_TRUE(docker_->execute(neighbour_, {"cp", "/bin/busybox", "/tmp/x"}).status.is_success());
    EXPECT_TRUE(wait_for([&] { return output().find("\"path\":\"/tmp/x\"") != std::string::npos; }, 60s))
        << output();
    EXPECT_THAT(output(), HasSubstr("\"name\":\"neighbour\""));
    EXPECT_THAT(output(), Not(HasSubstr(" critical ")));
    const auto status = run({"exec", "dropwarden", "dropwarden", "status", "--json"});
    EXPECT_TRUE(status.status.is_success()) << status.error;
    EXPECT_THAT(status.output, HasSubstr("\"uid\":60871"));
  }

  std::unique_ptr<TestImages> images_;
  std::unique_ptr<Runtime> docker_;
  TestContainer neighbour_;
};

TEST_F(ImageOnDocker, SeesADropWhenItIsRunByTheOneCommand) {
  if (IsSkipped()) return;
  auto command = documented_docker_run(compose());
  ASSERT_EQ(command.back(), "localhost/dropwarden:test");
  ASSERT_EQ(command[0], "docker");
  command.erase(command.begin());
  const auto started = run(command);
  ASSERT_TRUE(started.status.is_success()) << started.error;
  expect_to_see_a_drop();
}

TEST_F(ImageOnDocker, SeesADropWhenItIsRunByCompose) {
  if (IsSkipped()) return;
  const auto file = make_directory("compose") + "/compose.yaml";
  write_file(file, compose());
  const auto started = run_command(
      {"docker-compose", "--file", file, "up", "--detach"},
      {.limit = std::chrono::minutes{2},
       .environment = {"DOCKER_HOST=unix://" + docker_->socket().path,
                       "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME=/nonexistent"}});
  ASSERT_TRUE(started.status.is_success()) << started.error;
  expect_to_see_a_drop();
}

class ImageOnContainerd : public Packages {
 protected:
  void SetUp() override {
    need({"dpkg-buildpackage", "dh", "debootstrap", "buildah", "containerd", "ctr", "runc", "jq"});
    if (IsSkipped()) return;
    images_ = std::make_unique<TestImages>(make_directory("images-containerd"));
    RuntimePlace own = place;
    own.directory = make_directory("containerd");
    // As systemd has all mounts of a node.
    share_mounts(own.directory);
    runtime_ = start_containerd(own, *images_);
    runtime_->load(image_archive());
  }

  std::unique_ptr<TestImages> images_;
  std::unique_ptr<Runtime> runtime_;
};

// By its own entrypoint, with nothing but what the manifest gives it.
TEST_F(ImageOnContainerd, SeesADropInANeighbourInThePodOfTheManifest) {
  if (IsSkipped()) return;
  const auto neighbour = runtime_->start("neighbour", {"sleep", "100000"});
  ManifestPod pod(make_directory("pod"), runtime_->socket().path, place.cgroup, "localhost/dropwarden:test");
  expect_to_see_a_drop(pod, *runtime_, neighbour);
  expect_to_let_go(pod, *runtime_, neighbour);
}

TEST_F(Packages, RpmHasTheSameFilesAndIsInstalledUpgradedAndErased) {
  need({"rpmbuild", "rpm", "debootstrap"});
  if (IsSkipped()) return;
  const auto package = require_command({source + "/packaging/build-rpm", make_build_directory("rpm")},
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
  const auto tried =
      run_command({source + "/tests/packages/try-rpm", package_root(), package, make_directory("try-rpm")},
                  {.limit = std::chrono::minutes{10}, .environment = {}});
  EXPECT_TRUE(tried.status.is_success()) << tried.output << tried.error;
}

TEST_F(Packages, ReleaseArchiveIsTheSameWheneverItIsMade) {
  need({"git", "meson"});
  if (IsSkipped()) return;
  if (!std::filesystem::exists(source + "/.git")) GTEST_SKIP() << "SKIP runtime: this is no clone";
  const auto build = make_directory("release");
  require_command({"meson", "setup", build, source, "-Dtests=false"},
                  {.limit = build_limit, .environment = {}});
  std::vector<std::string> sums;
  for (int i = 0; i < 2; ++i) {
    require_command({"meson", "dist", "-C", build, "--no-tests", "--allow-dirty"});
    sums.push_back(require_command({"sh", "-c", "cat " + build + "/meson-dist/*.xz | sha256sum"}));
    // Times of files have a second in an archive.
    std::this_thread::sleep_for(std::chrono::milliseconds{1100});
  }
  EXPECT_EQ(sums[0], sums[1]);
}

// The values in packaging/kubernetes/README.md, in a file of `directory`.
std::string values_of_readme(const std::string& directory) {
  const auto text = read_file(source + "/packaging/kubernetes/README.md");
  const std::string begin = "```yaml\n";
  const auto at = text.find(begin) + begin.size();
  const auto file = directory + "/readme.yaml";
  write_file(file, text.substr(at, text.find("```", at) - at));
  return file;
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
        Case{"v1.27.4", {tests + "/small.yaml"}, tests + "/small.golden.yaml"},
        Case{"v1.31.0", {values_of_readme(directory)}, tests + "/falcosidekick.golden.yaml"}}) {
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
  return dropwarden::test::run_tests_guarded(argc, argv, dropwarden::test::Packages::place);
}
