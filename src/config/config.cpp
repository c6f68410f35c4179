// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/config/config.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "dropwarden/sys/file.hpp"

#include "diagnostics.hpp"
#include "document.hpp"
#include "reader.hpp"

namespace dropwarden::config {
namespace {

constexpr std::size_t max_file = std::size_t{4} << 20U;
constexpr std::size_t max_drop_ins = 1024;
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

std::string text_or_throw(sys::Result<std::string> text) {
  // One byte too many is enough for `read_text` to say so.
  if (!text && text.error().number == EFBIG) return std::string(max_file + 1, ' ');
  if (!text) throw ConfigError(text.error().text());
  return std::move(*text);
}

// Those of all files, so that one run shows them.
class Errors {
 public:
  template <class Read>
  void of(Read read) {
    try {
      read();
    } catch (const ConfigError& error) {
      text_ += (text_.empty() ? "" : "\n") + std::string(error.what());
    }
  }
  void throw_if_any() const {
    if (!text_.empty()) throw ConfigError(text_);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// Sets in `config` what a file says; after an error it is of no use.
void read_text(const std::string& yaml, const std::string& name_for_errors, Config& config) {
  if (yaml.size() > max_file)
    throw ConfigError(name_for_errors + ":1:1: the file is too large; allowed: 4 MiB");
  const bool has_mark = yaml.starts_with(byte_order_mark);
  const Source source(name_for_errors, has_mark ? yaml.substr(byte_order_mark.size()) : yaml);
  Diagnostics diagnostics(source);
  if (const auto root = parse_document(source, diagnostics)) read_config(*root, config, diagnostics);
  diagnostics.throw_if_any();
}

// None where there is no such directory. Hidden ones are those of editors, and of Kubernetes.
std::vector<std::filesystem::path> list_drop_ins(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (std::filesystem::directory_iterator at(directory, error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename();
    if (name.starts_with('.') || !name.ends_with(".yaml")) continue;
    files.push_back(at->path());
    if (files.size() > max_drop_ins)
      throw ConfigError(directory.string() +
                        ": there are too many files; allowed: " + std::to_string(max_drop_ins));
  }
  if (error && error != std::errc::no_such_file_or_directory && error != std::errc::not_a_directory)
    throw ConfigError(directory.string() + ": cannot be listed: " + error.message());
  std::ranges::sort(files, {}, [](const std::filesystem::path& file) { return file.filename().string(); });
  return files;
}

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
  Config config = defaults();
  read_text(yaml, name_for_errors, config);
  return config;
}

Config load(const std::filesystem::path& file) {
  Config config = defaults();
  Errors errors;
  errors.of([&] { read_text(text_or_throw(sys::read_file(file, max_file)), file, config); });
  errors.of([&] {
    for (const auto& path : list_drop_ins(file.parent_path() / drop_in_directory))
      errors.of([&] { read_text(text_or_throw(sys::read_file(path, max_file)), path, config); });
  });
  errors.throw_if_any();
  return config;
}

Config load(int file, const std::string& name_for_errors, const std::vector<DropIn>& drop_ins) {
  Config config = defaults();
  Errors errors;
  if (file >= 0) {
    errors.of([&] {
      read_text(text_or_throw(sys::read_file(file, max_file, name_for_errors)), name_for_errors, config);
    });
  }
  for (const DropIn& drop_in : drop_ins) errors.of([&] { read_text(drop_in.text, drop_in.path, config); });
  errors.throw_if_any();
  return config;
}

Config load_sound(int file, const std::string& name_for_errors, const std::vector<DropIn>& drop_ins,
                  std::string& left_out) {
  Config config = load(file, name_for_errors);
  Errors errors;
  for (const DropIn& drop_in : drop_ins) {
    errors.of([&] {
      Config more = config;
      read_text(drop_in.text, drop_in.path, more);
      config = std::move(more);
    });
  }
  left_out = errors.text();
  return config;
}

}  // namespace dropwarden::config
