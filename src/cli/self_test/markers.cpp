// SPDX-License-Identifier: Apache-2.0
#include "markers.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/minimal_elf.hpp"

namespace dropwarden::cli {
namespace {

sys::Fd create(const std::string& path) {
  return sys::value_or_throw(sys::open_path(path, O_RDWR | O_CREAT | O_TRUNC, 0755));
}

void require(bool holds, const char* call, const std::string& path) {
  if (!holds) throw sys::SystemError(sys::last_error(call, path));
}

void write_all(int fd, const std::string& content, off_t offset, const std::string& path) {
  const auto size = static_cast<ssize_t>(content.size());
  require(::pwrite(fd, content.data(), content.size(), offset) == size, "pwrite", path);
}

sys::Fd memory_file(const std::string& content) {
  sys::Fd file{::memfd_create("marker", MFD_CLOEXEC)};
  require(static_cast<bool>(file), "memfd_create", "marker");
  write_all(file.number(), content, 0, "marker");
  return file;
}

void by_write(const std::string& path, const std::string& content) {
  const auto file = create(path);
  write_all(file.number(), content, 0, path);
}

void by_header_last(const std::string& path, const std::string& content) {
  const auto file = create(path);
  write_all(file.number(), content.substr(4), 4, path);
  for (off_t i = 3; i >= 0; --i)
    write_all(file.number(), content.substr(static_cast<std::size_t>(i), 1), i, path);
}

void by_sendfile(const std::string& path, const std::string& content) {
  const auto file = create(path);
  const auto source = memory_file(content);
  off_t offset = 0;
  const auto size = static_cast<ssize_t>(content.size());
  require(::sendfile(file.number(), source.number(), &offset, content.size()) == size, "sendfile", path);
}

void by_copy_file_range(const std::string& path, const std::string& content) {
  const std::string source_path = path + ".source";
  by_write(source_path, content);
  const auto source = sys::value_or_throw(sys::open_path(source_path, O_RDONLY));
  const auto file = create(path);
  const auto size = static_cast<ssize_t>(content.size());
  require(::copy_file_range(source.number(), nullptr, file.number(), nullptr, content.size(), 0) == size,
          "copy_file_range", path);
}

void by_mapping(const std::string& path, const std::string& content) {
  const auto file = create(path);
  require(::ftruncate(file.number(), static_cast<off_t>(content.size())) == 0, "ftruncate", path);
  void* memory = ::mmap(nullptr, content.size(), PROT_WRITE, MAP_SHARED, file.number(), 0);
  require(memory != MAP_FAILED, "mmap", path);
  std::memcpy(memory, content.data(), content.size());
  ::munmap(memory, content.size());
}

void by_rename(const std::string& path, const std::string& content) {
  const std::string before = path + ".part";
  const auto file = create(before);
  write_all(file.number(), content, 0, before);
  require(::rename(before.c_str(), path.c_str()) == 0, "rename", path);
}

void by_script(const std::string& path, const std::string& content) {
  const auto file = create(path);
  write_all(file.number(), "#!/bin/sh\n# " + std::to_string(content.size()) + "\n", 0, path);
}

// When the mark on the overlay has shown what is there at the close, which is not an executable.
void wait_for_the_close_to_be_seen() {
  ::usleep(100'000);
}

void by_mode_after_close(const std::string& path, const std::string& content) {
  auto file = create(path);
  require(::fchmod(file.number(), 0644) == 0, "fchmod", path);
  write_all(file.number(), "echo " + std::to_string(content.size()) + "\n", 0, path);
  file.reset();
  wait_for_the_close_to_be_seen();
  require(::chmod(path.c_str(), 0755) == 0, "chmod", path);
}

void by_mapping_after_close(const std::string& path, const std::string& content) {
  auto file = create(path);
  require(::ftruncate(file.number(), static_cast<off_t>(content.size())) == 0, "ftruncate", path);
  void* memory = ::mmap(nullptr, content.size(), PROT_WRITE, MAP_SHARED, file.number(), 0);
  require(memory != MAP_FAILED, "mmap", path);
  file.reset();
  wait_for_the_close_to_be_seen();
  std::memcpy(memory, content.data(), content.size());
  ::munmap(memory, content.size());
}

// execve(2) fails with ETXTBSY, and the event, where there is one, comes before it does. Of another process
// than the one that closes: else the kernel may tell of both at once.
void by_open_writer(const std::string& path, const std::string& content) {
  const auto file = create(path);
  write_all(file.number(), content, 0, path);
  const pid_t child = ::fork();
  if (child == 0) {
    std::string name = path;
    std::array<char*, 2> arguments{name.data(), nullptr};
    ::execv(path.c_str(), arguments.data());
    ::_exit(errno == ETXTBSY ? 0 : 1);
  }
  int status = 0;
  require(child > 0 && ::waitpid(child, &status, 0) == child && status == 0, "execv", path);
}

constexpr std::array all{
    Marker{"write(2)", "/tmp/write", by_write},
    Marker{"pwrite(2), header last, byte by byte", "/tmp/header-last", by_header_last},
    Marker{"sendfile(2)", "/tmp/sendfile", by_sendfile},
    Marker{"copy_file_range(2)", "/tmp/copy-file-range", by_copy_file_range},
    Marker{"mmap(2), MAP_SHARED", "/tmp/mapping", by_mapping},
    Marker{"write(2), and executed before close(2)", "/tmp/executed", by_open_writer, Needs::busy_execution},
    Marker{"renamed while open", "/tmp/renamed", by_rename},
    Marker{"a #! script", "/tmp/script", by_script},
    Marker{"text, executable only after the close", "/tmp/mode", by_mode_after_close, Needs::upper_names},
    Marker{"a mapping, after the close", "/tmp/late-mapping", by_mapping_after_close},
};

}  // namespace

std::span<const Marker> markers() {
  return all;
}

std::string marker_content(unsigned number) {
  return util::minimal_elf("dropwarden self-test " + std::to_string(number) + "\n");
}

}  // namespace dropwarden::cli
