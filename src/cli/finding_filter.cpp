// SPDX-License-Identifier: Apache-2.0
#include "finding_filter.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <fnmatch.h>
#include <optional>
#include <string_view>
#include <utility>

#include "dropwarden/config/config.hpp"
#include "dropwarden/model/file_kind.hpp"
#include "dropwarden/model/signature.hpp"
#include "dropwarden/util/escape.hpp"
#include "dropwarden/util/text.hpp"

namespace dropwarden::cli {
namespace {

constexpr std::array severities{"info", "low", "medium", "high", "critical"};
constexpr std::array decisions{"shown", "excepted", "held_back"};

template <std::size_t Size>
std::vector<std::string> to_words(const std::array<const char*, Size>& words) {
  return {words.begin(), words.end()};
}

std::vector<std::string> kind_words() {
  std::vector<std::string> words;
  for (int format = 0; format <= static_cast<int>(model::Format::binfmt_misc); ++format)
    words.emplace_back(model::name_of(static_cast<model::Format>(format)));
  return words;
}

// An ID is long: its beginning will do, as for runtimes.
bool is_container(const std::string& pattern, const store::Workload& workload) {
  return matches(pattern, workload.name) || matches(pattern, workload.container) ||
         workload.container.starts_with(pattern);
}

// `NAME` or `NAMESPACE/NAME`.
bool is_pod(const std::string& pattern, const store::Workload& workload) {
  if (workload.pod.empty()) return false;
  const bool has_namespace = pattern.find('/') != std::string::npos;
  return matches(pattern, has_namespace ? workload.name_space + "/" + workload.pod : workload.pod);
}

template <class Matches>
bool is_any(const std::vector<std::string>& patterns, Matches matches) {
  return patterns.empty() || std::ranges::any_of(patterns, matches);
}

[[noreturn]] void refuse(const std::string& option, const std::string& value, const std::string& what) {
  throw config::ConfigError("dropwarden: " + option + " " + util::escape(value) + ": " + what);
}

}  // namespace

void add_filter_options(CLI::App& verb, FindingFilter& filter) {
  // One value each time, so that a shell's own expansion of a pattern is an error and no list.
  const auto add = [&](const char* name, auto& value, const char* text) {
    auto* const option = verb.add_option(name, value, text);
    if constexpr (!std::is_same_v<decltype(value), std::string&>)
      option->allow_extra_args(false)->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    return option;
  };
  add("--since", filter.since, "Those not older than this: `2h`, `7d`, `2026-11-27` or RFC 3339");
  add("--container", filter.containers, "Those of a container, by a pattern of its name or ID");
  add("--image", filter.images, "Those of an image, by a pattern of its name");
  add("--pod", filter.pods, "Those of a pod, by a pattern of its name or NAMESPACE/NAME");
  add("--kind", filter.kinds, "Those of a kind of file: elf, script, jar, ...");
  add("--severity", filter.severity, "Those of this severity or a higher one")
      ->check(CLI::IsMember(to_words(severities)));
  add("--path", filter.paths, "Those of a file, by a pattern of its path");
  add("--decision", filter.decisions, "Those of which the policy has decided so [default: all but excepted]")
      ->check(CLI::IsMember(to_words(decisions)));
}

store::Query to_query(const FindingFilter& filter, util::WallTime now) {
  store::Query query;
  if (!filter.since.empty()) {
    query.since = parse_since(filter.since, now);
    if (!query.since)
      refuse("--since", filter.since,
             "is no time: say how long ago (30s, 15m, 2h, 7d), a day (2026-11-27), or "
             "RFC 3339 (2026-11-27T10:00:00Z)");
  }
  for (const std::string& kind : filter.kinds) {
    const auto words = kind_words();
    if (std::ranges::find(words, kind) != words.end()) continue;
    std::string known;
    for (const std::string& word : words) known += (known.empty() ? "" : ", ") + word;
    refuse("--kind", kind, "is not known; there are " + known);
  }
  for (const std::string& path : filter.paths)
    if (std::string_view("/*?[\\").find(path.substr(0, 1)) == std::string_view::npos || path.empty())
      refuse("--path", path, "matches no path, since they are told from the root: begin with / or *");
  query.kinds = filter.kinds;
  query.decisions = filter.decisions;
  if (!filter.severity.empty())
    query.min_severity =
        static_cast<unsigned>(std::ranges::find(severities, filter.severity) - severities.begin());
  if (!filter.containers.empty() || !filter.images.empty() || !filter.pods.empty()) {
    query.is_wanted_workload = [filter](const store::Workload& workload) {
      return is_any(filter.containers,
                    [&](const std::string& pattern) { return is_container(pattern, workload); }) &&
             is_any(filter.images,
                    [&](const std::string& pattern) { return matches(pattern, workload.image); }) &&
             is_any(filter.pods, [&](const std::string& pattern) { return is_pod(pattern, workload); });
    };
  }
  if (!filter.paths.empty()) {
    query.is_wanted_path = [paths = filter.paths](std::string_view path) {
      const std::string text(path);
      return is_any(paths, [&](const std::string& pattern) { return matches(pattern, text); });
    };
    if (filter.paths.size() == 1) query.path_prefix = literal_prefix(filter.paths.front());
  }
  return query;
}

std::optional<util::WallTime> parse_since(std::string_view text, util::WallTime now) {
  struct Unit {
    char name;
    std::chrono::seconds length;
  };
  using namespace std::chrono_literals;
  constexpr std::array units{Unit{'s', 1s}, Unit{'m', 1min}, Unit{'h', 1h}, Unit{'d', 24h},
                             Unit{'w', 7 * 24h}};
  constexpr std::size_t day_length = 10;
  constexpr std::uint64_t most = 1'000'000;  // of any unit: no overflow
  for (const Unit& unit : units) {
    if (!text.ends_with(unit.name)) continue;
    const auto count = util::parse_number<std::uint64_t>(text.substr(0, text.size() - 1));
    if (!count || *count > most) return std::nullopt;
    const auto ago = unit.length * static_cast<std::int64_t>(*count);
    // The beginning of time, where that is later.
    return ago > std::chrono::floor<std::chrono::seconds>(now).time_since_epoch() ? util::WallTime{}
                                                                                  : now - ago;
  }
  if (text.size() == day_length) return util::parse_rfc3339(std::string(text) + "T00:00:00Z");
  return util::parse_rfc3339(text);
}

bool matches(const std::string& pattern, const std::string& text) {
  return ::fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
}

std::string literal_prefix(std::string_view pattern) {
  return std::string(pattern.substr(0, pattern.find_first_of("*?[\\")));
}

}  // namespace dropwarden::cli
