// SPDX-License-Identifier: Apache-2.0
#include "matcher.hpp"

#include <algorithm>
#include <tuple>

namespace dropwarden::policy {
namespace {

std::vector<Glob> compile(const std::vector<std::string>& patterns, Glob::Style style) {
  std::vector<Glob> globs;
  globs.reserve(patterns.size());
  for (const std::string& pattern : patterns) globs.emplace_back(pattern, style);
  return globs;
}

// What is not known matches nothing that is asked for.
bool any_matches(const std::vector<Glob>& globs, std::string_view text) {
  if (globs.empty()) return true;
  return !text.empty() && std::ranges::any_of(globs, [&](const Glob& glob) { return glob.matches(text); });
}

template <class T>
bool has(const std::vector<T>& wanted, const T& value) {
  return wanted.empty() || std::ranges::find(wanted, value) != wanted.end();
}

}  // namespace

std::pair<std::string_view, std::string_view> split_image(std::string_view name) {
  name = name.substr(0, name.find('@'));
  const auto slash = name.rfind('/');
  // A colon before it is that of a registry's port.
  const auto colon = name.find(':', slash == std::string_view::npos ? 0 : slash);
  if (colon == std::string_view::npos) return {name, {}};
  return {name.substr(0, colon), name.substr(colon + 1)};
}

Facts::Facts(const model::WriteEvent& of) : event(of) {
  std::tie(image, image_tag) = split_image(of.container.image.name);
}

Matcher::Matcher(const Conditions& conditions)
    : image_(compile(conditions.image, Glob::Style::path)),
      image_tag_(compile(conditions.image_tag, Glob::Style::name)),
      image_digest_(compile(conditions.image_digest, Glob::Style::name)),
      container_(compile(conditions.container, Glob::Style::name)),
      pod_(compile(conditions.pod, Glob::Style::name)),
      name_space_(compile(conditions.name_space, Glob::Style::name)),
      path_(compile(conditions.path, Glob::Style::path)),
      writer_(compile(conditions.writer, Glob::Style::path)),
      ancestor_(compile(conditions.ancestor, Glob::Style::path)) {
  for (const auto& [key, value] : conditions.labels)
    labels_.emplace_back(key, Glob(value, Glob::Style::name));
  plain_.user = conditions.user;
  plain_.kind = conditions.kind;
  plain_.origin = conditions.origin;
  plain_.place = conditions.place;
  plain_.sha256 = conditions.sha256;
  plain_.started_within = conditions.started_within;
  plain_.is_writer_of_image = conditions.is_writer_of_image;
  plain_.program_of_image = conditions.program_of_image;
}

bool Matcher::matches(const Facts& facts) const {
  if (!matches_file(facts.event.file) || !matches_container(facts)) return false;
  if (!matches_process(facts.event.process) || !matches_age(facts.event)) return false;
  if (!has_program(facts.event.image_programs)) return false;
  if (!plain_.is_writer_of_image) return true;
  const bool is_of_image = facts.is_writer_of_image && facts.is_writer_of_image();
  return is_of_image == *plain_.is_writer_of_image;
}

bool Matcher::matches_file(const model::FileFacts& file) const {
  if (!plain_.kind.empty() && (!file.kind || !has(plain_.kind, kind_switch(*file.kind)))) return false;
  if (!has(plain_.origin, file.origin) || !has(plain_.place, file.place)) return false;
  const bool is_hashed = file.sha256.status == model::HashStatus::done;
  if (!plain_.sha256.empty() && (!is_hashed || !has(plain_.sha256, file.sha256.value))) return false;
  return any_matches(path_, file.path);
}

bool Matcher::matches_container(const Facts& facts) const {
  const model::Container& container = facts.event.container;
  const auto matches_label = [&](const auto& label) {
    const auto found = container.labels.find(label.first);
    return found != container.labels.end() && label.second.matches(found->second);
  };
  const std::string_view pod = container.pod ? std::string_view(container.pod->name) : std::string_view{};
  const std::string_view name_space =
      container.pod ? std::string_view(container.pod->name_space) : std::string_view{};
  return any_matches(name_space_, name_space) && any_matches(image_, facts.image) &&
         any_matches(image_tag_, facts.image_tag) && any_matches(image_digest_, container.image.digest) &&
         any_matches(container_, container.name) && any_matches(pod_, pod) &&
         std::ranges::all_of(labels_, matches_label);
}

bool Matcher::matches_process(const model::ProcessInfo& process) const {
  if (!plain_.user.empty() && (!process.uid || !has(plain_.user, *process.uid))) return false;
  if (!any_matches(writer_, process.exe)) return false;
  return ancestor_.empty() || std::ranges::any_of(process.ancestors, [&](const model::Ancestor& ancestor) {
           return any_matches(ancestor_, ancestor.exe);
         });
}

bool Matcher::has_program(const std::vector<std::string>& of_image) const {
  return plain_.program_of_image.empty() ||
         std::ranges::any_of(of_image, [&](const auto& path) { return has(plain_.program_of_image, path); });
}

bool Matcher::matches_age(const model::WriteEvent& event) const {
  if (!plain_.started_within) return true;
  const auto started = event.container.started;
  // Found by a scan, it was written at an unknown time before.
  const bool is_known = started != util::WallTime{} && event.detected_by != model::Sensor::scan;
  return is_known && event.time - started <= *plain_.started_within;
}

}  // namespace dropwarden::policy
