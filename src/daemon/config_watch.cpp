// SPDX-License-Identifier: Apache-2.0
// Owns the inotify descriptor.
#include "config_watch.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <spdlog/spdlog.h>

#include "dropwarden/config/config.hpp"
#include "dropwarden/sys/inotify.hpp"

namespace dropwarden::daemon {
namespace {

// An update often takes several steps: of many files, or of a file and its name.
constexpr std::chrono::milliseconds quiet{250};

}  // namespace

ConfigWatch::ConfigWatch(boost::asio::io_context& loop, const std::filesystem::path& file)
    : directory_(file.has_parent_path() ? file.parent_path() : "."),
      file_(file.filename()),
      events_(loop),
      pause_(loop) {}

void ConfigWatch::start(std::function<void()> on_change) {
  on_change_ = std::move(on_change);
  auto opened = sys::open_inotify();
  if (!opened) {
    spdlog::warn("changes of the configuration are not noticed, SIGHUP reads it: {}", opened.error().text());
    return;
  }
  events_.assign(opened->release());
  watch();
  read();
}

// Again after each change: the directory of drop-ins may be new, or another of that name.
void ConfigWatch::watch() {
  const auto main = sys::watch_directory(events_.native_handle(), directory_);
  if (!main) spdlog::debug("the configuration is not watched for changes: {}", main.error().text());
  const auto drop_ins = directory_ / config::drop_in_directory;
  const auto added = sys::watch_directory(events_.native_handle(), drop_ins);
  if (!added) spdlog::debug("drop-ins are not watched for changes: {}", added.error().text());
}

void ConfigWatch::read() {
  events_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                     [this](const boost::system::error_code& error) {
                       if (error) return;
                       const auto names = sys::read_names(events_.native_handle());
                       if (std::ranges::any_of(names, [this](const auto& name) { return concerns_us(name); }))
                         await_quiet();
                       read();
                     });
}

// There may be other files beside it that change all the time. A ConfigMap is a link `..data`.
bool ConfigWatch::concerns_us(std::string_view name) const {
  return name.empty() || name == file_ || name == config::drop_in_directory || name.starts_with("..") ||
         (name.ends_with(".yaml") && !name.starts_with('.'));
}

void ConfigWatch::await_quiet() {
  pause_.expires_after(quiet);
  pause_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) on_quiet();
  });
}

void ConfigWatch::on_quiet() {
  watch();
  on_change_();
}

void ConfigWatch::stop() {
  pause_.cancel();
  boost::system::error_code ignored;
  events_.close(ignored);
}

}  // namespace dropwarden::daemon
