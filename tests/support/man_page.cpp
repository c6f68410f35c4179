// SPDX-License-Identifier: Apache-2.0
#include "support/man_page.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace dropwarden::test {
namespace {

using Escape = std::pair<std::string_view, std::string_view>;
constexpr std::array escapes{Escape{"\\(aq", "'"},     Escape{"\\(dq", "\""}, Escape{"\\(ha", "^"},
                             Escape{"\\(ti", "~"},     Escape{"\\(ga", "`"},  Escape{"\\(mu", "×"},
                             Escape{"\\[u2026]", "…"}, Escape{"\\&", ""},     Escape{"\\e", "\\"},
                             Escape{"\\-", "-"}};

std::vector<std::string> words_of(std::string_view text) {
  std::istringstream in{std::string(text)};
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

bool is_macro(std::string_view word) {
  return word.size() == 2 && word[0] >= 'A' && word[0] <= 'Z' && word[1] >= 'a' && word[1] <= 'z';
}

bool is_closing(std::string_view word) {
  return word.size() == 1 && std::string_view(".,:;)]?!").find(word[0]) != std::string_view::npos;
}

std::string without_escapes(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto* const escape = std::ranges::find_if(
        escapes, [&](const auto& candidate) { return text.starts_with(candidate.first); });
    const bool is_escape = escape != escapes.end();
    out += is_escape ? escape->second : text.substr(0, 1);
    text.remove_prefix(is_escape ? escape->first.size() : 1);
  }
  return out;
}

std::string macro_text(std::string_view arguments) {
  std::string out;
  std::string macro;
  for (const std::string& word : words_of(arguments)) {
    if (is_macro(word)) {
      macro = word;
    } else if (macro == "Xr section") {
      out += "(" + word + ")";
      macro.clear();
    } else {
      const bool is_glued = out.empty() || is_closing(word) || macro == "Ns";
      const bool is_option = macro == "Fl" && !is_closing(word);
      out += (is_glued ? "" : " ") + std::string(is_option ? "-" : "") + word;
      if (macro == "Ns") macro.clear();
      if (macro == "Xr") macro = "Xr section";
    }
  }
  return out;
}

// Reads the lists and displays of a section.
class Builder {
 public:
  void add(const std::string& line) {
    section.lines.push_back(line);
    if (is_literal_ && !line.starts_with(".Ed")) return section.literal.push_back(plain_text(line));
    if (line.starts_with(".Bd -literal") || line.starts_with(".Ed")) {
      is_literal_ = line.starts_with(".Bd");
    } else if (line.starts_with(".Bl ")) {
      open_.push_back(open_.empty() ? &section.items : &last_item().items);
    } else if (line.starts_with(".El")) {
      if (open_.empty()) throw std::runtime_error(".El without .Bl");
      open_.pop_back();
    } else if (line.starts_with(".It") && !open_.empty()) {
      // Only the list that is open grows, and it is the last thing in each list around it: no pointer in
      // `open_` is moved.
      open_.back()->push_back(
          {.head = line.substr(std::min<std::size_t>(line.size(), 4)), .text = {}, .items = {}});
    } else if (!open_.empty() && !open_.back()->empty()) {
      std::string& text = last_item().text;
      const std::string more = plain_text(line);
      text += (text.empty() || more.empty() ? "" : " ") + more;
    }
  }
  void finish() const {
    if (!open_.empty()) throw std::runtime_error("section " + section.name + ": .Bl without .El");
    if (is_literal_) throw std::runtime_error("section " + section.name + ": .Bd without .Ed");
  }

  ManSection section;

 private:
  ManItem& last_item() {
    if (open_.back()->empty()) throw std::runtime_error("section " + section.name + ": .Bl inside .Bl");
    return open_.back()->back();
  }

  std::vector<std::vector<ManItem>*> open_;
  bool is_literal_ = false;
};

}  // namespace

std::string marked_in(std::string_view source_line, std::string_view macro) {
  if (source_line.starts_with('.')) source_line.remove_prefix(1);
  std::string out;
  bool is_marked = false;
  for (const std::string& word : words_of(source_line)) {
    if (is_macro(word) || is_closing(word)) {
      is_marked = word == macro;
    } else if (is_marked) {
      out += (out.empty() ? "" : " ") + without_escapes(word);
    }
  }
  return out;
}

std::string ManItem::marked(std::string_view macro) const {
  return marked_in(head, macro);
}

std::string plain_text(std::string_view source_line) {
  if (!source_line.starts_with('.')) return without_escapes(source_line);
  return without_escapes(macro_text(source_line.substr(1)));
}

ManPage::ManPage(const std::string& name) : name_(name) {
  const std::string file = std::string(DROPWARDEN_MAN_DIRECTORY "/") + name;
  std::ifstream in(file);
  if (!in) throw std::runtime_error(file + ": cannot be read");
  std::optional<Builder> builder;
  const auto end_section = [&] {
    if (!builder) return;
    builder->finish();
    sections_.push_back(std::move(builder->section));
  };
  try {
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with(".\\\"")) continue;
      if (line.starts_with(".Sh ")) {
        end_section();
        builder.emplace().section.name = line.substr(4);
      } else if (builder) {
        builder->add(line);
      }
    }
    end_section();
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(file + ": " + error.what());
  }
}

const ManSection& ManPage::section(std::string_view name) const {
  const auto found = std::ranges::find(sections_, name, &ManSection::name);
  if (found == sections_.end())
    throw std::runtime_error("man/" + name_ + ": has no section " + std::string(name));
  return *found;
}

}  // namespace dropwarden::test
