// SPDX-License-Identifier: Apache-2.0
// What others do to try a monitor, as steps of our own: procedures of Atomic Red Team, cited by the technique
// of ATT&CK and the name of its test, and the examples that come with our peers.
#include <fcntl.h>
#include <filesystem>
#include <sched.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "acting.hpp"
#include "active_sensors.hpp"
#include "box_test.hpp"
#include "program.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

struct Step {
  const char* name;
  const char* script;  // in the container, in a network of its own, with /payload of the image
  const char* path;    // of the finding
  const char* kind;
  const char* sensors;  // of which one, active, has to see it; empty: the mark on the mount
};

void PrintTo(const Step& step, std::ostream* out) {
  *out << step.path;
}

// `$ld` is the loader, `$libc` the C library.
const Step steps[] = {
    // T1027.002, Binary simply packed by UPX; with its header changed.
    {"T1027x002PackedBinary", "cp /payload/packed /tmp/packed_bin; /tmp/packed_bin || :", "/tmp/packed_bin",
     "elf", ""},
    {"T1027x002PackedBinaryWithChangedHeader",
     "cp /payload/changed /tmp/packed_bin; /tmp/packed_bin || :", "/tmp/packed_bin", "elf", ""},
    // T1036.003, Masquerading as crond.
    {"T1036x003SystemUtilityRenamed", "cp /bin/busybox /tmp/crond; echo 'sleep 0.1' | /tmp/crond sh",
     "/tmp/crond", "elf", ""},
    // T1036.005, Execute a process from a directory masquerading as the current parent directory.
    {"T1036x005DirectoryOfThreeDots",
     "mkdir /tmp/...; cp /bin/busybox /tmp/.../sh; /tmp/.../sh -c 'echo x' >/dev/null", "/tmp/.../sh", "elf",
     ""},
    // T1059.004, Create and Execute Bash Shell Script.
    {"T1059x004ShellScript",
     "echo 'echo Hello' > /tmp/art.sh; echo 'sleep 0.3' >> /tmp/art.sh; chmod +x /tmp/art.sh; sh /tmp/art.sh "
     "> /dev/null",
     "/tmp/art.sh", "executable_text", "upper_layer scan"},
    {"T1059x004ShellScriptWithInterpreter",
     "echo '#!/bin/sh' > /tmp/art.sh; chmod +x /tmp/art.sh; /tmp/art.sh", "/tmp/art.sh", "script", ""},
    // T1548.001, Make and modify binary from C source: a compiler's output made setuid.
    {"T1548x001SetuidProgram",
     "cp /payload/program /tmp/hello; chown 0 /tmp/hello; chmod u+s /tmp/hello; /tmp/hello", "/tmp/hello",
     "elf", ""},
    // T1574.006, Shared Library Injection via LD_PRELOAD.
    {"T1574x006PreloadedLibrary", "cp $libc /tmp/T1574006.so; LD_PRELOAD=/tmp/T1574006.so /usr/bin/sleep 0",
     "/tmp/T1574006.so", "elf", ""},
    // T1105, remote file copy: by HTTP, over the loopback interface.
    {"T1105Download",
     "ifconfig lo up; httpd -p 127.0.0.1:8099 -h /payload; wget -q -O /tmp/downloaded "
     "http://127.0.0.1:8099/program",
     "/tmp/downloaded", "elf", ""},
    {"T1105DownloadWithNetcat",
     "ifconfig lo up; nc -l -p 8098 < /payload/program & sleep 0.2; nc 127.0.0.1 8098 > /tmp/received < "
     "/dev/null",
     "/tmp/received", "elf", ""},
    // T1140, Base64 decoding with shell utilities.
    {"T1140Decoded",
     "base64 /payload/program | base64 -d > /tmp/decoded; chmod +x /tmp/decoded; /tmp/decoded",
     "/tmp/decoded", "elf", ""},
    // Falco: Drop and execute new binary in container.
    {"FalcoDropAndExecute", "cp /usr/bin/sleep /tmp/x; /tmp/x 0", "/tmp/x", "elf", ""},
    // A library of the image, loaded from elsewhere: no program is executed but the loader, which is the
    // image's.
    {"LibraryLoadedByTheLoader",
     "mkdir /tmp/lib; cp $libc /tmp/lib/libc.so.6; $ld --library-path /tmp/lib /usr/bin/sleep 0",
     "/tmp/lib/libc.so.6", "elf", ""},
};

// As UPX 4 leaves a program: its mark in l_info, at most 256 bytes behind the program headers, and in
// PackHeader, in the last bytes.
std::string make_packed(const std::string& mark) {
  return make_program(std::string(4, '\0') + mark + std::string(256, '\x5a') + mark + std::string(28, '\0'));
}

// Two sweeps and more.
constexpr auto patience = 90s;

class Technique : public BoxTest, public testing::WithParamInterface<Step> {};

TEST_P(Technique, IsSeen) {
  const auto box = make_box("box");
  const auto payload = box->lower() + "/payload/";
  std::filesystem::create_directories(payload);
  put(payload + "program", make_program("payload"));
  put(payload + "packed", make_packed("UPX!"));
  put(payload + "changed", make_packed("YTS@"));
  box->start();
  const auto daemon = start_daemon();
  ASSERT_TRUE(is_watched(*daemon, *box)) << daemon->report();
  const std::string sensors = GetParam().sensors;
  const auto active = read_active_sensors(*daemon, *box).at("rootfs");
  const bool is_seen = sensors.empty() || std::ranges::any_of(active, [&](const std::string& sensor) {
                         return sensors.find(sensor) != std::string::npos;
                       });
  const std::string libraries = "ld=" + dynamic_loader() + "; libc=" + c_library() + "; ";
  box->run([&] {
    require(::unshare(CLONE_NEWNET) == 0, "unshare");
    run_shell(libraries + GetParam().script);
  });
  if (!is_seen) GTEST_SKIP() << "SKIP kernel: none of these sensors: " << sensors;
  const auto record = daemon->wait_for_record(drop_of(box->id(), GetParam().path), patience);
  ASSERT_TRUE(record) << daemon->log();
  EXPECT_EQ(text_at(*record, "/event/file/kind"), GetParam().kind);
  if (std::string_view(GetParam().script).find("/payload/packed") != std::string_view::npos) {
    EXPECT_NE(text_at(*record, "/event/file/elf/packed"), "[]");
  }
}

INSTANTIATE_TEST_SUITE_P(Of, Technique, testing::ValuesIn(steps),
                         [](const auto& step) { return std::string(step.param.name); });

}  // namespace
}  // namespace dropwarden::test
