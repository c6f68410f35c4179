// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <sys/types.h>

namespace dropwarden::test {

// The calling process, which has no other thread, becomes `user` without any privilege, and then what every
// user may make of himself: root of a user namespace of his own, in which he mounts what he likes. For bodies
// of children: throws sys::SystemError.
void enter_user_namespace(uid_t user);
// Why none is entered here; empty where one is. ThreadSanitizer has a thread of its own in each process.
std::string missing_user_namespace();

// A node of /dev/fuse in `directory`, which everybody may open, as nodes have it and some machines that run
// tests have not. Its path.
std::string make_fuse_node(const std::string& directory);

// mount(2) without flags. Throws sys::SystemError.
void mount_file_system(const std::string& source, const std::string& target, const char* type,
                       const std::string& options = {});

}  // namespace dropwarden::test
