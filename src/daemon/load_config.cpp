// SPDX-License-Identifier: Apache-2.0
#include "load_config.hpp"

#include <cerrno>

#include "dropwarden/sys/file.hpp"

namespace dropwarden::daemon {

std::string config_path(const std::optional<std::filesystem::path>& file) {
  return file ? file->string() : config::default_file;
}

OpenedConfig open_config(privilege::Privilege& privilege) {
  return {.file = privilege.open_configuration(), .drop_ins = privilege.read_drop_ins()};
}

namespace {

// What there is to read; -1: no main file, and none is needed.
struct Sources {
  int file = -1;
  std::vector<config::DropIn> drop_ins;
};

Sources sources_of(const OpenedConfig& opened, bool is_asked_for) {
  const auto& [file, drop_ins] = opened;
  const bool is_absent = !file && file.error().number == ENOENT && !is_asked_for;
  if (!file && !is_absent) throw config::ConfigError(file.error().text());
  if (!drop_ins) throw config::ConfigError(drop_ins.error().text());
  Sources sources;
  if (file) sources.file = file->number();
  for (const auto& [name, text] : *drop_ins) sources.drop_ins.push_back({name, text});
  return sources;
}

}  // namespace

config::Config read_config_file(const OpenedConfig& opened, const std::string& path, bool is_asked_for) {
  const Sources sources = sources_of(opened, is_asked_for);
  return config::load(sources.file, path, sources.drop_ins);
}

config::Config load_config(const RunOptions& options, privilege::Privilege& privilege) {
  config::Config config = read_config_file(open_config(privilege), config_path(options.config_file),
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

config::Config load_config_to_look(const RunOptions& options, std::string& left_out) {
  const std::string path = config_path(options.config_file);
  const OpenedConfig opened = open_config(*privilege::make_direct({.configuration = path}));
  const Sources sources = sources_of(opened, options.config_file.has_value());
  return config::load_sound(sources.file, path, sources.drop_ins, left_out);
}

}  // namespace dropwarden::daemon
