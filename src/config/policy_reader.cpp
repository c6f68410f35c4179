// SPDX-License-Identifier: Apache-2.0
#include "policy_reader.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "dropwarden/policy/glob.hpp"
#include "dropwarden/util/text.hpp"
#include "dropwarden/util/time.hpp"

#include "keys.hpp"
#include "nearest.hpp"
#include "units.hpp"

namespace dropwarden::config {
namespace {

using policy::Conditions;

constexpr std::size_t max_elements = 20'000;  // of one file
constexpr std::size_t max_values = 256;       // of one condition
constexpr std::size_t max_name = 64;
constexpr std::size_t max_reason = 256;
constexpr std::size_t max_tags = 16;

// What both have.
struct Draft {
  std::string name;
  std::string reason;
  Conditions when{};
  std::optional<model::Severity> severity{};
  std::vector<std::string> tags{};
  std::optional<util::WallTime> expires{};
};

// Takes one value of a key.
using Take = std::function<Problem(Draft&, const Node&)>;
struct Reading {
  PolicyKey key;
  bool is_list = true;  // several values may stand in a list
  Take take;
};

constexpr const char* glob_allowed = "a glob of at most 1024 bytes, or a list of them";

template <class Where>
Reading globs(const char* name, Where where) {
  return {.key = {.name = name, .allowed = glob_allowed},
          .take = [where](Draft& draft, const Node& value) -> Problem {
            const std::string problem = policy::Glob::problem_of(value.text);
            if (!problem.empty()) return quote(value.text) + ": " + problem;
            where(draft.when).push_back(value.text);
            return std::nullopt;
          }};
}

// Paths and programs begin at the root: one that does not would never match.
template <class Where>
Reading path_globs(const char* name, Where where) {
  return {.key = {.name = name,
                  .allowed = "a glob that begins with / or **, of at most 1024 bytes, or a list of them"},
          .take = [where](Draft& draft, const Node& value) -> Problem {
            std::string problem = policy::Glob::problem_of(value.text);
            if (problem.empty() && !value.text.starts_with('/') && !value.text.starts_with("**"))
              problem = "no path begins like this";
            if (!problem.empty()) return quote(value.text) + ": " + problem;
            where(draft.when).push_back(value.text);
            return std::nullopt;
          }};
}

template <class T, class Where>
Reading words(const char* name, const char* allowed, std::vector<std::pair<std::string, T>> choices,
              Where where) {
  return {.key = {.name = name, .allowed = allowed},
          .take = [choices = std::move(choices), where](Draft& draft, const Node& value) -> Problem {
            for (const auto& [word, meaning] : choices) {
              if (value.text != word) continue;
              where(draft).push_back(meaning);
              return std::nullopt;
            }
            return quote(value.text) + " is not known";
          }};
}

// A text of the operator's that findings show.
Problem check_text(const std::string& text, std::size_t max, const char* what) {
  if (text.empty()) return std::string(what) + " is empty";
  if (text.size() > max) return std::string(what) + " is too long";
  const bool has_control =
      std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < ' '; });
  if (has_control) return std::string(what) + " holds control characters";
  return std::nullopt;
}

Problem take_name(Draft& draft, const Node& value) {
  if (const Problem problem = check_text(value.text, max_name, "the name")) return problem;
  if (value.text.starts_with("shipped-")) return quote(value.text) + " begins like those that are built in";
  draft.name = value.text;
  return std::nullopt;
}

Problem take_reason(Draft& draft, const Node& value) {
  if (const Problem problem = check_text(value.text, max_reason, "the reason")) return problem;
  draft.reason = value.text;
  return std::nullopt;
}

Problem take_tag(Draft& draft, const Node& value) {
  if (const Problem problem = check_text(value.text, max_name, "a tag")) return problem;
  if (draft.tags.size() == max_tags) return "there are too many tags";
  draft.tags.push_back(value.text);
  return std::nullopt;
}

Problem take_expiry(Draft& draft, const Node& value) {
  constexpr std::size_t date = 10;
  const auto time = util::parse_rfc3339(value.text.size() == date ? value.text + "T00:00:00Z" : value.text);
  if (!time) return quote(value.text) + " is no date";
  draft.expires = *time;
  return std::nullopt;
}

Problem take_severity(Draft& draft, const Node& value) {
  for (int i = 0; i <= static_cast<int>(model::Severity::critical); ++i) {
    const auto severity = static_cast<model::Severity>(i);
    if (value.text != name_of(severity)) continue;
    draft.severity = severity;
    return std::nullopt;
  }
  return quote(value.text) + " is not known";
}

Problem take_user(Draft& draft, const Node& value) {
  const auto uid = util::parse_number<std::uint32_t>(value.text);
  if (!uid || !value.is_plain) return quote(value.text) + " is no user ID";
  draft.when.user.push_back(*uid);
  return std::nullopt;
}

Problem take_hash(Draft& draft, const Node& value) {
  constexpr std::size_t digits = 64;
  std::string hash = value.text;
  for (char& c : hash) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  }
  const bool is_hash =
      hash.size() == digits && hash.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!is_hash) return quote(value.text) + " is no SHA-256";
  draft.when.sha256.push_back(std::move(hash));
  return std::nullopt;
}

Problem take_age(Draft& draft, const Node& value) {
  const auto age = parse_duration(value.text);
  if (!age || age->count() <= 0) return quote(value.text) + " is not a time";
  draft.when.started_within = *age;
  return std::nullopt;
}

Problem take_writer_of_image(Draft& draft, const Node& value) {
  if (!value.is_plain || (value.text != "true" && value.text != "false"))
    return quote(value.text) + " is not a boolean";
  draft.when.is_writer_of_image = value.text == "true";
  return std::nullopt;
}

// The layers are asked for it as it stands.
Problem take_program(Draft& draft, const Node& value) {
  const std::string& path = value.text;
  if (!path.starts_with('/') || path.ends_with('/') || path.size() > policy::Glob::max_bytes)
    return quote(path) + " is no path of a program";
  const std::string parts = path + "/";
  for (const char* part : {"//", "/./", "/../"})
    if (parts.find(part) != std::string::npos) return quote(path) + " is no path that the kernel would give";
  if (path.find_first_of("*?[\\") != std::string::npos) return quote(path) + ": globs are not asked for here";
  draft.when.program_of_image.push_back(path);
  return std::nullopt;
}

std::vector<std::pair<std::string, bool policy::Kinds::*>> kind_words() {
  std::vector<std::pair<std::string, bool policy::Kinds::*>> words;
  for (const policy::KindKey& key : policy::kind_keys) words.emplace_back(key.name, key.member);
  return words;
}

Reading labels() {
  return {.key = {.name = "labels", .allowed = "a mapping of labels to globs of their values"}, .take = {}};
}

const std::vector<Reading>& readings() {
  using model::Origin;
  using model::Place;
  static const std::vector<Reading> all{
      {{"name", "a text of at most 64 bytes that no other has"}, false, take_name},
      {{"reason", "a text of at most 256 bytes", true, false}, false, take_reason},
      {{"expires", "a date like 2027-01-31, or a time like 2027-01-31T12:00:00Z", true, false},
       false,
       take_expiry},
      {{"severity", "info, low, medium, high, critical", false, true}, false, take_severity},
      {{"tags", "a text of at most 64 bytes, or a list of at most 16", false, true}, true, take_tag},
      globs("image", [](Conditions& when) -> auto& { return when.image; }),
      globs("image_tag", [](Conditions& when) -> auto& { return when.image_tag; }),
      globs("image_digest", [](Conditions& when) -> auto& { return when.image_digest; }),
      globs("container", [](Conditions& when) -> auto& { return when.container; }),
      globs("pod", [](Conditions& when) -> auto& { return when.pod; }),
      globs("namespace", [](Conditions& when) -> auto& { return when.name_space; }),
      labels(),
      path_globs("path", [](Conditions& when) -> auto& { return when.path; }),
      path_globs("writer", [](Conditions& when) -> auto& { return when.writer; }),
      path_globs("ancestor", [](Conditions& when) -> auto& { return when.ancestor; }),
      {{"writer_of_image", "true, false"}, false, take_writer_of_image},
      {{"program_of_image", "an absolute path of at most 1024 bytes, no glob, or a list of them"},
       true,
       take_program},
      {{"user", "a user ID, or a list of them"}, true, take_user},
      words("kind", "a key of `classify`, or a list of them", kind_words(),
            [](Draft& draft) -> auto& { return draft.when.kind; }),
      words<Origin>("origin", "new, modified, unknown, or a list of them",
                    {{"new", Origin::created}, {"modified", Origin::modified}, {"unknown", Origin::unknown}},
                    [](Draft& draft) -> auto& { return draft.when.origin; }),
      words<Place>("place", "rootfs, volume, tmpfs, or a list of them",
                   {{"rootfs", Place::rootfs}, {"volume", Place::volume}, {"tmpfs", Place::tmpfs}},
                   [](Draft& draft) -> auto& { return draft.when.place; }),
      {{"sha256", "64 hexadecimal digits, or a list of such"}, true, take_hash},
      {{"started_within", "a time with one of ms, s, m, like 30s"}, false, take_age}};
  return all;
}

class ElementReader {
 public:
  ElementReader(const char* list, bool is_rule, Diagnostics& diagnostics)
      : list_(list), is_rule_(is_rule), diagnostics_(diagnostics) {}

  Draft read(const Node& element) {
    Draft draft;
    std::set<std::string_view> seen;
    for (std::size_t i = 0; i + 1 < element.children.size(); i += 2) {
      const Node& name = element.children[i];
      const Reading* reading = find(name);
      if (reading == nullptr) continue;
      if (!seen.insert(reading->key.name).second) {
        diagnostics_.add(name.at, path_of(*reading) + " is set a second time", "each key once");
        continue;
      }
      read_key(*reading, name, element.children[i + 1], draft);
    }
    require(element, seen, "name");
    if (!is_rule_) require(element, seen, "reason");
    return draft;
  }

 private:
  std::string path_of(const Reading& reading) const { return std::string(list_) + "." + reading.key.name; }
  bool is_known(const Reading& reading) const {
    return is_rule_ ? reading.key.is_of_rules : reading.key.is_of_exceptions;
  }

  const Reading* find(const Node& name) {
    std::vector<std::string> names;
    for (const Reading& reading : readings()) {
      if (!is_known(reading)) continue;
      if (name.kind == NodeKind::scalar && name.text == reading.key.name) return &reading;
      names.emplace_back(reading.key.name);
    }
    std::string problem = "unknown key " + quote(name.text) + " in " + list_;
    if (const auto guess = nearest(name.text, names)) problem += ", did you mean " + *guess + "?";
    diagnostics_.add(name.at, problem, join(names));
    return nullptr;
  }

  void require(const Node& element, const std::set<std::string_view>& seen, std::string_view name) {
    if (seen.contains(name)) return;
    const auto found = std::ranges::find(
        readings(), name, [](const Reading& reading) { return std::string_view(reading.key.name); });
    diagnostics_.add(element.at, path_of(*found) + " is missing", found->key.allowed);
  }

  void read_key(const Reading& reading, const Node& name, const Node& value, Draft& draft) {
    if (!reading.take) return read_labels(reading, name, value, draft);
    const bool is_list = reading.is_list && value.kind == NodeKind::list;
    if (is_list && (value.children.empty() || value.children.size() > max_values))
      return reject(reading, name, value, "has no values, or more than " + std::to_string(max_values));
    const std::size_t count = is_list ? value.children.size() : 1;
    for (std::size_t i = 0; i < count; ++i) {
      const Node& one = is_list ? value.children[i] : value;
      if (one.kind != NodeKind::scalar) return reject(reading, name, one, "is not a single value");
      if (const Problem problem = reading.take(draft, one))
        diagnostics_.add(one.at, path_of(reading) + ": " + *problem, reading.key.allowed);
    }
  }

  void read_labels(const Reading& reading, const Node& name, const Node& value, Draft& draft) {
    if (value.kind != NodeKind::mapping || value.children.size() > max_values)
      return reject(reading, name, value, "is not a mapping of a few labels");
    for (std::size_t i = 0; i + 1 < value.children.size(); i += 2) {
      const Node& key = value.children[i];
      const Node& glob = value.children[i + 1];
      if (key.kind != NodeKind::scalar || glob.kind != NodeKind::scalar)
        return reject(reading, key, glob, "has a label that is not a single value");
      const std::string problem = policy::Glob::problem_of(glob.text);
      if (!problem.empty())
        diagnostics_.add(glob.at, path_of(reading) + ": " + quote(glob.text) + ": " + problem,
                         reading.key.allowed);
      draft.when.labels.emplace_back(key.text, glob.text);
    }
  }

  void reject(const Reading& reading, const Node& name, const Node& value, const std::string& problem) {
    // yaml-cpp places an empty value where the next thing begins.
    diagnostics_.add(value.kind == NodeKind::null ? name.at : value.at, path_of(reading) + " " + problem,
                     reading.key.allowed);
  }

  const char* const list_;
  const bool is_rule_;
  Diagnostics& diagnostics_;
};

// Calls `take` with each element that is right.
template <class Take>
void read_list(const Node& list, const char* name, bool is_rule, Diagnostics& diagnostics, Take take) {
  if (list.kind == NodeKind::null) return;
  if (list.kind != NodeKind::list || list.children.size() > max_elements) {
    diagnostics.add(list.at, std::string(name) + " is not a list, or too long",
                    "a list of at most " + std::to_string(max_elements) + " mappings");
    return;
  }
  ElementReader reader(name, is_rule, diagnostics);
  for (const Node& element : list.children) {
    const std::size_t errors = diagnostics.count();
    if (element.kind != NodeKind::mapping) {
      diagnostics.add(element.kind == NodeKind::null ? list.at : element.at,
                      std::string("an element of ") + name + " is not a mapping",
                      "a mapping of keys to values");
      continue;
    }
    Draft draft = reader.read(element);
    if (diagnostics.count() == errors) take(std::move(draft), element.at);
  }
}

template <class T>
std::set<std::string, std::less<>> names_of(const std::vector<T>& list) {
  std::set<std::string, std::less<>> names;
  for (const T& one : list) names.insert(one.name);
  return names;
}

}  // namespace

const std::vector<PolicyKey>& policy_keys() {
  static const std::vector<PolicyKey> keys = [] {
    std::vector<PolicyKey> found;
    for (const Reading& reading : readings()) found.push_back(reading.key);
    return found;
  }();
  return keys;
}

void read_exceptions(const Node& list, Config& config, Diagnostics& diagnostics) {
  auto names = names_of(config.policy.exceptions);
  read_list(list, "policy.exceptions", false, diagnostics, [&](Draft draft, Position at) {
    if (!names.insert(draft.name).second)
      diagnostics.add(at, "there is another exception " + quote(draft.name), "each name once");
    // It would silence everything, by a slip of the indentation.
    if (draft.when == Conditions{})
      diagnostics.add(at, "the exception " + quote(draft.name) + " has no condition", "at least one");
    config.policy.exceptions.push_back({.name = std::move(draft.name),
                                        .reason = std::move(draft.reason),
                                        .when = std::move(draft.when),
                                        .expires = draft.expires,
                                        .written = diagnostics.written(at)});
  });
}

void read_rules(const Node& list, Config& config, Diagnostics& diagnostics) {
  auto names = names_of(config.policy.rules);
  read_list(list, "policy.rules", true, diagnostics, [&](Draft draft, Position at) {
    if (!names.insert(draft.name).second)
      diagnostics.add(at, "there is another rule " + quote(draft.name), "each name once");
    if (!draft.severity && draft.tags.empty())
      diagnostics.add(at, "the rule " + quote(draft.name) + " sets nothing", "severity, tags");
    config.policy.rules.push_back({.name = std::move(draft.name),
                                   .when = std::move(draft.when),
                                   .severity = draft.severity,
                                   .tags = std::move(draft.tags),
                                   .written = diagnostics.written(at)});
  });
}

}  // namespace dropwarden::config
