// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acting.hpp"
#include "method.hpp"
#include "support/child.hpp"

// Calls of 32-bit programs, which the kernel takes at an entry of its own and reads other structures for.
namespace dropwarden::test {
namespace {

#if defined(__x86_64__)
// arch/x86/entry/syscalls/syscall_32.tbl
constexpr int writev_number = 146;
constexpr int pwritev_number = 334;

// As the C library of i386 does it; in a 64-bit process the kernel takes it just as well.
int call(int number, int first, std::uint32_t second, int third) {
  int result = number;
  asm volatile("int $0x80"
               : "+a"(result)
               : "b"(first), "c"(second), "d"(third), "S"(0), "D"(0)
               : "memory", "r8", "r9", "r10", "r11");
  return result;
}

struct Part {  // compat_iovec
  std::uint32_t base;
  std::uint32_t length;
};

// Memory that 32 bits can address.
char* allocate(std::size_t size) {
  void* memory =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  require(memory != MAP_FAILED, "mmap");
  return static_cast<char*>(memory);
}

std::uint32_t address_of(const void* memory) {
  return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(memory));
}

// Two parts, of which none holds the magic number.
void write_parts(int number, const Scene& scene) {
  constexpr std::size_t page = 4096;
  const auto file = create(scene.file);
  char* const memory = allocate(page);
  const auto size = scene.program.size();
  std::memcpy(memory, scene.program.data(), size);
  const std::array<Part, 2> parts{
      {{address_of(memory), 2}, {address_of(memory + 2), static_cast<std::uint32_t>(size - 2)}}};
  char* const table = memory + page - sizeof parts;
  std::memcpy(table, parts.data(), sizeof parts);
  const int result = call(number, file.number(), address_of(table), parts.size());
  errno = -result;
  require(result == static_cast<int>(size), "int 0x80");
}

// A kernel without IA32 emulation, or with `ia32_emulation=0`, answers with a signal.
void write_or_be_killed(int number, const Scene& scene) {
  const pid_t child = ::fork();
  require(child >= 0, "fork");
  if (child == 0) {
    try {
      write_parts(number, scene);
    } catch (...) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  int status = 0;
  require(::waitpid(child, &status, 0) == child, "waitpid");
  errno = WIFSIGNALED(status) ? ENOSYS : EPROTO;
  require(status == 0, "int 0x80");
}
#else
constexpr int writev_number = 0;
constexpr int pwritev_number = 0;

void write_or_be_killed(int, const Scene&) {
  errno = ENOSYS;
  require(false, "int 0x80");
}
#endif

void writev(const Scene& scene) {
  write_or_be_killed(writev_number, scene);
}

void pwritev(const Scene& scene) {
  write_or_be_killed(pwritev_number, scene);
}

constexpr std::array methods{
    Method{"compat-writev", writev},
    Method{"compat-pwritev", pwritev},
};

}  // namespace

std::span<const Method> compat_calls() {
  return methods;
}

}  // namespace dropwarden::test
