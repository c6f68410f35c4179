// SPDX-License-Identifier: Apache-2.0
#include "memory_cgroup.hpp"

#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <unistd.h>

#include "dropwarden/util/text.hpp"

#include "support/file.hpp"

namespace dropwarden::test {
namespace {

namespace fs = std::filesystem;

bool exists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

bool has_word(std::string_view text, std::string_view wanted, char separator) {
  for (const auto word : util::split(text, separator))
    if (util::trim(word) == wanted) return true;
  return false;
}

// The number after `name` in lines of names and numbers; 0 when there is none.
std::uint64_t number_of(const std::string& text, std::string_view name) {
  for (auto line : util::split(text, '\n'))
    if (util::take_until(line, ' ') == name)
      return util::parse_number<std::uint64_t>(util::trim(line)).value_or(0);
  return 0;
}

std::uint64_t read_number(const std::string& file) {
  return util::parse_number<std::uint64_t>(util::trim(read_file(file))).value_or(0);
}

// The path of a process's cgroup in the hierarchy with this controller; an empty one stands for version 2.
std::optional<std::string> path_with(std::string_view own, std::string_view controller) {
  for (auto line : util::split(own, '\n')) {
    util::take_until(line, ':');
    const auto controllers = util::take_until(line, ':');
    if (controller.empty() ? controllers.empty() : has_word(controllers, controller, ','))
      return std::string(line);
  }
  return std::nullopt;
}

// The directory where version 2 stands, if at all.
std::optional<std::string> find_v2(const std::string& root) {
  for (const auto& place : {root, root + "/unified"})
    if (exists(place + "/cgroup.controllers")) return place;
  return std::nullopt;
}

std::string make_v1(const std::string& hierarchy, const std::string& parent) {
  auto directory = hierarchy + parent + "/monitor";
  fs::create_directories(directory);
  return directory;
}

std::string make_v2(const std::string& hierarchy, const std::string& parent) {
  auto directory = hierarchy + parent + "/monitor";
  write_file(hierarchy + "/cgroup.subtree_control", "+memory");
  fs::create_directories(hierarchy + parent);
  write_file(hierarchy + parent + "/cgroup.subtree_control", "+memory");
  fs::create_directories(directory);
  return directory;
}

}  // namespace

std::expected<MemoryCgroup, std::string> MemoryCgroup::make(const std::string& root,
                                                            const std::string& parent,
                                                            const std::string& own) {
  const auto v2 = find_v2(root);
  const bool is_v2 = v2 && has_word(read_file(*v2 + "/cgroup.controllers"), "memory", ' ');
  const std::string hierarchy = is_v2 ? *v2 : root + "/memory";
  if (!is_v2 && !exists(hierarchy + "/memory.limit_in_bytes"))
    return std::unexpected("neither version of cgroups has the memory controller below " + root);
  const auto home = path_with(own, is_v2 ? "" : "memory");
  if (!home || !exists(hierarchy + *home + "/cgroup.procs"))
    return std::unexpected("our own cgroup cannot be seen below " + hierarchy);
  try {
    auto directory = is_v2 ? make_v2(hierarchy, parent) : make_v1(hierarchy, parent);
    if (!exists(directory + (is_v2 ? "/memory.max" : "/memory.limit_in_bytes")))
      return std::unexpected("the kernel gives " + directory + " no memory controller");
    return MemoryCgroup(std::move(directory), hierarchy + *home, is_v2);
  } catch (const std::exception& error) {
    return std::unexpected(error.what());
  }
}

void MemoryCgroup::set(const std::string& file, const std::string& value) const {
  write_file(directory_ + "/" + file, value);
}

void MemoryCgroup::enter() const {
  set("cgroup.procs", std::to_string(::getpid()));
}

void MemoryCgroup::leave() const {
  write_file(home_ + "/cgroup.procs", std::to_string(::getpid()));
}

// All but the pages of files on disks. Those of a tmpfs stay: there is no swap.
std::uint64_t MemoryCgroup::bytes_that_stay() const {
  const auto all = read_number(directory_ + (is_v2_ ? "/memory.current" : "/memory.usage_in_bytes"));
  const auto statistics = read_file(directory_ + "/memory.stat");
  const std::uint64_t of_files =
      number_of(statistics, "active_file") + number_of(statistics, "inactive_file");
  return all > of_files ? all - of_files : 0;
}

void MemoryCgroup::squeeze(std::uint64_t room) const {
  const auto limit = bytes_that_stay() + room;
  if (is_v2_) {
    // Above `high` processes are slowed down and pages taken back; above `max` they are ended.
    set("memory.high", std::to_string(limit));
    set("memory.max", std::to_string(limit + room));
    return;
  }
  // EBUSY where so little is not to be had at once: what is in use may have grown meanwhile.
  constexpr int tries = 5;
  for (int i = 1;; ++i) {
    try {
      return set("memory.limit_in_bytes",
                 std::to_string(bytes_that_stay() + room * static_cast<unsigned>(i)));
    } catch (const std::runtime_error&) {
      if (i == tries) throw;
    }
  }
}

void MemoryCgroup::release() const {
  if (!is_v2_) return set("memory.limit_in_bytes", "-1");
  set("memory.max", "max");
  set("memory.high", "max");
}

std::uint64_t MemoryCgroup::hits() const {
  if (!is_v2_) return read_number(directory_ + "/memory.failcnt");
  const auto events = read_file(directory_ + "/memory.events");
  return number_of(events, "high") + number_of(events, "max");
}

}  // namespace dropwarden::test
