// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/command.hpp"
#include "support/image.hpp"

namespace dropwarden::test {

struct TestPod {
  std::string name;
  std::string name_space;
  std::string uid;
};

// A container that a test started, and what a finding in it has to say.
struct TestContainer {
  std::string id;
  std::string name;
  std::string image_name;
  std::string image_id;        // as docker and podman name it
  std::string image_digest;    // of the manifest
  std::optional<TestPod> pod;  // CRI only
};

// What is mounted in a container beside its root.
struct TestMount {
  enum class Kind { bind, named_volume, tmpfs };  // only docker and podman have the last two
  Kind kind = Kind::bind;
  std::string source;  // directory or file of the host, name of the volume; nothing for tmpfs
  std::string path;    // in the container
  bool is_read_only = false;
};

// As in the configuration: `runtimes.sockets`.
struct RuntimeSocket {
  std::string type;  // `cri` or `docker`
  std::string path;
};

// A container runtime of a test: runs from the constructor to the destructor, in directories of its own, and
// takes all its containers with it.
class Runtime {
 public:
  virtual ~Runtime() = default;

  virtual std::string name() const = 0;  // as findings print it
  virtual RuntimeSocket socket() const = 0;

  // Starts a container of the busybox image. Throws when that fails.
  virtual TestContainer start(const std::string& name, const std::vector<std::string>& command,
                              const std::vector<TestMount>& mounts = {},
                              const std::map<std::string, std::string>& labels = {}) = 0;
  // One whose root it cannot write to.
  virtual TestContainer start_read_only(const std::string& name, const std::vector<std::string>& command,
                                        const std::vector<TestMount>& mounts) = 0;
  // Takes the images of an archive in and unpacks them.
  virtual void load(const std::string& archive) = 0;
  // Runs a command in a container to its end.
  virtual CommandResult execute(const TestContainer& container, const std::vector<std::string>& command) = 0;
  // Kills and removes. Throws with what the runtime says when any part of that fails.
  virtual void remove(const TestContainer& container) = 0;

  // Kills the server (SIGKILL), while the containers run on.
  virtual void crash() = 0;
  // Starts it again. Throws when it does not come up.
  virtual void recover() = 0;
};

// Where a runtime lives, and what it is put together with.
struct RuntimePlace {
  std::string directory;             // empty, with a short path; stays until the runtime has gone
  std::string cgroup;                // parent of the containers' cgroups, `/name`; removed by its owner. With
                                     // `name.slice` systemd makes them, as it does on a node.
  std::string oci_runtime = "runc";  // program that makes the containers: a name in PATH, or a path
  std::string mount_namespace = {};  // of its programs, a path for nsenter(1); empty: ours (`SystemRoot`)
  bool has_image_store = false;      // docker: containerd keeps images and layers (`containerd-snapshotter`)

  bool has_plain_roots = false;  // directories in place of overlays: `native`, `vfs`
  bool has_fuse_roots = false;   // podman: fuse-overlayfs in place of the kernel's overlay

  bool is_on_systemd() const { return cgroup.ends_with(".slice"); }
};

// A command line that runs one of the runtime's programs.
std::vector<std::string> command_at(const RuntimePlace& place, std::vector<std::string> arguments);

// They throw std::runtime_error when the runtime does not come up.
std::unique_ptr<Runtime> start_containerd(const RuntimePlace& place, const TestImages& images);
std::unique_ptr<Runtime> start_dockerd(const RuntimePlace& place, const TestImages& images);
std::unique_ptr<Runtime> start_podman(const RuntimePlace& place, const TestImages& images);

}  // namespace dropwarden::test
