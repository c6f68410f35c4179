// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <filesystem>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "dropwarden/sys/fanotify_abi.hpp"
#include "dropwarden/sys/file.hpp"

#include "kernel_test.hpp"
#include "support/busy_execution.hpp"
#include "support/child.hpp"
#include "support/container_root.hpp"
#include "support/overlay.hpp"
#include "support/private_mounts.hpp"

// FAN_OPEN_EXEC tells of a file when it is executed, whatever has become of it since it was closed; and of
// nothing that is only read or mapped.
namespace dropwarden::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

void write_program(const std::string& path, std::string_view content) {
  const auto file = sys::value_or_throw(sys::open_path(path, O_WRONLY | O_CREAT | O_TRUNC, 0755));
  require(::write(file.number(), content.data(), content.size()) == static_cast<ssize_t>(content.size()),
          "write");
}

// Runs a program in a process of its own and waits; errno of execve(2), or 0.
int run_program(const std::vector<const char*>& arguments) {
  std::vector<char*> list;
  for (const char* argument : arguments) list.push_back(const_cast<char*>(argument));
  list.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ::execv(list[0], list.data());
    ::_exit(errno);
  }
  int status = 0;
  require(::waitpid(child, &status, 0) == child, "waitpid");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

// A program that the kernel gives up on only after it has opened the interpreter that it names.
std::string make_elf_with_interpreter(std::string_view interpreter) {
  Elf64_Ehdr header{};
  std::memcpy(&header.e_ident[0], ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_EXEC;
  // Of this machine: as our own program has it.
  const auto own = sys::value_or_throw(sys::open_path("/proc/self/exe", O_RDONLY));
  Elf64_Ehdr ours{};
  require(::pread(own.number(), &ours, sizeof ours, 0) == sizeof ours, "pread");
  header.e_machine = ours.e_machine;
  header.e_ident[EI_CLASS] = ours.e_ident[EI_CLASS];
  header.e_version = EV_CURRENT;
  header.e_phoff = sizeof header;
  header.e_ehsize = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 1;
  Elf64_Phdr segment{};
  segment.p_type = PT_INTERP;
  segment.p_offset = sizeof header + sizeof segment;
  segment.p_filesz = segment.p_memsz = interpreter.size() + 1;
  std::string bytes(sizeof header + sizeof segment, '\0');
  std::memcpy(bytes.data(), &header, sizeof header);
  std::memcpy(bytes.data() + sizeof header, &segment, sizeof segment);
  bytes += interpreter;
  bytes += '\0';
  return bytes;
}

class ExecEvent : public KernelTest {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    overlay_ = std::make_unique<TestOverlay>(make_scratch_directory());
    std::filesystem::create_directory(overlay_->lower() + "/bin");
    std::filesystem::copy_file("/bin/busybox", overlay_->lower() + "/bin/busybox");
    group_ = std::make_unique<TestGroup>(*privilege_, features_);
    group_->mark(overlay_->merged(), OVERLAYFS_SUPER_MAGIC, watch::close_write_mask() | watch::exec_mask());
  }

  void in_container(const std::function<void()>& body) const {
    ASSERT_TRUE(run_in_child([&] {
      enter_container_root(overlay_->merged());
      body();
    }));
  }

  // The paths of what was executed since the last call, in order.
  std::vector<std::string> executed() {
    std::vector<std::string> paths;
    for (const auto& event : group_->read_queued()) {
      if ((event.record.mask & FAN_OPEN_EXEC) != 0)
        paths.push_back(sys::value_or_throw(sys::read_descriptor_path(event.file.number())));
    }
    return paths;
  }

  std::unique_ptr<TestOverlay> overlay_;
  std::unique_ptr<TestGroup> group_;
};

TEST_F(ExecEvent, TellsOfAProgramOfTheImage) {
  in_container([] { require(run_program({"/bin/busybox", "true"}) == 0, "execv"); });
  const auto events = group_->read_queued();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].record.mask, std::uint64_t{FAN_OPEN_EXEC});
  EXPECT_EQ(read_header(events[0].file), elf_magic);
}

TEST_F(ExecEvent, TellsWhoExecutes) {
  Child container([&](Line&) {
    enter_container_root(overlay_->merged());
    ::execl("/bin/busybox", "busybox", "true", nullptr);
  });
  const int pid = container.pid();
  ASSERT_TRUE(container.wait());
  const auto events = group_->read_queued();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].record.pid.value, pid);
}

TEST_F(ExecEvent, TellsOfAFileWhoseWriterNeverClosesIt) {
  if (!tells_of_busy_execution())
    GTEST_SKIP() << "SKIP kernel: it tells of an execution that fails since Linux 6.5";
  in_container([] {
    const auto writer = sys::value_or_throw(sys::open_path("/tmp/dropped", O_WRONLY | O_CREAT, 0755));
    const auto content = make_elf();
    require(::write(writer.number(), content.data(), content.size()) > 0, "write");
    require(run_program({"/tmp/dropped"}) == ETXTBSY, "no ETXTBSY");
    ::_exit(0);  // what is closed at the end tells of it as well, later
  });
  const auto events = group_->read_queued();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].record.mask, std::uint64_t{FAN_OPEN_EXEC});
  EXPECT_EQ(read_header(events[0].file), elf_magic);
  EXPECT_EQ(events[1].record.mask, std::uint64_t{FAN_CLOSE_WRITE});
}

// The mapping holds the upper file, not the overlay's: the last close of that one came before the store.
TEST_F(ExecEvent, ShowsWhatWasStoredThroughAMappingAfterTheFileWasClosed) {
  in_container([] {
    auto file = sys::value_or_throw(sys::open_path("/tmp/mapped", O_RDWR | O_CREAT, 0755));
    require(::ftruncate(file.number(), 4096) == 0, "ftruncate");
    void* memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file.number(), 0);
    require(memory != MAP_FAILED, "mmap");
    file.reset();
    const auto content = make_elf();
    std::memcpy(memory, content.data(), content.size());
    const int error = run_program({"/tmp/mapped"});
    require(error != ETXTBSY, "ETXTBSY");
    require(::munmap(memory, 4096) == 0, "munmap");
  });
  const auto events = group_->read_queued();
  ASSERT_EQ(events.size(), 2U) << "munmap tells nothing";
  EXPECT_EQ(events[0].record.mask, std::uint64_t{FAN_CLOSE_WRITE});
  EXPECT_EQ(events[1].record.mask, std::uint64_t{FAN_OPEN_EXEC});
  EXPECT_EQ(read_header(events[1].file), elf_magic);
}

TEST_F(ExecEvent, TellsOfAFileThatWasRenamedIntoPlaceAndMadeExecutable) {
  in_container([] {
    write_file("/tmp/part", make_elf());
    require(::chmod("/tmp/part", 0700) == 0, "chmod");
    require(::rename("/tmp/part", "/etc/program") == 0, "rename");
    run_program({"/etc/program"});
  });
  EXPECT_THAT(executed(), ElementsAre("/etc/program"));
}

TEST_F(ExecEvent, TellsOfAScriptAndOfItsInterpreter) {
  in_container([] {
    write_program("/tmp/script", "#!/bin/busybox true\n");
    run_program({"/tmp/script"});
  });
  EXPECT_THAT(executed(), ElementsAre("/tmp/script", "/bin/busybox"));
}

TEST_F(ExecEvent, TellsOfTheInterpreterThatAProgramNames) {
  const auto program = make_elf_with_interpreter("/tmp/interpreter");
  in_container([&] {
    write_program("/tmp/interpreter", make_elf());
    write_program("/tmp/program", program);
    run_program({"/tmp/program"});
  });
  EXPECT_THAT(executed(), ElementsAre("/tmp/program", "/tmp/interpreter"));
}

TEST_F(ExecEvent, TellsOfAFileThatIsNoProgramAtAll) {
  in_container([] {
    write_program("/tmp/text", "echo\n");
    require(run_program({"/tmp/text"}) == ENOEXEC, "no ENOEXEC");
  });
  EXPECT_THAT(executed(), ElementsAre("/tmp/text"));
}

TEST_F(ExecEvent, TellsNothingWhereExecutionIsNotAllowed) {
  in_container([] {
    write_file("/tmp/plain", make_elf());
    require(::chmod("/tmp/plain", 0644) == 0, "chmod");
    require(run_program({"/tmp/plain"}) == EACCES, "no EACCES");
  });
  EXPECT_THAT(executed(), IsEmpty());
}

// So what `ld.so FILE`, dlopen(3) and `sh FILE` load is left to the other sensors.
TEST_F(ExecEvent, TellsNothingOfWhatIsMappedOrReadByAProgram) {
  in_container([] {
    write_program("/tmp/library", make_elf());
    const auto file = sys::value_or_throw(sys::open_path("/tmp/library", O_RDONLY));
    void* code = ::mmap(nullptr, 64, PROT_READ | PROT_EXEC, MAP_PRIVATE, file.number(), 0);
    require(code != MAP_FAILED, "mmap");
    write_program("/tmp/script", "exit 0\n");
    require(run_program({"/bin/busybox", "sh", "/tmp/script"}) == 0, "sh");
  });
  EXPECT_THAT(executed(), ElementsAre("/bin/busybox"));
}

// memfd_create(2): a file of no file system that could be marked.
TEST_F(ExecEvent, TellsNothingOfAFileInMemoryAlone) {
  for (const char* name : {"/dev", "/proc"}) std::filesystem::create_directory(overlay_->lower() + name);
  std::filesystem::create_symlink("/proc/self/fd", overlay_->lower() + "/dev/fd");
  in_container([] {
    // As containers have it: TOMOYO looks up /dev/fd/N, the name that the kernel gives to the program.
    require(::mount("proc", "/proc", "proc", 0, nullptr) == 0, "mount");
    const sys::Fd file(::memfd_create("program", 0));
    const auto content = sys::value_or_throw(sys::read_file("/bin/busybox", std::size_t{64} << 20U));
    require(::write(file.number(), content.data(), content.size()) > 0, "write");
    std::array arguments{const_cast<char*>("busybox"), const_cast<char*>("true"),
                         static_cast<char*>(nullptr)};
    ::fexecve(file.number(), arguments.data(), environ);
    require(false, "fexecve");
  });
  EXPECT_THAT(executed(), IsEmpty());
}

// While a record waits, what the same process does to the same file is added to it.
TEST_F(ExecEvent, ComesInOneRecordWithTheCloseOfTheSameProcess) {
  in_container([] {
    write_program("/tmp/dropped", "#!/bin/busybox true\n");
    ::execl("/tmp/dropped", "dropped", nullptr);
    require(false, "execl");
  });
  const auto events = group_->read_queued();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].record.mask, std::uint64_t{FAN_CLOSE_WRITE | FAN_OPEN_EXEC});
}

}  // namespace
}  // namespace dropwarden::test
