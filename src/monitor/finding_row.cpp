// SPDX-License-Identifier: Apache-2.0
#include "finding_row.hpp"

#include <utility>

#include "dropwarden/sink/format.hpp"
#include "dropwarden/util/escape.hpp"

namespace dropwarden::monitor {

store::StoredFinding finding_row(const model::Finding& finding, const KnownDrop& drop,
                                 std::string file_system, std::string native) {
  const model::FileFacts& file = finding.event.file;
  const auto& pod = finding.event.container.pod;
  return {.id = finding.id,
          .place = drop.place,
          .content = drop.content,
          .container = util::escape(finding.event.container.id.value),
          .name = util::escape(finding.event.container.name),
          .image = util::escape(finding.event.container.image.name),
          .pod = pod ? util::escape(pod->name) : std::string(),
          .name_space = pod ? util::escape(pod->name_space) : std::string(),
          .file_system = std::move(file_system),
          .inode = file.inode,
          .size = file.size,
          .modified = file.modified,
          .sha256 = file.sha256.value,
          .path = row_path(file),
          .path_state = name_of(file.path_state),
          .mode = file.mode,
          .detected_by = name_of(finding.event.detected_by),
          .kind = file.kind ? name_of(file.kind->format) : "",
          .severity = static_cast<unsigned>(finding.decision.severity),
          .decision = name_of(finding.decision.verdict),
          .exception = finding.decision.exception ? finding.decision.exception->name : std::string(),
          .revision = finding.revision,
          .is_final = finding.is_final,
          .seen = finding.event.time,
          .record = native.empty() ? sink::format_native(finding) : std::move(native)};
}

std::string row_path(const model::FileFacts& file) {
  return util::escape(file.path);
}

}  // namespace dropwarden::monitor
