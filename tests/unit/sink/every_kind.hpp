// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "dropwarden/model/file_kind.hpp"

namespace dropwarden::sink {

// One file of a format: with all that can be known of it, and with nothing but the format.
struct KindSample {
  model::FileKind known;
  model::FileKind unknown;
};

// One for each format: a test fails when a value of model::Format has none.
inline std::vector<KindSample> every_kind() {
  using model::Format;
  std::vector<KindSample> samples(2);
  samples[0].known.format = samples[0].unknown.format = Format::elf;
  samples[0].known.elf =
      model::ElfFacts{model::ElfType::pie, 64, true, 62, "x86_64", "/lib64/ld-linux-x86-64.so.2", false};
  samples[0].unknown.elf.emplace();
  samples[1].known.format = samples[1].unknown.format = Format::script;
  samples[1].known.script = model::ScriptFacts{"/bin/sh", "-e"};
  samples[1].unknown.script.emplace();
  return samples;
}

}  // namespace dropwarden::sink
