// SPDX-License-Identifier: Apache-2.0
#include "diagnostics.hpp"

#include "dropwarden/config/config.hpp"
#include "dropwarden/util/escape.hpp"
#include "dropwarden/util/utf8.hpp"

namespace dropwarden::config {
namespace {

constexpr std::size_t max_messages = 20;
constexpr std::size_t max_line = 160;  // bytes of a source line that are shown

std::size_t count_code_points(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); ++count) {
    const auto point = util::decode_utf8(text);
    text.remove_prefix(point ? point->length : 1);
  }
  return count;
}

// The line made fit for a terminal, and below it a caret; escapes before the caret are wider than what they
// stand for.
std::string excerpt(std::string_view line, std::size_t column) {
  std::string shown;
  std::size_t caret = std::string::npos;
  for (std::size_t at = 1; !line.empty() && shown.size() < max_line; ++at) {
    if (at == column) caret = count_code_points(shown);
    const auto point = util::decode_utf8(line);
    const std::string_view character = line.substr(0, point ? point->length : 1);
    shown += util::escape(character);
    line.remove_prefix(character.size());
  }
  if (!line.empty())
    return "  " + shown + "…" + (caret == std::string::npos ? "" : "\n  " + std::string(caret, ' ') + "^");
  if (caret == std::string::npos) caret = count_code_points(shown);
  return "  " + shown + "\n  " + std::string(caret, ' ') + "^";
}

}  // namespace

void Diagnostics::add(Position where, std::string_view problem, std::string_view allowed) {
  ++count_;
  if (messages_.size() == max_messages) return;
  std::string message =
      source_.name() + ":" + std::to_string(where.line) + ":" + std::to_string(where.column) + ": ";
  message += problem;
  message += "; allowed: ";
  message += allowed;
  messages_.push_back(message + "\n" + excerpt(source_.line(where.line), where.column));
}

policy::Written Diagnostics::written(Position where) const {
  return {.at = source_.name() + ":" + std::to_string(where.line) + ":" + std::to_string(where.column),
          .excerpt = excerpt(source_.line(where.line), where.column)};
}

void Diagnostics::throw_if_any() const {
  if (messages_.empty()) return;
  std::string text;
  for (const std::string& message : messages_) text += (text.empty() ? "" : "\n") + message;
  if (count_ > messages_.size()) {
    text += "\n" + source_.name() + ": " + std::to_string(count_ - messages_.size()) +
            " more errors are not shown";
  }
  throw ConfigError(text);
}

}  // namespace dropwarden::config
