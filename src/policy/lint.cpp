// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/policy/lint.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "dropwarden/policy/glob.hpp"

namespace dropwarden::policy {
namespace {

// Whether each text that `narrow` matches is matched by `wide`, as far as can be told at once: false is no
// proof.
bool covers(std::string_view wide, std::string_view narrow, Glob::Style style) {
  if (wide == narrow) return true;
  const Glob wide_glob(wide, style);
  if (wide_glob.matches_everything()) return true;
  const Glob narrow_glob(narrow, style);
  if (narrow_glob.is_literal()) return wide_glob.matches(narrow_glob.prefix());
  constexpr std::string_view all_below = "/**";
  if (!wide.ends_with(all_below)) return false;
  const Glob directory(wide.substr(0, wide.size() - all_below.size()), style);
  return directory.is_literal() && narrow_glob.prefix().starts_with(directory.prefix() + "/");
}

bool covers(const std::vector<std::string>& wide, const std::vector<std::string>& narrow, Glob::Style style) {
  if (wide.empty()) return true;
  return !narrow.empty() && std::ranges::all_of(narrow, [&](const std::string& one) {
    return std::ranges::any_of(wide, [&](const std::string& other) { return covers(other, one, style); });
  });
}

template <class T>
bool covers(const std::vector<T>& wide, const std::vector<T>& narrow) {
  if (wide.empty()) return true;
  return !narrow.empty() && std::ranges::all_of(narrow, [&](const T& one) {
    return std::ranges::find(wide, one) != wide.end();
  });
}

bool covers(const Conditions& wide, const Conditions& narrow) {
  const bool is_within =
      !wide.started_within || (narrow.started_within && *narrow.started_within <= *wide.started_within);
  const bool is_writer = !wide.is_writer_of_image || wide.is_writer_of_image == narrow.is_writer_of_image;
  return is_within && is_writer && covers(wide.sha256, narrow.sha256) && covers(wide.user, narrow.user) &&
         covers(wide.kind, narrow.kind) && covers(wide.origin, narrow.origin) &&
         covers(wide.place, narrow.place) && covers(wide.program_of_image, narrow.program_of_image) &&
         std::ranges::all_of(wide.labels,
                             [&](const auto& label) {
                               return std::ranges::find(narrow.labels, label) != narrow.labels.end();
                             }) &&
         covers(wide.path, narrow.path, Glob::Style::path) &&
         covers(wide.image, narrow.image, Glob::Style::path) &&
         covers(wide.image_tag, narrow.image_tag, Glob::Style::name) &&
         covers(wide.image_digest, narrow.image_digest, Glob::Style::name) &&
         covers(wide.container, narrow.container, Glob::Style::name) &&
         covers(wide.pod, narrow.pod, Glob::Style::name) &&
         covers(wide.name_space, narrow.name_space, Glob::Style::name) &&
         covers(wide.writer, narrow.writer, Glob::Style::path) &&
         covers(wide.ancestor, narrow.ancestor, Glob::Style::path);
}

bool has_all(const std::vector<std::string>& patterns) {
  return std::ranges::any_of(patterns, [](const std::string& pattern) {
    const Glob glob(pattern);
    return glob.matches_everything() || pattern == "/**";
  });
}

// Where everything is, or where whoever breaks in puts what he brings first.
bool is_wide_path(const std::string& pattern) {
  constexpr std::array patterns{"/*/**",       "/**/*",  "**/*",       "/tmp/**",   "/var/tmp/**",
                                "/dev/shm/**", "/tmp/*", "/var/tmp/*", "/dev/shm/*"};
  return std::ranges::find(patterns, pattern) != patterns.end();
}

// Programs that write whatever they are told to.
bool is_general(const std::string& writer) {
  using std::string_view_literals::operator""sv;
  constexpr std::array names{"sh"sv,   "bash"sv, "dash"sv, "busybox"sv, "curl"sv, "wget"sv, "cp"sv, "tar"sv,
                             "perl"sv, "node"sv, "cat"sv,  "dd"sv,      "mv"sv,   "*"sv,    "**"sv};
  const std::string name = writer.substr(writer.rfind('/') + 1);
  return std::ranges::find(names, name) != names.end() || name.starts_with("python");
}

// Why an exception covers too much; empty: it does not, as far as can be told.
std::string breadth_of(const Conditions& when) {
  if (!when.sha256.empty()) return {};
  const bool has_path = !when.path.empty() && !has_all(when.path);
  const bool has_image = !when.image.empty() && !has_all(when.image);
  const auto names = [](const std::vector<std::string>& patterns) {
    return !patterns.empty() && !has_all(patterns) && std::ranges::find(patterns, "*") == patterns.end();
  };
  const bool has_owner = has_image || names(when.image_digest) || names(when.container) || names(when.pod) ||
                         !when.labels.empty();
  const bool has_writer = !when.writer.empty() && !has_all(when.writer);
  if (has_path && !has_owner && !has_writer && std::ranges::any_of(when.path, is_wide_path))
    return "it covers all that anybody drops in such a directory; name an image, a writer, or what the file "
           "is called";
  if (has_path) return {};
  if (has_writer && std::ranges::any_of(when.writer, is_general))
    return "it covers whatever a program that writes anything, such as a shell, writes anywhere; name a path";
  if (has_owner || has_writer) return {};
  return "it names neither path, writer, hash, image, container, pod nor label, so it covers most findings";
}

template <class T>
void find_covered(const std::vector<T>& list, std::string_view what, std::vector<Lint>& found) {
  for (std::size_t i = 1; i < list.size(); ++i) {
    const auto end = list.begin() + static_cast<std::ptrdiff_t>(i);
    const auto by =
        std::find_if(list.begin(), end, [&](const T& earlier) { return covers(earlier.when, list[i].when); });
    if (by == end) continue;
    found.push_back({list[i].written, std::string(what) + " \"" + list[i].name + "\" is never reached: \"" +
                                          by->name + "\" at " + by->written.at +
                                          " comes first and matches all of it"});
  }
}

}  // namespace

std::vector<Lint> lint(const Policy& policy, util::WallTime now) {
  std::vector<Lint> found;
  for (const Exception& exception : policy.exceptions) {
    const auto add = [&](const std::string& text) {
      found.push_back({exception.written, "exception \"" + exception.name + "\" " + text});
    };
    if (exception.expires && *exception.expires <= now)
      add("expired on " + util::format_rfc3339(*exception.expires).substr(0, 10) + " and covers nothing");
    if (const std::string why = breadth_of(exception.when); !why.empty()) add("is very broad: " + why);
  }
  // One that has expired leaves the others what they cover.
  std::vector<Exception> in_force;
  std::ranges::copy_if(policy.exceptions, std::back_inserter(in_force), [&](const Exception& exception) {
    return !exception.expires || *exception.expires > now;
  });
  find_covered(in_force, "exception", found);
  find_covered(policy.rules, "rule", found);
  return found;
}

}  // namespace dropwarden::policy
