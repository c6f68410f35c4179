// SPDX-License-Identifier: Apache-2.0
// What it costs to tell whether a file is the image's: by the number of layers, with nothing kept (the first
// file of a burst) and with the directory at hand (the others). Needs root; times of one run are to be
// compared with one another only.
#include "dropwarden/layer/origin.hpp"

#include <algorithm>
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>

#include "dropwarden/attribute/hash.hpp"
#include "dropwarden/mount/table.hpp"
#include "dropwarden/sys/file.hpp"

#include "support/file.hpp"
#include "support/layered_overlay.hpp"
#include "support/private_mounts.hpp"
#include "support/seen_file.hpp"

namespace dropwarden::test {
namespace {

// An image whose lowest layer has the programs, and of the others each third something else in the same
// directory.
class Container {
 public:
  explicit Container(std::size_t layers) : overlay_(make_scratch_directory(), layers) {
    for (std::size_t number = 1; number <= layers; ++number) {
      const bool is_beside = number % 3 == 0 || number == layers;
      const auto directory = overlay_.lower(number) + (is_beside ? "/usr/local/bin" : "/etc");
      std::filesystem::create_directories(directory);
      write_file(directory + "/of" + std::to_string(number), "x");
    }
    const auto programs = overlay_.lower(layers) + "/usr/local/bin";
    write_file(programs + "/small", std::string(std::size_t{16} << 10U, 's'));
    write_file(programs + "/large", std::string(std::size_t{1} << 20U, 'l'));
    overlay_.mount(LayeredOverlay::Names::short_links);
    const auto merged = overlay_.merged() + "/usr/local/bin/";
    for (const char* name : {"small", "large"}) std::ofstream(merged + name, std::ios::app).close();
    write_file(merged + "new", std::string(std::size_t{16} << 10U, 'n'));
    const auto table = mount::parse_mountinfo(
        sys::value_or_throw(sys::read_file("/proc/self/mountinfo", std::size_t{1} << 24U)));
    const auto mounted = std::ranges::find(table, overlay_.merged(), &model::Mount::mount_point);
    layers_ = std::make_shared<const model::OverlayLayers>(mount::parse_overlay_layers(*mounted).value());
    mounts_ = std::make_shared<const layer::ReadableMounts>(table);
  }

  layer::SeenFile see(const std::string& name) const {
    const std::string path = "/usr/local/bin/" + name;
    return see_file(overlay_.merged() + path, path);
  }

  std::unique_ptr<layer::Image> open_image() {
    return std::make_unique<layer::Image>(*privilege_, layers_, mounts_);
  }

  model::Origin find(layer::Image& image, const layer::SeenFile& seen) {
    const auto digest = [](int fd, std::uint64_t size) {
      return attribute::hash_file(fd, size, {.max_bytes = size}).value;
    };
    auto found = layer::find_origin(*privilege_, image, seen, digest);
    const auto* comparison = std::get_if<layer::Comparison>(&found);
    const auto answer =
        comparison != nullptr ? layer::compare(*comparison, {}) : std::get<layer::Answer>(found);
    return answer.value_or(model::Origin::unknown);
  }

 private:
  std::unique_ptr<privilege::Privilege> privilege_ = privilege::make_direct();
  LayeredOverlay overlay_;
  std::shared_ptr<const model::OverlayLayers> layers_;
  std::shared_ptr<const layer::ReadableMounts> mounts_;
};

void measure(benchmark::State& state, const std::string& name, model::Origin expected, bool is_first) {
  Container container(static_cast<std::size_t>(state.range(0)));
  const auto seen = container.see(name);
  auto image = container.open_image();
  for (auto _ : state) {
    if (is_first) image = container.open_image();
    if (container.find(*image, seen) != expected) return state.SkipWithError("another origin than expected");
  }
}

void first_new(benchmark::State& state) {
  measure(state, "new", model::Origin::created, true);
}
void next_new(benchmark::State& state) {
  measure(state, "new", model::Origin::created, false);
}
void next_unchanged_16k(benchmark::State& state) {
  measure(state, "small", model::Origin::unchanged, false);
}
void next_unchanged_1m(benchmark::State& state) {
  measure(state, "large", model::Origin::unchanged, false);
}

BENCHMARK(first_new)->Arg(1)->Arg(20)->Arg(127)->Unit(benchmark::kMicrosecond);
BENCHMARK(next_new)->Arg(1)->Arg(20)->Arg(127)->Unit(benchmark::kMicrosecond);
BENCHMARK(next_unchanged_16k)->Arg(1)->Arg(20)->Arg(127)->Unit(benchmark::kMicrosecond);
BENCHMARK(next_unchanged_1m)->Arg(1)->Arg(20)->Arg(127)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace dropwarden::test

int main(int argc, char** argv) {
  if (const auto reason = dropwarden::test::try_enter_private_mounts()) {
    std::cerr << "SKIP privilege: needs CAP_SYS_ADMIN: " << *reason << "\n";
    return 77;
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
