// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "dropwarden/mount/table.hpp"
#include "dropwarden/util/text.hpp"

#include "octal.hpp"
#include "path.hpp"

namespace dropwarden::mount {
namespace {

// overlayfs has an escape of its own below the octal one of /proc: `\` before any byte of `lowerdir=`,
// `upperdir=` and `workdir=` takes its meaning away (Documentation/filesystems/overlayfs.rst). `lowerdir+=`
// has none.
std::string unescape_backslash(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    out += text[i];
  }
  return out;
}

// `A:B::C`: a colon separates, two of them begin the data-only layers, `\:` is part of a name.
void append_layers(model::OverlayLayers& layers, std::string_view text) {
  std::size_t begin = 0;
  bool is_data_only = false;
  while (begin < text.size()) {
    std::size_t end = begin;
    while (end < text.size() && text[end] != ':') end += text[end] == '\\' ? 2 : 1;
    end = std::min(end, text.size());
    if (end > begin) {
      layers.lowerdirs.push_back(unescape_backslash(text.substr(begin, end - begin)));
      layers.data_only += is_data_only ? 1 : 0;
    } else {
      is_data_only = true;
    }
    begin = end + 1;
  }
}

bool is_absolute(std::string_view path) {
  return path.starts_with('/');
}

// Where the runtime stood when it mounted with relative names, to keep the options within a page. Nothing
// when the mount does not say.
std::string base_of(const model::Mount& mount, const model::OverlayLayers& layers) {
  // containerd: `<snapshots>/103/fs` over `102/fs:101/fs`.
  if (is_absolute(layers.upperdir)) return std::string(parent_of(parent_of(layers.upperdir)));
  // docker, podman: `<layers>/<layer>/merged` over `l/XXX:l/YYY`, with upperdir `<layer>/diff` or without
  // any.
  if (name_in(mount.mount_point) == "merged") return std::string(parent_of(parent_of(mount.mount_point)));
  return {};
}

void resolve(std::string& path, const std::string& base) {
  if (path.empty() || is_absolute(path) || base.empty()) return;
  path = base + "/" + path;
}

}  // namespace

std::optional<model::OverlayLayers> parse_overlay_layers(const model::Mount& mount) {
  if (mount.file_system != "overlay") return std::nullopt;
  model::OverlayLayers layers;
  std::string_view rest = mount.super_options;
  while (!rest.empty()) {
    std::string_view option = util::take_until(rest, ',');
    const std::string_view key = util::take_until(option, '=');
    const std::string value = unescape_octal(option);
    if (key == "upperdir") layers.upperdir = unescape_backslash(value);
    if (key == "workdir") layers.workdir = unescape_backslash(value);
    if (key == "lowerdir") append_layers(layers, value);
    if (key == "lowerdir+" || key == "datadir+") layers.lowerdirs.push_back(value);
    if (key == "datadir+") ++layers.data_only;
    if (key == "userxattr") layers.has_user_attributes = true;
  }
  const std::string base = base_of(mount, layers);
  resolve(layers.upperdir, base);
  resolve(layers.workdir, base);
  for (auto& layer : layers.lowerdirs) resolve(layer, base);
  return layers;
}

}  // namespace dropwarden::mount
