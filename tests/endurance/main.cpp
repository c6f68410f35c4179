// SPDX-License-Identifier: Apache-2.0
// `endurance-soak --minutes N [--runtime NAME] [--seed N] [--clock]`: see tests/soak.
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <linux/magic.h>
#include <optional>
#include <sys/mount.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/file.hpp"

#include "memory_cgroup.hpp"
#include "soak.hpp"
#include "support/disk.hpp"
#include "support/file.hpp"
#include "support/guard.hpp"
#include "support/image.hpp"
#include "support/requirements.hpp"

namespace dropwarden::test {
namespace {

struct Arguments {
  unsigned minutes = 30;
  unsigned seed = 1;
  bool may_set_clock = false;
  std::string runtime = "containerd";
  std::string results{};
};

std::string make_directory(const RuntimePlace& place, const std::string& name) {
  const auto path = place.directory + "/" + name;
  std::filesystem::create_directory(path);
  return path;
}

bool is_in_memory(const std::string& directory) {
  const auto opened = sys::value_or_throw(sys::open_path(directory, O_PATH));
  const auto status = sys::value_or_throw(sys::read_file_system_status(opened.number()));
  return status.type == TMPFS_MAGIC || status.type == RAMFS_MAGIC;
}

std::unique_ptr<Runtime> start_runtime(const std::string& name, const RuntimePlace& place,
                                       const TestImages& images) {
  if (name == "dockerd") return start_dockerd(place, images);
  if (name == "podman") return start_podman(place, images);
  return start_containerd(place, images);
}

int run(const Arguments& arguments, const RuntimePlace& place) {
  const TestImages images(make_directory(place, "images"));
  RuntimePlace runtime_place = place;
  // Of a file system in memory each sweep reads all files, of which a node has few there.
  std::optional<Disk> disk;
  if (is_in_memory(place.directory))
    runtime_place.directory = disk.emplace("ext4", make_directory(place, "d")).path();
  else
    runtime_place.directory = make_directory(place, "r");
  const auto runtime = start_runtime(arguments.runtime, runtime_place, images);
  const auto store = make_directory(place, "store");
  if (::mount("soak", store.c_str(), "tmpfs", 0, "size=32m,mode=0700") != 0)
    throw sys::SystemError(sys::last_error("mount"));

  Plants plants;
  Churn churn(*runtime, plants);
  const auto monitor_directory = make_directory(place, "monitor");
  Watchman watchman(monitor_directory, store, runtime->socket());
  const auto cgroup = MemoryCgroup::make("/sys/fs/cgroup", place.cgroup, read_file("/proc/self/cgroup"));
  if (cgroup) watchman.set_cgroup(*cgroup);
  Disturbances disturbances(
      {.store_directory = store, .cgroup = cgroup, .may_set_clock = arguments.may_set_clock}, *runtime, churn,
      watchman, arguments.seed);
  const auto faults =
      Soak(plants, churn, watchman, disturbances).run(std::chrono::minutes(arguments.minutes));
  for (const auto& fault : faults) std::cout << "FAILED  " << fault << "\n";
  std::cout << fmt::format("soak: {} planted, {} told, {} faults\n", plants.planted(), plants.seen(),
                           faults.size());
  if (!faults.empty() && !arguments.results.empty()) {
    using std::filesystem::copy_options;
    std::filesystem::create_directories(arguments.results);
    for (const auto& file : std::filesystem::recursive_directory_iterator(monitor_directory))
      if (file.is_regular_file())
        std::filesystem::copy_file(
            file.path(),
            arguments.results + "/" +
                (file.path().parent_path().filename() += "-" + file.path().filename().string()).string(),
            copy_options::overwrite_existing);
  }
  return faults.empty() ? 0 : 1;
}

}  // namespace
}  // namespace dropwarden::test

int main(int argc, char** argv) {
  using namespace dropwarden::test;
  Arguments arguments;
  CLI::App app{"The monitor on a node that is never quiet"};
  app.add_option("--minutes", arguments.minutes, "How long")->check(CLI::Range(1U, 10'000U));
  app.add_option("--runtime", arguments.runtime)->check(CLI::IsMember({"containerd", "dockerd", "podman"}));
  app.add_option("--seed", arguments.seed, "Of the order in which things go wrong");
  app.add_option("--results", arguments.results,
                 "Directory for logs and findings of the monitors when something was wrong");
  app.add_flag("--clock", arguments.may_set_clock,
               "Also set the clock of this machine, an hour forth and back");
  CLI11_PARSE(app, argc, argv);
  const auto missing = missing_requirement({"containerd", "ctr", "runc"});
  if (!missing.empty()) {
    std::cerr << "soak: " << missing << "\n";
    return 1;
  }
  return run_guarded([&](const RuntimePlace& place) {
    try {
      return run(arguments, place);
    } catch (const std::exception& error) {
      std::cerr << "soak: " << error.what() << "\n";
      return 1;
    }
  });
}
