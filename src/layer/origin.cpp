// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/layer/origin.hpp"

#include <utility>

#include "upper_file.hpp"

namespace dropwarden::layer {
namespace {

using model::Origin;

bool has_same_content_times(const sys::FileStatus& status, const model::FileFacts& facts) {
  return status.size == facts.size && status.modified == facts.modified && status.changed == facts.changed;
}

// Where the bytes of an upper file are that has none of its own (metacopy), as they are those of the image:
// at its own path unless it was renamed.
sys::Result<std::optional<ImageEntry>> find_copied_data(Image& image, const UpperFile& upper) {
  const auto& redirect = upper.entry->attributes.redirect;
  if (!redirect) return image.find(upper.image_path);
  const auto path = redirect_path(upper.image_path, *redirect);
  if (!path) return std::unexpected(path.error());
  return image.find(*path);
}

std::variant<Answer, Comparison> begin_comparison(privilege::Privilege& privilege, const Entry& upper,
                                                  const Entry& image) {
  auto file = privilege.open_regular_file(upper.file.number());
  auto original = privilege.open_regular_file(image.file.number());
  if (!file || !original) return Origin::unknown;
  return Comparison{.upper = std::move(*file), .image = std::move(*original), .seen = upper.status};
}

Origin compare_digest(privilege::Privilege& privilege, const model::FileFacts& facts, const Entry& image,
                      bool is_proven, const Digest& digest) {
  const auto file = privilege.open_regular_file(image.file.number());
  if (!file) return Origin::unknown;
  const std::string of_image = digest(file->number(), facts.size);
  if (of_image.empty()) return Origin::unknown;
  if (of_image != facts.sha256.value) return Origin::modified;
  return is_proven ? Origin::unchanged : Origin::unknown;
}

}  // namespace

bool is_inode_of(std::uint64_t inode, const sys::FileStatus& status) {
  constexpr std::uint64_t without_layer = (std::uint64_t{1} << 48U) - 1;
  return (inode & without_layer) == (status.inode & without_layer);
}

std::variant<Answer, Comparison> find_origin(privilege::Privilege& privilege, Image& image,
                                             const SeenFile& seen, const Digest& digest) {
  const model::FileFacts& facts = seen.facts;
  const bool has_path =
      facts.path_state != model::PathState::unnamed && facts.path_state != model::PathState::too_long;
  if (!has_path || image.layers().upperdir.empty()) return Origin::unknown;
  const auto path = parse_path(facts.path);
  if (!path) return Origin::unknown;
  const auto upper = find_upper_file(image, *path);
  if (!upper) return Origin::unknown;
  const auto found = image.find(upper->image_path);
  if (!found) return Origin::unknown;
  const ImageEntry* original = *found ? &**found : nullptr;

  const bool is_of_image = original != nullptr && is_inode_of(facts.inode, original->entry.status);
  const bool is_same_file = upper->entry && upper->entry->is_regular() &&
                            (is_inode_of(facts.inode, upper->entry->status) || is_of_image);
  const bool is_there = is_same_file && has_same_content_times(upper->entry->status, facts);
  if (!is_there && (!seen.is_path_certain || upper->is_redirected)) return Origin::unknown;

  if (original == nullptr || original->entry.is_directory()) return Origin::created;
  if (!original->entry.is_regular()) return Origin::modified;
  if (original->entry.status.size != facts.size) return Origin::modified;

  if (is_there && upper->entry->is_metacopy()) {
    const auto data = find_copied_data(image, *upper);
    if (!data || !*data) return Origin::unknown;
    if (sys::is_same_object((*data)->content().status, original->content().status)) return Origin::unchanged;
    return begin_comparison(privilege, (*data)->content(), original->content());
  }
  if (facts.sha256.status == model::HashStatus::done) {
    return compare_digest(privilege, facts, original->content(), is_same_file || is_of_image, digest);
  }
  if (!is_there) return Answer{};
  return begin_comparison(privilege, *upper->entry, original->content());
}

Answer compare(const Comparison& comparison, const Budget& budget, const std::stop_token& stop) {
  const sys::FileStatus& seen = comparison.seen;
  const auto equality =
      compare_files(comparison.upper.number(), comparison.image.number(), seen.size, budget, stop);
  if (!equality || *equality == Equality::unproven) return Origin::unknown;
  const auto now = sys::read_status(comparison.upper.number());
  if (!now || now->size != seen.size || now->modified != seen.modified || now->changed != seen.changed) {
    return std::nullopt;
  }
  return *equality == Equality::equal ? Origin::unchanged : Origin::modified;
}

}  // namespace dropwarden::layer
