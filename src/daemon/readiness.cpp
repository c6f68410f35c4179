// SPDX-License-Identifier: Apache-2.0
#include "readiness.hpp"

namespace dropwarden::daemon {

void Readiness::give_up() {
  if (awaited_.empty()) return;
  awaited_.clear();
  on_ready_();
}

void Readiness::on_list(const std::string& source, std::vector<model::Container> containers) {
  next_.on_list(source, std::move(containers));
  heard(source);
}

void Readiness::on_container(const std::string& source, model::Container container) {
  next_.on_container(source, std::move(container));
}

void Readiness::on_gone(const std::string& source, const model::ContainerId& id) {
  next_.on_gone(source, id);
}

void Readiness::on_state(const container::SourceState& state) {
  next_.on_state(state);
  if (!state.is_connected) heard(state.name);
}

void Readiness::heard(const std::string& source) {
  if (awaited_.erase(source) != 0 && awaited_.empty()) on_ready_();
}

}  // namespace dropwarden::daemon
