// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dropwarden/model/finding.hpp"
#include "dropwarden/policy/kinds.hpp"
#include "dropwarden/util/time.hpp"

namespace dropwarden::policy {

// What a finding has to be like. All of them together; what is empty is not asked for, and of several values
// one is enough. Globs are Glob's, of paths where nothing else is said. See dropwarden-policy(5).
struct Conditions {
  std::vector<std::string> image{};         // its name, without tag and digest
  std::vector<std::string> image_tag{};     // glob of a name; an image without a tag has none that matches
  std::vector<std::string> image_digest{};  // glob of a name
  std::vector<std::string> container{};     // its name; glob of a name
  std::vector<std::string> pod{};           // glob of a name
  std::vector<std::string> name_space{};    // glob of a name
  std::vector<std::pair<std::string, std::string>> labels{};  // a key, and a glob of its value: each of them
  std::vector<std::string> path{};
  std::vector<std::string> writer{};    // the executable of the process
  std::vector<std::string> ancestor{};  // of one of those above it
  std::vector<std::uint32_t> user{};    // uid of the process
  std::vector<bool Kinds::*> kind{};
  std::vector<model::Origin> origin{};
  std::vector<model::Place> place{};
  std::vector<std::string> sha256{};  // 64 hexadecimal digits, lower case
  // Written within this time after the container's start.
  std::optional<std::chrono::milliseconds> started_within{};
  // Whether the process is of the container, and what it runs is the image's and unchanged.
  std::optional<bool> is_writer_of_image{};
  // Paths as they stand, no globs: the image has such a program, and the container has not changed it.
  std::vector<std::string> program_of_image{};

  friend bool operator==(const Conditions&, const Conditions&) = default;
};

// Where something stands in the configuration, for messages.
struct Written {
  std::string at;       // `FILE:LINE:COLUMN`; empty: it is built in
  std::string excerpt;  // that line, and a caret below

  // Not part of what it says.
  friend bool operator==(const Written&, const Written&) { return true; }
};

struct Rule {
  std::string name;
  Conditions when{};
  std::optional<model::Severity> severity{};
  std::vector<std::string> tags{};
  Written written{};

  friend bool operator==(const Rule&, const Rule&) = default;
};

struct Exception {
  std::string name;
  std::string reason;
  Conditions when{};
  std::optional<util::WallTime> expires{};  // from then on it covers nothing
  Written written{};

  friend bool operator==(const Exception&, const Exception&) = default;
};

// Which of the exceptions that come along are in force: `policy.shipped` of dropwarden.yaml.
struct Shipped {
  bool package_managers = true;
  bool jna = true;
  bool netty = true;
  bool pyinstaller = true;
  bool git_hooks = true;
  bool ci_builders = false;

  friend bool operator==(const Shipped&, const Shipped&) = default;
};
struct ShippedKey {
  const char* name;
  bool Shipped::* member;
};
inline constexpr std::array shipped_keys{
    ShippedKey{"package_managers", &Shipped::package_managers},
    ShippedKey{"jna", &Shipped::jna},
    ShippedKey{"netty", &Shipped::netty},
    ShippedKey{"pyinstaller", &Shipped::pyinstaller},
    ShippedKey{"git_hooks", &Shipped::git_hooks},
    ShippedKey{"ci_builders", &Shipped::ci_builders},
};
static_assert(sizeof(Shipped) == shipped_keys.size());

// The exceptions behind these switches, each with its reason.
std::vector<Exception> shipped_exceptions(const Shipped& wanted);

// How many findings of one severity a container may have shown: a token bucket.
struct Rate {
  std::size_t per_minute = 0;  // 0: without limit
  std::size_t burst = 100;
  std::chrono::milliseconds summary_interval{std::chrono::minutes{1}};  // from the first that is held back

  friend bool operator==(const Rate&, const Rate&) = default;
};

// As it is configured: `policy` of dropwarden.yaml and its drop-ins.
struct Policy {
  Shipped shipped{};
  Rate rate{};
  std::vector<Exception> exceptions{};  // in the order of the files; the first that covers a finding is named
  std::vector<Rule> rules{};            // the first that matches decides

  friend bool operator==(const Policy&, const Policy&) = default;
};

}  // namespace dropwarden::policy
