// SPDX-License-Identifier: Apache-2.0
#include "counted_calls.hpp"

#include <cstdarg>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "support/counted_allocations.hpp"

namespace {

thread_local dropwarden::test::Calls counted;  // but allocations

template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

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
  Calls calls = counted;
  calls.allocations = allocations();
  return calls;
}

}  // namespace dropwarden::test
