// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/config/config.hpp"

#include <cerrno>

#include "dropwarden/sys/file.hpp"

#include "diagnostics.hpp"
#include "document.hpp"
#include "reader.hpp"

namespace dropwarden::config {
namespace {

constexpr std::size_t max_file = std::size_t{1} << 20U;
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

}  // namespace

Config defaults() {
  Config config;
  config.runtimes.sockets = {
      {RuntimeType::cri, "/run/containerd/containerd.sock"},
      {RuntimeType::cri, "/run/k3s/containerd/containerd.sock"},
      {RuntimeType::cri, "/var/snap/microk8s/common/run/containerd.sock"},
      {RuntimeType::cri, "/run/k0s/containerd.sock"},
      {RuntimeType::cri, "/run/crio/crio.sock"},
      {RuntimeType::docker, "/run/docker.sock"},
      {RuntimeType::docker, "/run/podman/podman.sock"},
  };
  config.outputs = {Output{}};
  return config;
}

Config parse(const std::string& yaml, const std::string& name_for_errors) {
  if (yaml.size() > max_file)
    throw ConfigError(name_for_errors + ":1:1: the file is too large; allowed: 1 MiB");
  const bool has_mark = yaml.starts_with(byte_order_mark);
  const Source source(name_for_errors, has_mark ? yaml.substr(byte_order_mark.size()) : yaml);
  Diagnostics diagnostics(source);
  Config config = defaults();
  if (const auto root = parse_document(source, diagnostics)) read_config(*root, config, diagnostics);
  diagnostics.throw_if_any();
  return config;
}

namespace {

Config parse_text(sys::Result<std::string> text, const std::string& name_for_errors) {
  // One byte too many is enough for `parse` to say so.
  if (!text && text.error().number == EFBIG) text = std::string(max_file + 1, ' ');
  if (!text) throw ConfigError(text.error().text());
  return parse(*text, name_for_errors);
}

}  // namespace

Config load(const std::filesystem::path& file) {
  return parse_text(sys::read_file(file, max_file), file);
}

Config load(int file, const std::string& name_for_errors) {
  return parse_text(sys::read_file(file, max_file, name_for_errors), name_for_errors);
}

}  // namespace dropwarden::config
