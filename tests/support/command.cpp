// SPDX-License-Identifier: Apache-2.0
#include "support/command.hpp"

#include <cstddef>
#include <limits>
#include <stdexcept>
#include <sys/mman.h>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/text.hpp"

namespace dropwarden::test {
namespace {

sys::Fd make_memory_file() {
  sys::Fd file(::memfd_create("output", MFD_CLOEXEC));
  if (!file) throw sys::SystemError(sys::last_error("memfd_create"));
  return file;
}

std::string content_of(const sys::Fd& file) {
  const auto status = sys::value_or_throw(sys::read_status(file.number()));
  std::string content(status.size, '\0');
  content.resize(
      sys::value_or_throw(sys::read_at(file.number(), std::as_writable_bytes(std::span(content)), 0)));
  return content;
}

}  // namespace

CommandResult run_command(const std::vector<std::string>& arguments, const CommandOptions& options) {
  const auto output = make_memory_file();
  const auto error = make_memory_file();
  ChildProcess child(arguments, {output.number(), error.number(), options.environment});
  auto status = child.wait(options.limit);
  if (!status) status = child.terminate(std::chrono::milliseconds{0});
  return {*status, content_of(output), content_of(error)};
}

std::string require_command(const std::vector<std::string>& arguments, const CommandOptions& options) {
  const auto result = run_command(arguments, options);
  if (!result.status.is_success()) {
    std::string command;
    for (const auto& argument : arguments) command += argument + " ";
    throw std::runtime_error(command + "ended with " + result.status.text() + ": " + result.error);
  }
  return std::string(util::trim(result.output));
}

std::vector<std::string> with(std::vector<std::string> words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

}  // namespace dropwarden::test
