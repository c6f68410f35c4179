// SPDX-License-Identifier: Apache-2.0
#include "load_config.hpp"

#include <cerrno>

#include "dropwarden/sys/file.hpp"

namespace dropwarden::daemon {

std::string config_path(const std::optional<std::filesystem::path>& file) {
  return file ? file->string() : config::default_file;
}

config::Config read_config_file(const sys::Result<sys::Fd>& file, const std::string& path,
                                bool is_asked_for) {
  if (!file && file.error().number == ENOENT && !is_asked_for) return config::defaults();
  if (!file) throw config::ConfigError(file.error().text());
  return config::load(file->number(), path);
}

config::Config load_config(const RunOptions& options, privilege::Privilege& privilege) {
  config::Config config = read_config_file(privilege.open_configuration(), config_path(options.config_file),
                                           options.config_file.has_value());
  for (config::Output& output : config.outputs) {
    if (output.type != config::OutputType::standard_output) continue;
    if (options.format) output.format = *options.format;
    output.has_format = output.has_format || options.format;
    output.events = options.events.value_or(output.events);
  }
  return config;
}

config::Config load_config(const RunOptions& options) {
  return load_config(options, *privilege::make_direct({.configuration = config_path(options.config_file)}));
}

}  // namespace dropwarden::daemon
