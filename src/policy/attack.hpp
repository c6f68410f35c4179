// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dropwarden/model/decision.hpp"
#include "dropwarden/model/file_kind.hpp"
#include "dropwarden/policy/kinds.hpp"

namespace dropwarden::policy {

// What a kind of file is by itself, and what a ground adds. The tables behind these are the data that
// `assessment_version` numbers.
struct Weight {
  model::Severity severity = model::Severity::medium;
  model::Attack attack{};  // without a technique: it adds none
};
const Weight& weight_of(bool Kinds::* kind);
const Weight& weight_of(model::Ground ground);
// Of a script, by the program that reads it.
model::Attack attack_of_interpreter(const model::ScriptFacts& script);

}  // namespace dropwarden::policy
