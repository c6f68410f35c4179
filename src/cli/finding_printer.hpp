// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <ostream>
#include <string>

#include "dropwarden/sink/format.hpp"
#include "dropwarden/store/reader.hpp"

namespace dropwarden::cli {

// A record as it is stored, fit for a terminal whoever has written it.
std::string recorded_line(const std::string& record);

// A line of text, from the record where there is one, else from the row.
std::string text_line(const store::FoundFinding& finding, const sink::TextStyle& style);

// Prints findings out of the store, a line each: for a person, or as they were recorded. Many lines at a
// time.
class StoredFindingPrinter {
 public:
  StoredFindingPrinter(std::ostream& out, bool is_json);
  ~StoredFindingPrinter();  // flushes
  StoredFindingPrinter(const StoredFindingPrinter&) = delete;
  StoredFindingPrinter& operator=(const StoredFindingPrinter&) = delete;

  void print(const store::FoundFinding& finding);
  void flush();
  // Those of which no whole record is left, and which JSON lacks therefore.
  std::size_t left_out() const { return left_out_; }

 private:
  void print_text(const store::FoundFinding& finding);

  std::ostream& out_;
  const bool is_json_;
  const std::optional<std::size_t> columns_;
  const bool is_colored_;
  bool has_header_ = false;
  std::string lines_;
  std::size_t left_out_ = 0;
};

}  // namespace dropwarden::cli
