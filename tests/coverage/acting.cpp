// SPDX-License-Identifier: Apache-2.0
#include "acting.hpp"

#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/file.hpp"

#include "support/child.hpp"
#include "support/file.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

constexpr std::size_t page = 4096;

}  // namespace

sys::Fd create(const std::string& path, int flags) {
  return sys::value_or_throw(sys::open_path(path, O_RDWR | O_CREAT | flags, 0755));
}

sys::Fd open_existing(const std::string& path, int flags) {
  return sys::value_or_throw(sys::open_path(path, flags));
}

void write_all(int file, std::string_view bytes) {
  require(::write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()), "write");
}

void write_at(int file, std::string_view bytes, long offset) {
  require(::pwrite(file, bytes.data(), bytes.size(), offset) == static_cast<ssize_t>(bytes.size()), "pwrite");
}

void put(const std::string& path, std::string_view bytes, unsigned mode) {
  const auto file = sys::value_or_throw(sys::open_path(path, O_WRONLY | O_CREAT | O_TRUNC, mode));
  write_all(file.number(), bytes);
}

sys::Fd hold_in_memory(std::string_view bytes) {
  sys::Fd file(::memfd_create("source", MFD_CLOEXEC));
  write_all(file.number(), bytes);
  require(::lseek(file.number(), 0, SEEK_SET) == 0, "lseek");
  return file;
}

Pipe::Pipe() {
  int ends[2];
  require(::pipe2(ends, O_CLOEXEC) == 0, "pipe2");
  reader = sys::Fd(ends[0]);
  writer = sys::Fd(ends[1]);
}

SharedMapping::SharedMapping(int file)
    : memory_(::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)) {
  require(memory_ != MAP_FAILED, "mmap");
}

SharedMapping::~SharedMapping() {
  if (memory_ != nullptr) ::munmap(memory_, page);
}

void SharedMapping::store(std::string_view bytes) {
  std::memcpy(memory_, bytes.data(), bytes.size());
}

void execute(const std::vector<std::string>& arguments) {
  std::vector<char*> words;
  for (const auto& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  const pid_t child = ::fork();
  require(child >= 0, "fork");
  if (child == 0) {
    for (int descriptor = 0; descriptor < 3; ++descriptor) ::close(descriptor);
    ::execv(words[0], words.data());
    ::_exit(127);
  }
  int status = 0;
  require(::waitpid(child, &status, 0) == child, "waitpid");
}

void run_shell(const std::string& script, const std::string& output) {
  const pid_t child = ::fork();
  require(child >= 0, "fork");
  if (child == 0) {
    const int null = ::open("/dev/null", O_RDONLY);
    const int file = ::open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    ::dup2(null, STDIN_FILENO);
    ::dup2(file, STDOUT_FILENO);
    ::dup2(file, STDERR_FILENO);
    ::clearenv();
    ::setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
    ::setenv("HOME", "/root", 1);
    ::setenv("LC_ALL", "C.UTF-8", 1);
    ::execl("/bin/sh", "sh", "-e", "-c", script.c_str(), nullptr);
    ::_exit(127);
  }
  int status = 0;
  require(::waitpid(child, &status, 0) == child, "waitpid");
  if (status != 0)
    throw std::runtime_error("a script failed: " + script + (output == "/dev/null" ? "" : read_file(output)));
}

void stay(const std::function<void()>& body) {
  Pipe done;
  const pid_t child = ::fork();
  require(child >= 0, "fork");
  if (child == 0) {
    try {
      body();
      write_all(done.writer.number(), "x");
    } catch (...) {
      ::_exit(1);
    }
    done.writer.reset();
    while (true) ::pause();
  }
  done.writer.reset();
  char byte = 0;
  require(::read(done.reader.number(), &byte, 1) == 1, "read");
}

void let_be_seen() {
  std::this_thread::sleep_for(50ms);
}

}  // namespace dropwarden::test
