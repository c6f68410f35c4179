// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/metrics/exposition.hpp"

#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "dropwarden/util/escape.hpp"

namespace dropwarden::metrics {
namespace {

constexpr std::size_t longest_label = 256;  // bytes

// The backslash, the quote and the newline have an escape there, and all else stands for itself; of what is
// not printable only our own form is left.
std::string quote(std::string_view value) {
  std::string quoted;
  for (const char c : util::escape(value, longest_label)) {
    if (c == '\\' || c == '"') quoted += '\\';
    quoted += c;
  }
  return quoted;
}

std::string text_of(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

double seconds(std::chrono::microseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

void Exposition::family(Type type, std::string_view name, std::string_view help) {
  begin(type == Type::counter ? "counter" : "gauge", name, help);
}

void Exposition::begin(std::string_view type, std::string_view name, std::string_view help) {
  name_ = name;
  text_ += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
}

void Exposition::sample(std::uint64_t value, const Labels& labels) {
  line({}, labels, std::to_string(value));
}

void Exposition::sample(double value, const Labels& labels) {
  line({}, labels, text_of(value));
}

void Exposition::histogram(std::string_view name, std::string_view help, const Histogram& histogram) {
  begin("histogram", name, help);
  for (std::size_t i = 0; i < Histogram::bounds.size(); ++i)
    line("_bucket", {{"le", text_of(seconds(Histogram::bounds[i]))}}, std::to_string(histogram.up_to(i)));
  line("_bucket", {{"le", "+Inf"}}, std::to_string(histogram.count()));
  line("_sum", {}, text_of(seconds(histogram.sum())));
  line("_count", {}, std::to_string(histogram.count()));
}

void Exposition::line(std::string_view suffix, const Labels& labels, const std::string& value) {
  text_ += name_;
  text_ += suffix;
  char separator = '{';
  for (const auto& [name, text] : labels) {
    text_ += fmt::format("{}{}=\"{}\"", separator, name, quote(text));
    separator = ',';
  }
  if (!labels.empty()) text_ += '}';
  text_ += ' ';
  text_ += value;
  text_ += '\n';
}

}  // namespace dropwarden::metrics
