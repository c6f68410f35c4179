// SPDX-License-Identifier: Apache-2.0
#include "active_sensors.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "dropwarden/util/text.hpp"

namespace dropwarden::test {
namespace {

std::set<std::string> words_of(std::string_view text) {
  std::set<std::string> words;
  for (const auto word : util::split(text, ' ')) {
    if (!word.empty()) words.emplace(word);
  }
  return words;
}

}  // namespace

std::map<std::string, std::set<std::string>> read_active_sensors(const Daemon& daemon, const Box& box) {
  std::map<std::string, std::set<std::string>> active;
  const auto report = boost::json::parse(daemon.report());
  for (const auto& container : report.at("containers").as_array()) {
    if (text_at(container, "/id") != box.id()) continue;
    for (const auto& mount : container.at("mounts").as_array()) {
      const auto path = text_at(mount, "/path") == "/" ? "/c" : text_at(mount, "/path");
      const auto place = std::ranges::find(places, path, &Place::path);
      const auto sensors = words_of(text_at(mount, "/sensor"));
      if (place != std::end(places) && !sensors.empty()) active[place->name] = sensors;
    }
  }
  // The container counts once all of it is watched.
  return active.size() == std::size(places) ? active : std::map<std::string, std::set<std::string>>{};
}

}  // namespace dropwarden::test
