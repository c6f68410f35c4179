// SPDX-License-Identifier: Apache-2.0
// The policy from its text to its verdict. Texts of two drop-ins, then what the facts of a finding are, each
// ended by a zero byte. An operator writes the former, containers the latter: no path or name may bring the
// daemon down, and what is filed for a fast look has to be found as if everything were asked.
#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dropwarden/config/config.hpp"
#include "dropwarden/policy/engine.hpp"
#include "dropwarden/policy/glob.hpp"
#include "dropwarden/policy/lint.hpp"

#include "input.hpp"
#include "policy/matcher.hpp"

namespace {

using namespace dropwarden;
using fuzz::require;

constexpr util::WallTime now{std::chrono::hours{24 * 20'000}};
// To look for what leaves nothing to others takes the square of the length.
constexpr std::size_t few = 64;

std::string take_part(std::string_view& rest) {
  const std::string part(rest.substr(0, rest.find('\0')));
  rest.remove_prefix(std::min(rest.size(), part.size() + 1));
  return part;
}

model::WriteEvent read_event(std::string_view& rest) {
  model::WriteEvent event;
  event.time = now;
  event.file.path = take_part(rest);
  event.process.exe = take_part(rest);
  event.process.ancestors = {{{1}, "init", take_part(rest)}};
  event.container.image = {take_part(rest), take_part(rest)};
  event.container.name = take_part(rest);
  event.container.pod = model::Pod{take_part(rest), take_part(rest), {}};
  event.container.labels = {{take_part(rest), take_part(rest)}};
  event.container.started = now - std::chrono::seconds{10};
  event.file.sha256 = {std::string(64, 'a'), model::HashStatus::done};
  event.file.kind.emplace().elf.emplace().type = model::ElfType::shared;
  event.file.origin = model::Origin::created;
  const auto bits = rest.empty() ? 0U : static_cast<unsigned char>(rest.front());
  event.file.place = (bits & 1U) != 0 ? model::Place::volume : model::Place::rootfs;
  event.file.mode = (bits & 2U) != 0 ? 0104755 : 0100644;
  event.process.uid = bits >> 2U;
  event.image_programs = {"/usr/bin/dpkg"};
  return event;
}

// Asks all, one after the other.
void require_the_same(const policy::Policy& policy, const model::WriteEvent& event,
                      const model::Decision& decision) {
  policy::Facts facts(event);
  facts.is_writer_of_image = [] { return true; };
  auto exceptions = policy.exceptions;
  for (auto& shipped : policy::shipped_exceptions(policy.shipped)) exceptions.push_back(std::move(shipped));
  const auto covers = [&](const policy::Exception& exception) {
    return (!exception.expires || now < *exception.expires) && policy::Matcher(exception.when).matches(facts);
  };
  const auto exception = std::ranges::find_if(exceptions, covers);
  require((exception != exceptions.end()) == decision.exception.has_value());
  if (decision.exception) require(decision.exception->name == exception->name);
  const auto rule = std::ranges::find_if(
      policy.rules, [&](const policy::Rule& one) { return policy::Matcher(one.when).matches(facts); });
  require(decision.rule == (rule == policy.rules.end() ? std::string() : rule->name));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = fuzz::text_of(data, size);
  std::vector<config::DropIn> drop_ins;
  for (const char* path : {"10-a.yaml", "20-b.yaml"}) drop_ins.push_back({path, take_part(rest)});
  const model::WriteEvent event = read_event(rest);
  require(policy::Glob(policy::escape_glob(event.file.path)).matches(event.file.path));
  policy::Policy policy;
  try {
    policy = config::load(-1, "fuzz.yaml", drop_ins).policy;
  } catch (const config::ConfigError&) {
    return 0;
  }
  if (policy.exceptions.size() + policy.rules.size() <= few) policy::lint(policy, now);
  const policy::Engine engine(policy, 1);
  const auto decision = engine.decide(event, {.now = now, .is_writer_of_image = [] { return true; }});
  require_the_same(policy, event, decision);
  return 0;
}
