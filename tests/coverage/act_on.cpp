// SPDX-License-Identifier: Apache-2.0
#include "act_on.hpp"

#include <filesystem>

#include "acting.hpp"
#include "program.hpp"

namespace dropwarden::test {
namespace {

Scene scene_of(const Cell& cell, const Box& box, const std::string& root) {
  const auto directory = root + cell.directory();
  return {.directory = directory,
          .file = directory + "/f",
          .program = cell.program(),
          .first_process = box.first_process()};
}

}  // namespace

std::string Cell::program() const {
  return make_program(directory());
}

bool Cell::is_on_image() const {
  return std::string_view(method.name).starts_with("image-");
}

void put_into_image(const Cell& cell, const Box& box) {
  if (!cell.is_on_image()) return;
  std::filesystem::create_directories(box.lower() + cell.directory());
  put(box.lower() + cell.directory() + "/f", cell.program());
}

void prepare(const Cell& cell, const Box& box) {
  box.run([&] {
    std::filesystem::create_directories(cell.directory());
    if (cell.method.prepare != nullptr) cell.method.prepare(scene_of(cell, box, {}));
  });
}

void act(const Cell& cell, const Box& box, const Box& other) {
  const auto through_process = "/proc/" + std::to_string(box.first_process()) + "/root";
  switch (cell.method.side) {
    case Side::container:
      return box.run([&] { cell.method.act(scene_of(cell, box, {})); });
    case Side::host:
      return run_apart([&] { cell.method.act(scene_of(cell, box, through_process)); });
    case Side::host_layer:
      return run_apart([&] { cell.method.act(scene_of(cell, box, box.upper())); });
    case Side::host_merged:
      return run_apart([&] { cell.method.act(scene_of(cell, box, box.merged())); });
    case Side::other:
      return run_apart([&] {
        other.join_cgroup();
        cell.method.act(scene_of(cell, box, through_process));
      });
  }
}

}  // namespace dropwarden::test
