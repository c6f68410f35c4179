// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dropwarden::test {

// One item of a tagged list in a manual page, with the lists that stand in it.
struct ManItem {
  std::string head;            // after `.It`, with its macros: `Fl -format Ar FORMAT`
  std::string text;            // without the lists inside, as a reader sees it, in one line
  std::vector<ManItem> items;  // of the lists inside

  // `marked_in` of the head.
  std::string marked(std::string_view macro) const;
};

struct ManSection {
  std::string name;
  std::vector<std::string> lines;  // source, without comments
  std::vector<ManItem> items;
  std::vector<std::string> literal;  // lines of the displays, `.Bd -literal`, as a reader sees them
};

// A manual page of man/, read from its mdoc(7) source. It is not a formatter: it knows the sections, the
// lists and the displays, so that a test can hold what they name against the program.
class ManPage {
 public:
  // `dropwarden.1`. Throws std::runtime_error when there is no such file or its lists do not nest.
  explicit ManPage(const std::string& name);

  const std::string& name() const { return name_; }
  const std::vector<ManSection>& sections() const { return sections_; }
  // Throws std::runtime_error when there is none of this name.
  const ManSection& section(std::string_view name) const;

 private:
  std::string name_;
  std::vector<ManSection> sections_;
};

// What a line of mdoc source marks with `macro`: of `.It Va labels : Vt array or null`, `array or null` for
// `Vt`. Up to the next macro or punctuation; empty when it marks nothing so.
std::string marked_in(std::string_view source_line, std::string_view macro);

// A line of mdoc source as a reader sees it: without macros, with their punctuation, and escapes resolved.
std::string plain_text(std::string_view source_line);

}  // namespace dropwarden::test
