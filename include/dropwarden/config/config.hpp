// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace dropwarden::config {

enum class RuntimeType { cri, docker };
struct RuntimeSocket {
  RuntimeType type = RuntimeType::cri;
  std::string socket;  // absolute path
};
struct Runtimes {
  std::vector<RuntimeSocket> sockets;  // tried all; one that is absent is tried again quietly
  std::chrono::milliseconds timeout{2000};
};

struct Watch {
  bool unidentified_overlays = true;  // also overlays in which no container is recognised
  std::uint64_t hash_inline_bytes = 256 * 1024;        // hashed before the finding is printed
  std::uint64_t hash_max_bytes = std::uint64_t{1} << 30U;  // larger files are not hashed
};

// Which kinds become findings.
struct Classify {
  bool executables = true;
  bool shared_objects = true;
  bool scripts = true;
  bool objects = false;
  bool core_dumps = false;
};

enum class Format { native, tracee, falco, ecs, ocsf, cef, text };
enum class OutputType { standard_output };
struct Output {
  OutputType type = OutputType::standard_output;
  bool has_format = false;  // false: text on a terminal, else native
  Format format = Format::native;
  std::size_t queue = 8192;  // lines
};

enum class LogLevel { debug, info, warn, error, critical };
struct Logging {
  LogLevel level = LogLevel::info;
};

struct Control {
  std::string socket = "/run/dropwarden/control.sock";  // the instance lock is beside it
};

struct Config {
  Runtimes runtimes;
  Watch watch;
  Classify classify;
  std::vector<Output> outputs;
  Logging logging;
  Control control;
};

// Bad configuration: `what()` is `FILE:LINE:COLUMN: what is wrong; what is allowed`, then the line and a caret.
class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The built-in defaults, equal to conf/dropwarden.yaml.
Config defaults();

// `name_for_errors` stands for the file. Unknown keys, wrong types and ranges throw ConfigError.
Config parse(const std::string& yaml, const std::string& name_for_errors);
Config load(const std::filesystem::path& file);

}  // namespace dropwarden::config
