// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dropwarden/metrics/histogram.hpp"

namespace dropwarden::metrics {

using Labels = std::vector<std::pair<std::string_view, std::string>>;

// A text in the exposition format of Prometheus, version 0.0.4. Names are the caller's own words; values of
// labels and help may hold any bytes, and are escaped; what is no UTF-8 becomes U+FFFD.
class Exposition {
 public:
  enum class Type { counter, gauge };

  // Begins a family; the samples that follow are its own. `help` ends with no full stop.
  void family(Type type, std::string_view name, std::string_view help);
  void sample(std::uint64_t value, const Labels& labels = {});
  void sample(double value, const Labels& labels = {});
  // A family of its own, in seconds.
  void histogram(std::string_view name, std::string_view help, const Histogram& histogram);

  const std::string& text() const { return text_; }

 private:
  void begin(std::string_view type, std::string_view name, std::string_view help);
  void line(std::string_view suffix, const Labels& labels, const std::string& value);

  std::string text_;
  std::string name_;
};

}  // namespace dropwarden::metrics
