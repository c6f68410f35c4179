// SPDX-License-Identifier: Apache-2.0
#include "counted_allocations.hpp"

#include <cstdlib>
#include <new>

namespace {
thread_local long count = 0;
}  // namespace

// All plain forms, so that none of them pairs with the library's or the sanitizer's.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++count;
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

namespace dropwarden::test {

long allocations() {
  return count;
}

}  // namespace dropwarden::test
