// SPDX-License-Identifier: Apache-2.0
#include "select_container.hpp"

#include <string>
#include <vector>

#include "dropwarden/daemon/scan.hpp"
#include "dropwarden/util/escape.hpp"

namespace dropwarden::daemon {
namespace {

model::ContainerId only_one(const std::vector<const model::Container*>& found, std::string_view text) {
  if (found.size() == 1) return found.front()->id;
  throw UnknownContainer("`" + util::escape(text) + "` stands for " + std::to_string(found.size()) +
                         " containers: give the whole ID");
}

}  // namespace

model::ContainerId select_container(const container::Snapshot& snapshot, std::string_view text) {
  std::vector<const model::Container*> by_name;
  std::vector<const model::Container*> by_beginning;
  for (const auto& [id, container] : snapshot.containers) {
    if (id == text) return container->id;
    if (!text.empty() && container->name == text) by_name.push_back(container.get());
    if (!text.empty() && id.starts_with(text)) by_beginning.push_back(container.get());
  }
  if (!by_name.empty()) return only_one(by_name, text);
  if (!by_beginning.empty()) return only_one(by_beginning, text);
  throw UnknownContainer("there is no container `" + util::escape(text) +
                         "`; `dropwarden containers` lists those that run");
}

}  // namespace dropwarden::daemon
