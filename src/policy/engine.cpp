// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/policy/engine.hpp"

#include <algorithm>
#include <functional>
#include <unordered_map>
#include <utility>

#include "dropwarden/policy/assess.hpp"

#include "index.hpp"
#include "matcher.hpp"

namespace dropwarden::policy {
namespace {

bool asks_for_metadata(const Conditions& when) {
  return !when.image.empty() || !when.image_tag.empty() || !when.image_digest.empty() ||
         !when.container.empty() || !when.pod.empty() || !when.name_space.empty() || !when.labels.empty() ||
         when.started_within;
}

// What is known of a finding from its beginning.
Conditions at_once(const Conditions& when) {
  return {.path = when.path, .kind = when.kind, .place = when.place};
}

// What each sighting of a file tells, or all but the origin, for which the layers may not answer in time.
Conditions on_file(const Conditions& when, const model::FileFacts& file) {
  Conditions conditions{.path = when.path, .kind = when.kind, .place = when.place, .sha256 = when.sha256};
  if (file.origin != model::Origin::unknown) conditions.origin = when.origin;
  return conditions;
}

struct Asking {
  Matcher when;
  std::vector<std::string> programs;
};

}  // namespace

struct Engine::Compiled {
  Policy policy;
  std::uint64_t generation = 0;
  Index exceptions;
  Index rules;
  bool needs_metadata = false;
  bool needs_hash = false;
  std::vector<Asking> askings{};
  std::unordered_map<std::uint32_t, std::size_t> by_key{};  // exceptions
};

std::uint32_t exception_key(std::string_view name) {
  return static_cast<std::uint32_t>(std::hash<std::string_view>{}(name)) | 1U;
}

Engine::Engine() : Engine(Policy{}, 0) {}

Engine::Engine(const Policy& policy, std::uint64_t generation) {
  auto compiled = std::make_unique<Compiled>();
  compiled->policy = policy;
  compiled->generation = generation;
  auto& exceptions = compiled->policy.exceptions;
  std::ranges::move(shipped_exceptions(policy.shipped), std::back_inserter(exceptions));
  const auto ask = [&](const Conditions& when) {
    if (!when.program_of_image.empty())
      compiled->askings.push_back({Matcher(at_once(when)), when.program_of_image});
  };
  for (const Exception& exception : exceptions) {
    compiled->by_key.emplace(exception_key(exception.name), compiled->exceptions.size());
    compiled->exceptions.add(exception.when);
    ask(exception.when);
    // Rules change what a record says, and a later one says it.
    compiled->needs_metadata = compiled->needs_metadata || asks_for_metadata(exception.when);
    compiled->needs_hash = compiled->needs_hash || !exception.when.sha256.empty();
  }
  for (const Rule& rule : compiled->policy.rules) {
    compiled->rules.add(rule.when);
    ask(rule.when);
  }
  compiled_ = std::move(compiled);
}

Engine::~Engine() = default;

model::Decision Engine::decide(const model::WriteEvent& event, const Circumstances& circumstances) const {
  Assessment assessment = assess(event);
  model::Decision decision{.severity = assessment.severity,
                           .grounds = std::move(assessment.grounds),
                           .attacks = std::move(assessment.attacks),
                           .generation = compiled_->generation,
                           .assessment = assessment_version};
  Facts facts(event);
  std::optional<bool> answer;
  facts.is_writer_of_image = [&] {
    if (!answer) answer = circumstances.is_writer_of_image && circumstances.is_writer_of_image();
    return *answer;
  };
  const Policy& policy = compiled_->policy;
  const auto is_in_force = [&](std::size_t number) {
    const auto& expires = policy.exceptions[number].expires;
    return !expires || circumstances.now < *expires;
  };
  auto covering = compiled_->exceptions.find(facts, is_in_force);
  const auto before = compiled_->by_key.find(circumstances.covered_by);
  if (!covering && before != compiled_->by_key.end() && is_in_force(before->second) &&
      Matcher(on_file(policy.exceptions[before->second].when, event.file)).matches(facts))
    covering = before->second;
  if (covering) {
    const Exception& exception = policy.exceptions[*covering];
    decision.verdict = model::Verdict::excepted;
    decision.exception = model::ExceptedBy{exception.name, exception.reason};
  }
  const auto any = [](std::size_t) { return true; };
  if (const auto found = compiled_->rules.find(facts, any)) {
    const Rule& rule = policy.rules[*found];
    decision.rule = rule.name;
    decision.severity = rule.severity.value_or(decision.severity);
    decision.tags = rule.tags;
  }
  return decision;
}

bool Engine::needs_metadata() const {
  return compiled_->needs_metadata;
}

bool Engine::needs_hash() const {
  return compiled_->needs_hash;
}

std::vector<std::string> Engine::programs_asked(const model::WriteEvent& event) const {
  std::vector<std::string> asked;
  const Facts facts(event);
  for (const Asking& asking : compiled_->askings) {
    if (asking.when.matches(facts)) asked.insert(asked.end(), asking.programs.begin(), asking.programs.end());
  }
  std::ranges::sort(asked);
  asked.erase(std::ranges::unique(asked).begin(), asked.end());
  return asked;
}

const Rate& Engine::rate() const {
  return compiled_->policy.rate;
}

std::uint64_t Engine::generation() const {
  return compiled_->generation;
}

std::size_t Engine::exceptions() const {
  return compiled_->exceptions.size();
}

std::size_t Engine::rules() const {
  return compiled_->rules.size();
}

}  // namespace dropwarden::policy
