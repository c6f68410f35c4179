// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/model/finding.hpp"
#include "dropwarden/policy/policy.hpp"

namespace dropwarden::policy {

// What the policy cannot take from the finding.
struct Circumstances {
  util::WallTime now{};  // for exceptions that expire
  // Whether the process is of the container, and what it runs is the image's and unchanged; may be empty.
  std::function<bool()> is_writer_of_image{};
  // exception_key of the one that has covered the file when more was known of it than the event says; 0:
  // none.
  std::uint32_t covered_by = 0;
};

// By which an exception is known again; never 0. Pure.
std::uint32_t exception_key(std::string_view name);

// A policy ready for use. Immutable, so that a reload is the exchange of a pointer: a finding is decided by
// the old policy or by the new one.
class Engine {
 public:
  // The built-in policy, of generation 0, is that without a configuration.
  Engine();
  Engine(const Policy& policy, std::uint64_t generation);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // By all that is known of a finding by now. Exceptions are asked before rules; those of the configuration
  // before the shipped ones. What is covered by one has the severity of its rule all the same. One that has
  // covered the file before goes on to do so as long as it is in force and its conditions on the file itself
  // hold: those on its container and its writer did, and a later event may not tell them. Pure.
  model::Decision decide(const model::WriteEvent& event, const Circumstances& circumstances) const;

  // Whether a decision can change with what comes late: the first record then waits for it as long as a
  // consumer would who needs it.
  bool needs_metadata() const;
  bool needs_hash() const;
  // By what is known of a finding at once, its path, kind and place: the programs that the decision depends
  // on. Those that are the image's are to be in `image_programs` of the event when it is decided on.
  std::vector<std::string> programs_asked(const model::WriteEvent& event) const;

  const Rate& rate() const;
  std::uint64_t generation() const;
  std::size_t exceptions() const;
  std::size_t rules() const;

 private:
  struct Compiled;
  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace dropwarden::policy
