// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "dropwarden/model/container.hpp"

namespace dropwarden::container {

// How a source of containers (one runtime socket) stands.
struct SourceState {
  // `cri /run/containerd/containerd.sock`; the same for the life of the source.
  std::string name{};
  bool is_connected = false;
  std::string version{};  // `containerd 1.6.20`, once known
  // Why it is not connected, or what it answered wrongly; escaped; empty when all is well.
  std::string problem{};
  bool is_absent = false;      // there is no such socket: not one that refuses, as a killed runtime leaves it
  bool was_connected = false;  // now or earlier; the registry's to say, sources leave it alone

  friend bool operator==(const SourceState&, const SourceState&) = default;
};

// Told by the sources what they learn. Implemented by Registry. Called on the loop's thread only. `source` is
// SourceState::name.
class Observer {
 public:
  virtual ~Observer() = default;

  // All containers of the source: those of an earlier list that are missing here are gone.
  virtual void on_list(const std::string& source, std::vector<model::Container> containers) = 0;
  // One container is new or known better.
  virtual void on_container(const std::string& source, model::Container container) = 0;
  virtual void on_gone(const std::string& source, const model::ContainerId& id) = 0;
  virtual void on_state(const SourceState& state) = 0;
};

}  // namespace dropwarden::container
