// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstddef>
#include <fcntl.h>
#include <vector>

#include "acting.hpp"
#include "method.hpp"
#include "support/child.hpp"

// Writers outside the container.
namespace dropwarden::test {
namespace {

void write(const Scene& scene) {
  put(scene.file, scene.program);
}

void prepare_text(const Scene& scene) {
  put(scene.file, "text that nobody runs\n", 0644);
}

// A file handle (open_by_handle_at(2)) leads past all names and mounts but the one of the file system.
void write_by_handle(const Scene& scene) {
  std::vector<std::byte> memory(sizeof(file_handle) + MAX_HANDLE_SZ);
  auto* handle = reinterpret_cast<struct file_handle*>(memory.data());
  handle->handle_bytes = MAX_HANDLE_SZ;
  int mount = 0;
  require(::name_to_handle_at(AT_FDCWD, scene.file.c_str(), handle, &mount, 0) == 0, "name_to_handle_at");
  const auto directory = open_existing(scene.directory, O_RDONLY | O_DIRECTORY);
  const sys::Fd file(::open_by_handle_at(directory.number(), handle, O_RDWR | O_TRUNC));
  require(file.number() >= 0, "open_by_handle_at");
  write_all(file.number(), scene.program);
}

constexpr std::array methods{
    Method{"host-through-proc-root", write, nullptr, Side::host},
    Method{"host-through-merged", write, nullptr, Side::host_merged},
    Method{"other-container-through-proc-root", write, nullptr, Side::other},
    Method{"host-into-the-layer", write, nullptr, Side::host_layer},
    Method{"host-by-file-handle", write_by_handle, prepare_text, Side::host_layer},
};

}  // namespace

std::span<const Method> outside_writers() {
  return methods;
}

}  // namespace dropwarden::test
