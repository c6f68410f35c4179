// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dropwarden/model/finding.hpp"
#include "dropwarden/sink/format.hpp"
#include "dropwarden/sink/stream.hpp"

namespace dropwarden::sink {

// One destination and what is written to it.
struct Output {
  Format format = Format::native;
  bool has_revisions = false;      // also the later records of a finding
  std::unique_ptr<Stream> stream;  // never null
  bool has_events = false;         // also what is delivered as an event
  // Of text: whether it is coloured, and the width of the terminal, which may change at any time; null when
  // there is none. A terminal gets a header before the first line and after each change of its width.
  bool is_colored = false;
  std::function<std::size_t()> read_columns{};
};

// All outputs of the daemon. Owns them; its end is the end of their streams, each after at most 2 s. One
// thread.
class Dispatcher {
 public:
  // What became of a record of a finding that some output has taken: whether one has written it, said as soon
  // as one has, or once all have failed. From the threads of the streams.
  struct Told {
    std::string id;
    unsigned revision = 1;
    bool is_first = true;  // no output was given a record of the finding before
    bool is_written = false;

    friend bool operator==(const Told&, const Told&) = default;
  };
  using OnTold = std::function<void(const Told&)>;
  explicit Dispatcher(std::vector<Output> outputs, OnTold on_told = {});

  // How many outputs take such a record, and how many of these had no room for it: the caller counts
  // `Loss::output_full`.
  struct Delivery {
    std::size_t takers = 0;
    std::size_t lost = 0;
    std::string native{};  // the line, where an output takes it in that format
  };
  // Formats and queues the line in every output that takes it; never waits. Events use half of a queue at
  // most. With `is_told` nothing is said of the record: somebody else has it.
  // `native` is the record in that format where it was made before, else empty.
  Delivery deliver(const model::Finding& finding, bool is_told = false, std::string native = {});
  Delivery deliver(const model::WriteEvent& event);
  // A record of a finding as `format_native` made it, for the outputs that take every revision in that
  // format. `is_first`: as in Told; `is_told`: as above. False when none does, or none had room.
  bool deliver_native(const std::string& id, unsigned revision, bool is_first, const std::string& record,
                      bool is_told = false);

  // Stream::finish of every output, one after the other: the numbers below are final then.
  void finish() const;

  // Over all outputs.
  std::uint64_t lines_written() const;
  std::uint64_t lines_lost() const;  // queued, then not written

 private:
  struct Sink {
    Output output;
    std::size_t columns_of_header = 0;  // for which the header was last written
  };
  template <class Record>
  std::string line_for(Sink& sink, const Record& record);

  std::vector<Sink> sinks_;
  OnTold on_told_;
};

}  // namespace dropwarden::sink
