// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "dropwarden/attribute/drop_key.hpp"
#include "dropwarden/model/finding.hpp"

namespace dropwarden::attribute {

// The identity of a drop: 32 hexadecimal digits of a SHA-256 over container ID, `file_system` (a name of the
// file system within the container that survives a restart of dropwarden: the upperdir, or a volume's
// f_fsid), inode, ctime, size and header bytes. The same drop has the same id, whichever sensor saw it and
// how often, as long as its ctime stands: chmod(2), link(2) and on most file systems rename(2) move it. Pure.
std::string finding_id(const model::Finding& finding, std::string_view file_system);

// Of a drop whose `finding_id` is that of another with other content (attribute::content_digest): a store
// through a mapping to a page that is dirty already moves no ctime, nor do two writes within one tick of the
// clock of a kernel before 6.13. Pure.
std::string other_content_id(const Digest& id, const Digest& content);

// Of a summary, which is of no file: of container, severity and time. Pure.
std::string summary_id(const model::Finding& summary);

}  // namespace dropwarden::attribute
