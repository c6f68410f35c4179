// SPDX-License-Identifier: Apache-2.0
// The exceptions that come along, against real programs: each covers what it is there for, and nothing that
// somebody makes look like it.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <sched.h>
#include <set>
#include <string>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/util/text.hpp"

#include "acting.hpp"
#include "box_test.hpp"
#include "debian.hpp"
#include "program.hpp"
#include "support/child.hpp"
#include "support/command.hpp"
#include "support/file.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

namespace fs = std::filesystem;
using testing::Each;
using testing::IsEmpty;
using testing::Pair;

// By path: the exception that covers a file, or `shown`.
using Verdicts = std::map<std::string, std::string>;

class NoiseTest : public BoxTest {
 protected:
  // Nothing but the image's files tells what the image's programs are: what lies in the container already is
  // not looked at.
  void watch() {
    box_->start();
    prepare();
    daemon_ = start_daemon("scan: {first_start: false, sweep: false}\n");
    ASSERT_TRUE(is_watched(*daemon_, *box_)) << daemon_->report();
  }
  virtual void prepare() {}

  // What became of all that was found so far, and has a path below `directory`.
  Verdicts verdicts(const std::string& directory) {
    const auto mark = fmt::format("/mark{}", ++marks_);
    box_->run([&] { put(mark, make_program(mark)); });
    Verdicts found;
    const auto is_saved = [&] {
      found.clear();
      for (const char* decision : {"excepted", "shown"}) {
        const auto listed = run_dropwarden(
            {"findings", "--config", daemon_->configuration_file(), "--json", "--decision", decision});
        for (const auto line : util::split(listed.output, '\n'))
          if (!line.empty()) take(boost::json::parse(line), found);
      }
      return found.contains(mark);
    };
    EXPECT_TRUE(wait_for(is_saved, std::chrono::seconds{60})) << daemon_->log();
    std::erase_if(found, [&](const auto& verdict) { return !verdict.first.starts_with(directory); });
    return found;
  }
  void take(const boost::json::value& record, Verdicts& found) {
    if (container_of(record) != box_->id()) return;
    if (text_at(record, "/event/process/exe").empty()) without_writer_.insert(path_of(record));
    const auto name = text_at(record, "/decision/exception/name");
    found[path_of(record)] = name.empty() ? "shown" : name;
  }

  std::unique_ptr<Box> box_;
  std::unique_ptr<Daemon> daemon_;
  // What wrote these had gone before anybody could look at it.
  std::set<std::string> without_writer_;
  int marks_ = 0;
};

// A process of its own, to its end.
void apart(const std::function<void()>& body) {
  const pid_t child = ::fork();
  require(child >= 0, "fork");
  if (child == 0) {
    body();
    ::_exit(1);
  }
  int status = 0;
  require(::waitpid(child, &status, 0) == child && status == 0, "a process of the container");
}

// Executes `program`, which is busybox by another name, as `words[0]`.
void run_as(const std::string& program, std::vector<std::string> words) {
  apart([&] {
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    ::execv(program.c_str(), arguments.data());
  });
}

std::string make_library(const std::string& salt) {
  constexpr std::size_t type = 16;  // e_type, elf(5)
  std::string bytes = make_program(salt);
  bytes[type] = 3;  // ET_DYN
  return bytes;
}

// `program` is a shell, which writes the file itself and is there for a while, as what installs or unpacks
// much is.
void write_by(const std::string& program, const std::string& to, const std::string& bytes) {
  std::string octal;
  for (const char byte : bytes) octal += fmt::format("\\{:03o}", static_cast<unsigned char>(byte));
  run_as(program, {"sh", "-c", "printf '" + octal + "' > '" + to + "'; /bin/sleep 0.3; :"});
}

// A package manager of the image, and an application, which are busybox and write what they are told to.
class KnownNoise : public NoiseTest {
 protected:
  static constexpr const char* manager = "/usr/bin/pacman";
  static constexpr const char* application = "/opt/app/app";
  static constexpr const char* other = "/bin/busybox";

  void SetUp() override {
    NoiseTest::SetUp();
    if (IsSkipped()) return;
    box_ = make_box("box");
    for (const std::string program : {manager, application}) {
      fs::create_directories(box_->lower() + fs::path(program).parent_path().string());
      fs::copy_file(other, box_->lower() + program);
    }
    watch();
  }
};

TEST_F(KnownNoise, IsWhatTheImagesOwnPackageManagerWrites) {
  box_->run([] {
    write_by(manager, "/usr/bin/installed", make_program("installed"));
    write_by(other, "/usr/bin/dropped", make_program("dropped"));
  });
  EXPECT_EQ(verdicts("/usr/"),
            (Verdicts{{"/usr/bin/installed", "shipped-package_managers"}, {"/usr/bin/dropped", "shown"}}));
  box_->run([] {
    run_as(other, {"chmod", "0700", manager});
    write_by(manager, "/usr/bin/later", make_program("later"));
  });
  EXPECT_EQ(verdicts("/usr/bin/later"), (Verdicts{{"/usr/bin/later", "shipped-package_managers"}}))
      << "only its mode has changed";
}

// In turn: another file that a mount lends its name, another program of the image by the same, one that
// becomes it once it has written, one that replaced it, and the image's own after that was put back.
TEST_F(KnownNoise, IsNotWhatPassesForAPackageManager) {
  box_->run([] {
    put("/lent", read_file(other) + "x");
    require(::unshare(CLONE_NEWNS) == 0, "unshare");
    require(::mount("/lent", manager, nullptr, MS_BIND, nullptr) == 0, "mount");
    write_by(manager, "/tmp/lent-a-new-file", make_program("1"));
  });
  box_->run([] {
    require(::unshare(CLONE_NEWNS) == 0, "unshare");
    require(::mount(other, manager, nullptr, MS_BIND, nullptr) == 0, "mount");
    write_by(manager, "/tmp/lent-the-images", make_program("2"));
  });
  for (int i = 0; i < 20; ++i)
    box_->run([&] {
      apart([&] {
        put(fmt::format("/tmp/became-{}", i), make_program(fmt::format("became-{}", i)));
        ::execl(manager, "sleep", "0.2", nullptr);
      });
    });
  box_->run([] {
    const std::string bytes = read_file(manager);
    put(manager, bytes + "x");
    write_by(manager, "/tmp/replaced", make_program("3"));
    put(manager, bytes);
    write_by(manager, "/tmp/put-back", make_program("4"));
  });
  const auto found = verdicts("/tmp/");
  EXPECT_EQ(found.size(), 24U);
  EXPECT_THAT(found, Each(Pair(testing::_, "shown")));
}

TEST_F(KnownNoise, IsWhatAnApplicationUnpacksAsPyInstallerDoesButForPrograms) {
  const std::string directory = "/tmp/_MEIa1B2c3";
  box_->run([&] {
    for (const char* name : {"/tmp/_MEIa1B2c3", "/tmp/_MEIa1B2c34", "/tmp/x_MEIa1B2c3"})
      fs::create_directories(name);
    write_by(application, directory + "/libpython3.11.so.1.0", make_library("1"));
    write_by(application, directory + "/program", make_program("2"));
    write_by(other, directory + "/by-another", make_library("3"));
    write_by(application, "/tmp/_MEIa1B2c34/x.so", make_library("4"));
    write_by(application, "/tmp/x_MEIa1B2c3/x.so", make_library("5"));
    put("/opt/app/new", read_file(other) + "x");
    write_by("/opt/app/new", directory + "/by-a-dropped-one", make_library("6"));
  });
  EXPECT_EQ(verdicts("/tmp/"), (Verdicts{{directory + "/libpython3.11.so.1.0", "shipped-pyinstaller"},
                                         {directory + "/program", "shown"},
                                         {directory + "/by-another", "shown"},
                                         {directory + "/by-a-dropped-one", "shown"},
                                         {"/tmp/_MEIa1B2c34/x.so", "shown"},
                                         {"/tmp/x_MEIa1B2c3/x.so", "shown"}}));
}

// Nobody saw that, and what lay there before is not looked at.
class KnownNoiseLate : public KnownNoise {
 protected:
  void prepare() override {
    box_->run([] { put(manager, read_file(other) + "x"); });
  }
};
TEST_F(KnownNoiseLate, IsNotWhatAPackageManagerWritesThatWasChangedBeforeTheMonitorBegan) {
  box_->run([] { write_by(manager, "/tmp/x", make_program("x")); });
  EXPECT_EQ(verdicts("/tmp/"), (Verdicts{{"/tmp/x", "shown"}}));
}

// In a Debian, whose programs are what users have.
class KnownNoiseOfDebian : public NoiseTest {
 protected:
  std::string type() const override { return "ext4"; }
  std::uintmax_t file_system_size() const override { return std::uintmax_t{3} << 30U; }

  void SetUp() override {
    NoiseTest::SetUp();
    if (IsSkipped()) return;
    const auto debian = make_debian();
    if (!debian) GTEST_SKIP() << "SKIP runtime: no Debian: " << debian.error();
    // Beside the upper directory, as runtimes have it: else the programs of the image have no number of the
    // overlay.
    const std::string image = path("image");
    require_command({"cp", "-a", *debian, image}, {.limit = std::chrono::minutes(3), .environment = {}});
    box_ = make_box("box", image);
    watch();
  }
  // Behind whoever asks for it: on a busy machine it takes longer than a child is waited for.
  void work(const std::string& script) {
    const auto name = fmt::format("/ended{}", ++works_);
    const std::string status = box_->upper() + name;
    box_->run([&] {
      run_shell("( ( " + script + " ) > /output 2>&1 < /dev/null; echo $? > /x; mv /x " + name + " ) &",
                "/dev/null");
    });
    ASSERT_TRUE(wait_for([&] { return fs::exists(status); }, std::chrono::minutes{3}));
    EXPECT_EQ(read_file(status), "0\n") << read_file(box_->upper() + "/output");
  }

  int works_ = 0;
};

TEST_F(KnownNoiseOfDebian, IsWhatAptInstalls) {
  work(
      "apt-get -o APT::Sandbox::User=root --no-download --yes --no-install-recommends install hello jq less "
      "nano");
  const auto found = verdicts("/");
  Verdicts rest;
  std::ranges::copy_if(found, std::inserter(rest, rest.end()), [](const auto& verdict) {
    return !verdict.second.starts_with("shipped-package_") && !verdict.first.starts_with("/mark");
  });
  EXPECT_GT(found.size(), 5U);
  EXPECT_THAT(rest, IsEmpty());
}

// One that was dropped, the image's own once it was changed, and another program under its name.
TEST_F(KnownNoiseOfDebian, IsNotWhatAnotherDpkgInstalls) {
  const auto is_shown = [this](const std::string& beginning) {
    const auto found = verdicts(beginning);
    return !found.empty() &&
           std::ranges::all_of(found, [](const auto& one) { return one.second == "shown"; });
  };
  work(
      "cp /usr/bin/dpkg /usr/local/bin/dpkg && /usr/local/bin/dpkg --force-all -i "
      "/var/cache/apt/archives/nano_*.deb");
  EXPECT_TRUE(is_shown("/usr/local/bin/dpkg"));
  EXPECT_TRUE(is_shown("/usr/bin/nano"));
  work("printf x >> /usr/bin/dpkg && /usr/bin/dpkg --force-all -i /var/cache/apt/archives/less_*.deb");
  EXPECT_TRUE(is_shown("/usr/bin/less"));
  EXPECT_TRUE(is_shown("/var/lib/dpkg/info/less.postinst")) << "its scripts too";
  work("cp /usr/bin/install /usr/bin/dpkg && /usr/bin/dpkg /usr/bin/git /tmp/git");
  EXPECT_TRUE(is_shown("/tmp/git"));
}

TEST_F(KnownNoiseOfDebian, IsWhatGitPutsAmongTheHooks) {
  work(
      "git init /tmp/one && git clone --no-hardlinks /srv/repository /tmp/two && mkdir -p "
      "/tmp/template/hooks && "
      "printf '#!/bin/sh\\n' > /tmp/template/hooks/post-checkout && git init --template=/tmp/template "
      "/tmp/three && "
      "cp /usr/bin/git /tmp/one/.git/hooks/git.sample && printf '#!/bin/sh\\n: 2\\n' > "
      "/tmp/one/.git/hooks/mine.sample");
  const auto found = verdicts("/tmp/");
  std::size_t samples = 0;
  for (const auto& [path, verdict] : found) {
    const bool is_gits =
        path.ends_with(".sample") && !path.ends_with("git.sample") && !path.ends_with("mine.sample");
    if (without_writer_.contains(path)) continue;
    samples += is_gits ? 1 : 0;
    EXPECT_EQ(verdict, is_gits ? "shipped-git_hooks" : "shown") << path;
  }
  EXPECT_GT(samples, 0U);
  EXPECT_TRUE(found.contains("/tmp/three/.git/hooks/post-checkout"));
  EXPECT_TRUE(found.contains("/tmp/two/build"));
}

// Their own code does; then what is made to look like it, by another program of the image and by a java that
// was changed.
TEST_F(KnownNoiseOfDebian, IsWhatJavaNativeAccessAndNettyUnpack) {
  const auto java_of = [](const std::string& home) {
    return "java -Xint -Djna.nosys=true -Duser.home=" + home +
           " -cp /srv/java/application.jar:/usr/share/java/jna.jar:/usr/share/java/netty-common.jar Load ";
  };
  const auto expect_all = [this](const std::string& beginning, const char* verdict) {
    const auto found = verdicts(beginning);
    EXPECT_FALSE(found.empty()) << beginning;
    EXPECT_THAT(found, Each(Pair(testing::_, verdict)));
  };
  const std::string jna = "/srv/home/.cache/JNA/temp/jna";
  work(java_of("/srv/home"));
  expect_all(jna, "shipped-jna");
  work(java_of("/srv/home") + "netty_transport_native_epoll_x86_64");
  expect_all("/tmp/libnetty_", "shipped-netty");
  work("cp /lib/*/libz.so.1 " + jna + "-cp.tmp && cp /lib/*/libbz2.so.1.0 /tmp/libnetty_cp.so");
  expect_all(jna + "-cp", "shown");
  expect_all("/tmp/libnetty_cp", "shown");
  work("printf x >> $(realpath /usr/bin/java) && " + java_of("/srv/changed"));
  expect_all("/srv/changed/", "shown");
}

// dnf before version 5 is a program of Python's, which runs what its environment names: nobody's exception.
TEST_F(KnownNoiseOfDebian, IsWhatRpmInstallsAndNotWhatPythonDoes) {
  work("rpm -i --nodeps --force-debian /srv/rpms/greeting.rpm");
  EXPECT_EQ(verdicts("/usr/bin/"), (Verdicts{{"/usr/bin/greeting", "shipped-package_managers"},
                                             {"/usr/bin/greeting.sh", "shipped-package_managers"}}));
  work("python3 -c 'import shutil; shutil.copy(\"/usr/bin/env\", \"/usr/bin/by-python\")'");
  EXPECT_EQ(verdicts("/usr/bin/by-"), (Verdicts{{"/usr/bin/by-python", "shown"}}));
}

// No exception is about pip: its programs are told.
TEST_F(KnownNoiseOfDebian, IsNotWhatPipInstalls) {
  work("python3 -m venv /tmp/venv && /tmp/venv/bin/pip install --no-index --find-links /srv/wheels greeting");
  const auto found = verdicts("/tmp/venv/bin/");
  EXPECT_TRUE(found.contains("/tmp/venv/bin/greeting"));
  EXPECT_THAT(found, Each(Pair(testing::_, "shown")));
}

}  // namespace
}  // namespace dropwarden::test
