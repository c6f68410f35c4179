// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "dropwarden/model/finding.hpp"
#include "dropwarden/sink/stream.hpp"

namespace dropwarden::sink {

enum class Format { native, text, colored_text };

// One destination and what is written to it.
struct Output {
  Format format = Format::native;
  std::unique_ptr<Stream> stream;  // never null
};

// All outputs of the daemon. Owns them; its end is the end of their streams, each after at most 2 s. Any
// thread.
class Dispatcher {
 public:
  explicit Dispatcher(std::vector<Output> outputs);

  // Formats once per format in use and queues the line everywhere; never waits. How many outputs had no room
  // for it: the caller counts `Loss::output_full`.
  std::size_t deliver(const model::Finding& finding) const;

  // Stream::finish of every output, one after the other: the numbers below are final then.
  void finish() const;

  // Over all outputs.
  std::uint64_t lines_written() const;
  std::uint64_t lines_lost() const;  // queued, then not written

 private:
  std::vector<Output> outputs_;
};

}  // namespace dropwarden::sink
