// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dropwarden/policy/glob.hpp"
#include "dropwarden/policy/image_name.hpp"
#include "dropwarden/policy/policy.hpp"

namespace dropwarden::policy {

// The facts of one finding in the form that conditions ask for. Refers to the event.
struct Facts {
  explicit Facts(const model::WriteEvent& of);

  const model::WriteEvent& event;
  std::string_view image;  // without tag and digest
  std::string_view image_tag;
  // Asked at most once, and only where all else matches.
  std::function<bool()> is_writer_of_image{};
};

// Conditions with their globs compiled. Cheap ones are asked first.
class Matcher {
 public:
  explicit Matcher(const Conditions& conditions);
  bool matches(const Facts& facts) const;

 private:
  using Globs = std::vector<Glob>;
  bool matches_file(const model::FileFacts& file) const;
  bool matches_container(const Facts& facts) const;
  bool matches_process(const model::ProcessInfo& process) const;
  bool has_program(const std::vector<std::string>& of_image) const;
  bool matches_age(const model::WriteEvent& event) const;

  Conditions plain_;  // what is no glob
  Globs image_, image_tag_, image_digest_, container_, pod_, name_space_, path_, writer_, ancestor_;
  std::vector<std::pair<std::string, Glob>> labels_;
};

}  // namespace dropwarden::policy
