// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "dropwarden/policy/kinds.hpp"
#include "dropwarden/policy/policy.hpp"

namespace dropwarden::config {

enum class RuntimeType { cri, docker };
struct RuntimeSocket {
  RuntimeType type = RuntimeType::cri;
  std::string socket;  // absolute path

  friend bool operator==(const RuntimeSocket&, const RuntimeSocket&) = default;
};
struct Runtimes {
  std::vector<RuntimeSocket> sockets;  // tried all; one that is absent is tried again quietly
  std::chrono::milliseconds timeout{2000};

  friend bool operator==(const Runtimes&, const Runtimes&) = default;
};

// What the file systems under the upper layers of containers are asked for.
enum class UpperLayer {
  off,
  names,   // what happens to names and attributes
  writes,  // and what is written
};

struct Watch {
  bool unidentified_overlays = true;  // also overlays in which no container is recognised
  bool volumes = true;                // also bind mounts and volumes of containers
  bool tmpfs = true;                  // also their tmpfs mounts
  bool exec = true;                   // also what is executed there
  bool second_look = true;            // also what is blank when it is closed, once more
  UpperLayer upper_layer = UpperLayer::names;
  std::chrono::milliseconds canary{std::chrono::seconds{30}};       // between two tests of the sensor; 0: off
  std::chrono::milliseconds stall_after{std::chrono::seconds{30}};  // a thread that does not get on is stuck
  std::chrono::milliseconds metadata_wait{2000};  // what the first record waits for a runtime at most
  std::uint64_t hash_inline_bytes = std::uint64_t{256} * 1024;  // hashed before the finding is printed
  std::uint64_t hash_max_bytes = std::uint64_t{1} << 30U;       // larger files are not hashed
  std::uint64_t compare_max_bytes = std::uint64_t{256} << 20U;  // read of a file to prove it is the image's

  friend bool operator==(const Watch&, const Watch&) = default;
};

struct Scan {
  bool first_start = true;  // also what was written before the daemon ever ran
  bool sweep = true;        // also what nothing is known to be missed of, now and then
  std::chrono::milliseconds interval{std::chrono::minutes{1}};  // between two sweeps of a mount
  std::chrono::milliseconds whole_interval{
      std::chrono::hours{6}};  // between two that read unchanged files too
  std::size_t entries_per_second = 20'000;
  std::uint64_t bytes_per_second = std::uint64_t{16} << 20U;

  friend bool operator==(const Scan&, const Scan&) = default;
};

using Classify = policy::Kinds;

enum class Format { native, tracee, falco, ecs, ocsf, cef, text };
enum class Events { none, magic_write };
enum class Revisions {
  by_format,  // all, where the format tells them apart, else the first
  first,
  all,
};
enum class OutputType { standard_output, file, unix_socket, syslog, journald, webhook };
const char* name_of(OutputType type);
enum class SyslogTransport { local, udp, tcp };
struct SyslogAddress {
  SyslogTransport transport = SyslogTransport::local;
  std::string target = "/dev/log";  // a path, or a host
  std::uint16_t port = 514;

  friend bool operator==(const SyslogAddress&, const SyslogAddress&) = default;
};
struct Output {
  OutputType type = OutputType::standard_output;
  std::string name;         // by which the store knows it; empty: that of its type
  bool has_format = false;  // false: text on a terminal, else native
  Format format = Format::native;
  Revisions revisions = Revisions::by_format;  // which records of a finding
  std::size_t queue = 8192;                    // lines
  Events events = Events::none;
  std::string path;                                              // of a file or unix socket, absolute
  std::uint64_t rotate_size = std::uint64_t{100} << 20U;         // bytes; 0: never
  std::chrono::milliseconds rotate_age{};                        // 0: never
  std::size_t rotate_keep = 5;                                   // files
  SyslogAddress address;                                         // of syslog
  unsigned facility = 3;                                         // RFC 5424, table 1
  std::string url;                                               // of a webhook
  std::string ca_file;                                           // PEM; empty: those of the system
  std::string certificate_file;                                  // PEM; empty: none is shown
  std::string key_file;                                          // PEM
  std::string headers_file;                                      // lines `Name: value`
  bool compress = false;                                         // gzip
  std::size_t batch = 1;                                         // findings a request
  std::chrono::milliseconds timeout{10'000};                     // of a request
  std::chrono::milliseconds retry_max{std::chrono::minutes{1}};  // the longest pause after a failure

  friend bool operator==(const Output&, const Output&) = default;
};
std::string effective_name(const Output& output);

enum class LogLevel { debug, info, warn, error, critical };
struct Logging {
  LogLevel level = LogLevel::info;

  friend bool operator==(const Logging&, const Logging&) = default;
};

struct Control {
  std::string socket = "/run/dropwarden/control.sock";  // the instance lock is beside it

  friend bool operator==(const Control&, const Control&) = default;
};

enum class Fsync { normal, full, off };
struct Store {
  std::string path = "/var/lib/dropwarden/state.db";  // empty: there is none
  Fsync fsync = Fsync::normal;
  std::size_t max_findings = 100'000;
  std::chrono::milliseconds max_age{std::chrono::hours{24 * 90}};  // since the file was seen last; 0: any
  std::uint64_t max_size = std::uint64_t{256} << 20U;              // bytes
  std::uint64_t undelivered = std::uint64_t{64} << 20U;            // bytes that wait for outputs

  friend bool operator==(const Store&, const Store&) = default;
};

// Copies of what was found.
struct Capture {
  std::string directory{};                                  // absolute; empty: nothing is copied
  std::uint64_t max_bytes = std::uint64_t{1} << 30U;        // of all copies
  std::uint64_t max_file_bytes = std::uint64_t{64} << 20U;  // larger files are not copied

  friend bool operator==(const Capture&, const Capture&) = default;
};

// Pages for Prometheus and for probes.
struct Metrics {
  std::string listen{};  // sys::is_tcp_address; empty: nowhere

  friend bool operator==(const Metrics&, const Metrics&) = default;
};

struct Config {
  Runtimes runtimes;
  Watch watch;
  Scan scan;
  Classify classify;
  policy::Policy policy;
  std::vector<Output> outputs;
  Logging logging;
  Control control;
  Metrics metrics;
  Store store;
  Capture capture;

  friend bool operator==(const Config&, const Config&) = default;
};

// Bad configuration: `what()` is `FILE:LINE:COLUMN: what is wrong; what is allowed`, then the line and a
// caret.
class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Where the configuration is when no other file is named.
inline constexpr const char* default_file = "/etc/dropwarden/dropwarden.yaml";
// The directory beside it with files that add to it.
inline constexpr const char* drop_in_directory = "dropwarden.d";

// The built-in defaults, equal to conf/dropwarden.yaml.
Config defaults();

// `name_for_errors` stands for the file. Throws ConfigError for unknown, missing and duplicate keys, wrong
// types and ranges, and text that is not one small YAML document, with all that is wrong at once, at most 20
// errors; `load` also when it cannot read the file.
//
// `load` reads the drop-ins of that file as well, `dropwarden.d/*.yaml` beside it, in the order of their
// names (bytes): each sets what it names, as if its keys stood in place of those before, but for exceptions
// and rules, which it adds. With errors in several files, `what()`
// has those of all.
Config parse(const std::string& yaml, const std::string& name_for_errors);
Config load(const std::filesystem::path& file);
// The same of files that were read elsewhere: the main one, open already, or -1 for none, and drop-ins by
// their paths, in their order.
struct DropIn {
  std::string path;
  std::string text;
};
Config load(int file, const std::string& name_for_errors, const std::vector<DropIn>& drop_ins = {});
// For whoever only looks, while a daemon goes on with what it had: drop-ins with mistakes are left out, and
// `left_out` says what is wrong with them; empty: nothing.
Config load_sound(int file, const std::string& name_for_errors, const std::vector<DropIn>& drop_ins,
                  std::string& left_out);

}  // namespace dropwarden::config
