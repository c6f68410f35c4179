// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/layer/program.hpp"

#include <cerrno>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "dropwarden/layer/origin.hpp"
#include "dropwarden/layer/path.hpp"
#include "dropwarden/layer/scanner.hpp"

namespace dropwarden::layer {
namespace {

using model::ProgramState;

// What stands in the way of the image's file at a path.
struct Cover {
  bool hides = true;            // something does, or nobody knows
  std::optional<Entry> copy{};  // the file at the path itself
  sys::FileStatus upperdir{};   // of the top
};

// Directories that hide what is below them, or show something from elsewhere.
bool is_merged(const Entry& directory) {
  return directory.is_directory() && !directory.is_opaque() && !directory.attributes.redirect;
}

Cover find_cover(Trees& trees, const Path& path) {
  if (path.empty()) return {};
  auto followed = trees.follow_upper(path);
  const auto status = trees.upper_status();
  if (!followed || !*followed || !status) return {};
  Way& way = **followed;
  for (std::size_t i = 0; i < way.size(); ++i) {
    auto& entry = way[i];
    if (!entry) return {.hides = entry.error().number != ENOENT, .copy = {}, .upperdir = *status};
    if (i + 1 == path.size()) return {.hides = true, .copy = std::move(*entry), .upperdir = *status};
    // Also a whiteout.
    if (!is_merged(*entry)) return {};
  }
  return {};
}

// The numbers of files on another file system than the upper directory's may be those of a new file there; an
// overlay that shows them as its own tells them apart in the topmost bits (xino).
bool is_shown_as(std::uint64_t inode, const sys::FileStatus& original, const sys::FileStatus& upperdir) {
  const bool is_beside =
      original.device_major == upperdir.device_major && original.device_minor == upperdir.device_minor;
  if (is_beside) return inode == original.inode;
  return inode >> 48U != 0 && is_inode_of(inode, original);
}

bool has_bytes_of_image(privilege::Privilege& privilege, Image& image, std::string_view path,
                        std::uint64_t inode, const sys::FileStatus& copy, const Budget& budget) {
  SeenFile seen;
  seen.facts.path = path;
  seen.facts.inode = inode;
  seen.facts.size = copy.size;
  seen.facts.modified = copy.modified;
  seen.facts.changed = copy.changed;
  const auto no_digest = [](int, std::uint64_t) { return std::string{}; };
  const auto found = find_origin(privilege, image, seen, no_digest);
  const auto* const answer = std::get_if<Answer>(&found);
  return (answer != nullptr ? *answer : compare(std::get<Comparison>(found), budget)) ==
         model::Origin::unchanged;
}

}  // namespace

ProgramState judge_program(privilege::Privilege& privilege, Image& image, std::string_view path,
                           std::uint64_t inode, const Budget& budget) {
  const auto names = parse_path(path);
  if (!names) return ProgramState::unknown;
  const Cover cover = find_cover(image.trees(), *names);
  if (cover.copy) {
    const bool is_same = has_bytes_of_image(privilege, image, path, inode, cover.copy->status, budget);
    return is_same ? ProgramState::copied_up : ProgramState::unknown;
  }
  if (cover.hides) return ProgramState::unknown;
  const auto original = image.find(*names);
  if (!original || !*original || !(*original)->entry.is_regular()) return ProgramState::unknown;
  const bool is_it = is_shown_as(inode, (*original)->entry.status, cover.upperdir);
  return is_it ? ProgramState::untouched : ProgramState::unknown;
}

bool has_untouched_program(Image& image, std::string_view path) {
  const auto names = parse_path(path);
  if (!names || find_cover(image.trees(), *names).hides) return false;
  const auto original = image.find(*names);
  return original && *original && (*original)->entry.is_regular();
}

}  // namespace dropwarden::layer
