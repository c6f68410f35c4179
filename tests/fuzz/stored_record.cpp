// SPDX-License-Identifier: Apache-2.0
// The record of a finding as the store has it, written by this version or another, or by who has the daemon's
// rights. The line for a terminal has no control character, and the exception made of it is one and no more.
#include <algorithm>
#include <string>

#include <boost/json/parse.hpp>

#include "dropwarden/config/config.hpp"
#include "dropwarden/sink/format.hpp"

#include "cli/exception_text.hpp"
#include "cli/finding_printer.hpp"
#include "input.hpp"

namespace {

using namespace dropwarden;
using fuzz::require;

bool has_control(const std::string& line) {
  return std::ranges::any_of(line, [](unsigned char c) { return c < ' ' || c == 0x7f; });
}

void require_one_exception(const boost::json::value& record) {
  config::Config config;
  try {
    config = config::parse(cli::exception_for(record), "fuzz.yaml");
  } catch (const config::ConfigError&) {
    return;  // of a record that says too little, or what no configuration takes
  }
  require(config.policy.exceptions.size() == 1 && config.policy.rules.empty());
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string record(fuzz::text_of(data, size));
  require(cli::recorded_line(record).find_first_of("\n\r\x1b") == std::string::npos);
  const auto finished = sink::finish_native(record, 2);
  boost::system::error_code error;
  const auto value = boost::json::parse(record, error);
  const bool is_read = !error && value.is_object();
  require(is_read || !finished);
  for (const std::size_t columns : {0UL, 80UL}) {
    const auto line = sink::format_text(record, {.columns = columns});
    require(line.has_value() == is_read);
    if (line) require(!has_control(*line));
  }
  if (error) return 0;
  require_one_exception(value);
  if (finished) require(sink::finish_native(*finished, 2) == finished);
  return 0;
}
