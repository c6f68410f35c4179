// SPDX-License-Identifier: Apache-2.0
#include "counted_calls.hpp"

#include <cstdarg>
#include <cstdlib>
#include <dlfcn.h>
#include <fcntl.h>
#include <new>
#include <pthread.h>
#include <unistd.h>

namespace {

thread_local dropwarden::test::Calls counted;

template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

// All plain forms, so that none of them pairs with the library's or the sanitizer's.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++counted.allocations;
  return std::malloc(size);
}
void* operator new(std::size_t size) {
  if (void* memory = operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}

extern "C" {
int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  static auto* const next = real<int(pthread_mutex_t*)>("pthread_mutex_lock");
  ++counted.locks;
  return next(mutex);
}
ssize_t readlink(const char* path, char* buffer, size_t size) noexcept {
  static auto* const next = real<ssize_t(const char*, char*, size_t)>("readlink");
  ++counted.paths;
  return next(path, buffer, size);
}
ssize_t readlinkat(int directory, const char* path, char* buffer, size_t size) noexcept {
  static auto* const next = real<ssize_t(int, const char*, char*, size_t)>("readlinkat");
  ++counted.paths;
  return next(directory, path, buffer, size);
}
int openat(int directory, const char* path, int flags, ...) {
  static auto* const next = real<int(int, const char*, int, ...)>("openat");
  std::va_list arguments;
  va_start(arguments, flags);
  const auto mode = va_arg(arguments, mode_t);
  va_end(arguments);
  ++counted.paths;
  return next(directory, path, flags, mode);
}
}

namespace dropwarden::test {

Calls calls() {
  return counted;
}

}  // namespace dropwarden::test
