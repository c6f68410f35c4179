// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "dropwarden/model/finding.hpp"

namespace dropwarden::attribute {

// The identity of a drop: 32 hexadecimal digits of a SHA-256 over container ID, `file_system` (a name of the
// file system within the container that survives a restart of dropwarden: the upperdir, or a volume's
// f_fsid), inode, ctime, size and header bytes. The same drop has the same id, whichever sensor saw it and
// how often, as long as its ctime stands: chmod(2), link(2) and on most file systems rename(2) move it. Pure.
std::string finding_id(const model::Finding& finding, std::string_view file_system);

// Of a summary, which is of no file: of container, severity and time. Pure.
std::string summary_id(const model::Finding& summary);

}  // namespace dropwarden::attribute
