// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

namespace dropwarden::test {

// Where one method acts once. Paths are those of the side that acts.
struct Scene {
  std::string directory;  // its own, and empty but for what `prepare` left
  std::string file;       // within: what is to be found in the end
  std::string program;    // whole bytes of a program that no other scene has
  int first_process = 0;  // of the container, in the number space of the host
};

// Who acts. `container`: a process in the container's namespaces and cgroup, as root with every capability.
// `host`: a process of the host; `directory` leads through the container's first process. `host_layer`: a
// process of the host; `directory` is what lies below the upper directory. `host_merged`: a process of the
// host; `directory` is on the mount of the root that the runtime made. `other`: as `host`, in the cgroup of
// another container.
enum class Side { container, host, host_layer, host_merged, other };

// One way to bring bytes, or a name, to where they are executable. Throws sys::SystemError when a call fails:
// with EOPNOTSUPP, EINVAL, ENOSYS, ENOTTY or EXDEV the file system or kernel does not have it.
using Act = void (*)(const Scene&);
struct Method {
  const char* name;  // as in the table of expectations
  Act act;
  Act prepare = nullptr;  // in the container, before the monitor starts
  Side side = Side::container;
};

// By source file, in the order of the table.
std::span<const Method> write_calls();
std::span<const Method> compat_calls();
std::span<const Method> mappings();
std::span<const Method> copies();
std::span<const Method> tools();
std::span<const Method> asynchronous_calls();
std::span<const Method> names();
std::span<const Method> descriptors();
std::span<const Method> outside_writers();
std::span<const Method> attributes();
std::span<const Method> unclosed_writers();
std::span<const Method> harmless_acts();

}  // namespace dropwarden::test
