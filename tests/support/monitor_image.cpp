// SPDX-License-Identifier: Apache-2.0
#include "support/monitor_image.hpp"

#include <filesystem>

#include "dropwarden/util/text.hpp"

#include "support/command.hpp"
#include "support/daemon.hpp"
#include "support/file.hpp"

namespace dropwarden::test {
namespace {

// Where the dynamic loader of Debian looks without a cache.
#if defined(__x86_64__)
constexpr const char* library_directory = "lib/x86_64-linux-gnu/";
#elif defined(__aarch64__)
constexpr const char* library_directory = "lib/aarch64-linux-gnu/";
#endif

// Lines of ldd(1) are `NAME => PATH (ADDRESS)`, and `PATH (ADDRESS)` for the loader.
void add_libraries(Archive& layer) {
  const auto needed = require_command({"ldd", dropwarden_binary()});
  for (const auto line : util::split(needed, '\n')) {
    const auto start = line.find('/');
    if (start == std::string_view::npos) continue;
    const std::string path(line.substr(start, line.find(' ', start) - start));
    const bool is_loader = line.find("=>") == std::string_view::npos;
    const auto name =
        is_loader ? path.substr(1) : library_directory + std::filesystem::path(path).filename().string();
    layer.add_file(name, read_file(path), 0755);
  }
}

}  // namespace

Image write_monitor_image(const std::string& directory) {
  Archive layer;
  add_busybox(layer);
  layer.add_file("bin/dropwarden", read_file(dropwarden_binary()), 0755);
  add_libraries(layer);
  return write_image(directory, {"localhost/dropwarden:test", "dropwarden.tar", {"sh"}}, layer.bytes());
}

}  // namespace dropwarden::test
