// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dropwarden/container/observer.hpp"

namespace dropwarden::daemon {

// Passes on what the sources tell and notes when each of them has told for the first time what it knows, or
// that it cannot. Loop's thread only.
class Readiness final : public container::Observer {
 public:
  Readiness(container::Observer& next, std::function<void()> on_ready)
      : next_(next), on_ready_(std::move(on_ready)) {}

  // A source that is waited for. Add all before the first is started.
  void expect(const std::string& source) { awaited_.insert(source); }
  // Waits no longer.
  void give_up();

  void on_list(const std::string& source, std::vector<model::Container> containers) override;
  void on_container(const std::string& source, model::Container container) override;
  void on_gone(const std::string& source, const model::ContainerId& id) override;
  void on_state(const container::SourceState& state) override;

 private:
  void heard(const std::string& source);

  container::Observer& next_;
  std::function<void()> on_ready_;
  std::set<std::string> awaited_;
};

}  // namespace dropwarden::daemon
