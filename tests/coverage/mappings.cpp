// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <fcntl.h>
#include <thread>
#include <unistd.h>

#include "acting.hpp"
#include "method.hpp"
#include "support/child.hpp"
#include "support/wait.hpp"

// Stores into a shared mapping (mmap(2)), which no system call tells of. On an overlay the mapping is of the
// file below it, so the overlay's own file is closed when its descriptor is.
namespace dropwarden::test {
namespace {

sys::Fd create_page(const Scene& scene) {
  auto file = create(scene.file);
  require(::ftruncate(file.number(), 4096) == 0, "ftruncate");
  return file;
}

void closed_last(const Scene& scene) {
  const auto file = create_page(scene);
  SharedMapping(file.number()).store(scene.program);
}

void store_after_close(const Scene& scene, SharedMapping& mapping, sys::Fd file) {
  file.reset();
  let_be_seen();
  mapping.store(scene.program);
}

void unmapped_last(const Scene& scene) {
  auto file = create_page(scene);
  SharedMapping mapping(file.number());
  store_after_close(scene, mapping, std::move(file));
}

void ended_last(const Scene& scene) {
  auto file = create_page(scene);
  SharedMapping mapping(file.number());
  store_after_close(scene, mapping, std::move(file));
  mapping.leave();
}

void kept(const Scene& scene) {
  stay([&] {
    auto file = create_page(scene);
    SharedMapping mapping(file.number());
    store_after_close(scene, mapping, std::move(file));
    mapping.leave();
  });
}

void prepare_text(const Scene& scene) {
  put(scene.file, std::string(4096, 'x'), 0644);
}

// Nothing in the file that the close shows tells that its header will change.
void over_text(const Scene& scene) {
  auto file = open_existing(scene.file, O_RDWR);
  SharedMapping mapping(file.number());
  store_after_close(scene, mapping, std::move(file));
}

void kept_and_executed(const Scene& scene) {
  kept(scene);
  execute({scene.file});
}

// As `over_text`, behind the header of a program of the image; so late that nobody is still to look at the
// copy-up, which sensor B does some tenths of a second after it.
void infect(const Scene& scene) {
  auto file = open_existing(scene.file, O_RDWR);
  SharedMapping mapping(file.number());
  file.reset();
  std::this_thread::sleep_for(2s);
  mapping.store(scene.program.substr(0, scene.program.size() - 1) + "!");
}

constexpr std::array methods{
    Method{"mmap-closed-last", closed_last},         Method{"mmap-unmapped-last", unmapped_last},
    Method{"mmap-ended-last", ended_last},           Method{"mmap-kept", kept},
    Method{"mmap-kept-executed", kept_and_executed}, Method{"mmap-over-text", over_text, prepare_text},
    Method{"image-mmap-infected", infect},
};

}  // namespace

std::span<const Method> mappings() {
  return methods;
}

}  // namespace dropwarden::test
