// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "dropwarden/model/finding.hpp"

namespace dropwarden::attribute {

// The identity of a drop: 32 hexadecimal digits of a SHA-256 over container ID, `file_system` (a name of the file system within
// the container that survives a restart of dropwarden: the upperdir, or a volume's f_fsid), inode, ctime, size and
// header bytes. The same drop has the same id, whichever sensor saw it and how often. Pure.
std::string finding_id(const model::Finding& finding, const std::string& file_system);

}  // namespace dropwarden::attribute
