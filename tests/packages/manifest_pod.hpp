// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "support/cri_driver.hpp"
#include "support/record.hpp"

namespace YAML {
class Node;
}

namespace dropwarden::test {

// The pod of packaging/kubernetes/manifests, which is the chart rendered with its defaults, as the kubelet
// would have a real containerd run it: arguments, environment, security context, limits, mounts and
// configuration are those of the manifest; a field that is not understood here is an error, so that none is
// passed over. Other than in the manifest are only the port, which may be taken, and where state and sockets
// lie. Runs from the constructor to the destructor.
class ManifestPod {
 public:
  // `directory` is empty and outlives the pod. The containerd at `socket` has the image; `command` is run in
  // the place of its entrypoint, if any.
  ManifestPod(std::string directory, std::string socket, const std::string& cgroup, const std::string& image,
              std::vector<std::string> command = {});
  ManifestPod(const ManifestPod&) = delete;
  ManifestPod& operator=(const ManifestPod&) = delete;
  ~ManifestPod();

  // What it printed so far.
  std::string log() const { return printed_on("stderr"); }
  std::vector<Record> findings() const;

  // What its port answers to the probe of this name in the manifest, or at a path; empty when nobody listens.
  std::string probe(const std::string& name) const;
  std::string page(const std::string& path) const;
  CriExecResult execute(const std::vector<std::string>& command) {
    return driver_.execute(container_, command);
  }

 private:
  std::string path_of(const std::string& name) const { return directory_ + "/" + name; }
  std::string printed_on(const std::string& stream) const;
  std::string configuration() const;
  std::vector<CriMount> mounts_of(const YAML::Node& container) const;

  std::string directory_;
  std::string socket_;
  CriDriver driver_;
  std::uint16_t port_;
  CriPod pod_;
  std::string container_;
};

}  // namespace dropwarden::test
