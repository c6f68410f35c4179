// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "support/child_process.hpp"

namespace dropwarden::test {

struct CommandResult {
  ExitStatus status;
  std::string output;  // standard output
  std::string error;   // standard error
};

struct CommandOptions {
  std::chrono::milliseconds limit{180'000};  // then it is killed, and ends by signal 9
  std::vector<std::string> environment;
};

// Runs a program to its end. Output goes through memory files and not through pipes: what it leaves running
// in the background (conmon, a shim) may hold them open, and nobody waits for that.
CommandResult run_command(const std::vector<std::string>& arguments, const CommandOptions& options = {});

// The standard output, without blanks at its ends, of a command that has to succeed. Throws
// std::runtime_error, with command, status and standard error.
std::string require_command(const std::vector<std::string>& arguments, const CommandOptions& options = {});

// `words`, and `more` behind them.
std::vector<std::string> with(std::vector<std::string> words, const std::vector<std::string>& more);

}  // namespace dropwarden::test
