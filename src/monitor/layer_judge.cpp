// SPDX-License-Identifier: Apache-2.0
#include "layer_judge.hpp"

#include <algorithm>

#include "dropwarden/mount/file_system.hpp"
#include "dropwarden/mount/layer_problem.hpp"
#include "dropwarden/sys/file.hpp"

// Owns a directory of the host for the length of a look at it.
namespace dropwarden::monitor {
void LayerJudge::on_table(const std::vector<model::Mount>& table) {
  points_.clear();
  is_local_.clear();
  for (const model::Mount& mount : table) {
    points_.emplace_back(mount.mount_point, mount::is_safe_to_cross(mount.file_system));
    is_local_.insert_or_assign(mount.id.value, mount::has_local_files(mount.file_system));
  }
}

// The type is looked at first: to ask a file system for the directory may already be to wait for its server.
LayerJudge::Verdict LayerJudge::judge(const model::OverlayLayers& layers) const {
  if (may_hang(layers)) return {.reason = mount::layer_may_never_answer};
  if (layers.upperdir.empty()) return {};
  const auto opened = privilege_.open_in_directory(layers.upperdir, ".");
  if (!opened && mount::is_absence(opened.error()))
    return {.reason = "its upper directory is not on this host"};
  if (!opened) return {.reason = "its upper directory cannot be looked at", .is_final = false};
  const auto status = sys::read_cached_status(opened->number());
  if (!status) return {};
  return {.upper = Directory{.device = {status->device_major, status->device_minor}, .inode = status->inode}};
}

LayerJudge::Verdict LayerJudge::judge_hidden(const model::OverlayLayers& layers) const {
  Verdict verdict = judge(layers);
  if (verdict.reason == nullptr) verdict.reason = why_foreign(layers.lowerdirs);
  return verdict;
}

const char* LayerJudge::why_foreign(const std::vector<std::string>& lowerdirs) const {
  for (const auto& opened : privilege_.open_layers(lowerdirs)) {
    if (!opened && mount::is_absence(opened.error())) return mount::layer_is_absent;
    const auto id = opened ? sys::read_mount_id(opened->number()) : std::unexpected(opened.error());
    // What was mounted since the table was read, the marker knows.
    const auto known = id ? is_local_.find(*id) : is_local_.end();
    if (known != is_local_.end() && !known->second) return mount::layer_may_never_answer;
  }
  return nullptr;
}

bool LayerJudge::may_hang(const model::OverlayLayers& layers) const {
  return may_hang(layers.upperdir) ||
         std::ranges::any_of(layers.lowerdirs, [this](const std::string& layer) { return may_hang(layer); });
}

// By the mount that lies nearest above it; what the host itself lives on has to answer.
bool LayerJudge::may_hang(std::string_view layer) const {
  std::size_t longest = 0;
  bool is_safe = true;
  for (const auto& [point, is_safe_there] : points_) {
    const bool is_above = layer.starts_with(point) && point.size() > 1 && point.size() >= longest &&
                          (layer.size() == point.size() || layer[point.size()] == '/');
    if (!is_above) continue;
    longest = point.size();
    is_safe = is_safe_there;
  }
  return !is_safe;
}

}  // namespace dropwarden::monitor
