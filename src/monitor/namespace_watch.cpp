// SPDX-License-Identifier: Apache-2.0
#include "namespace_watch.hpp"

#include <utility>

#include <spdlog/spdlog.h>

#include "dropwarden/sys/clock.hpp"

#include "pace.hpp"

namespace dropwarden::monitor {
namespace {

// 300 µs or so before the loop does something else.
constexpr std::size_t processes_per_turn = 128;

}  // namespace

NamespaceWatch::NamespaceWatch(boost::asio::io_context& loop, privilege::Privilege& privilege,
                               const watch::Features& features, VolumeKeeper& volumes,
                               NamespaceScan::Believes believes, std::function<void()> on_due)
    : loop_(loop),
      privilege_(privilege),
      volumes_(volumes),
      believes_(std::move(believes)),
      on_due_(std::move(on_due)),
      pause_(loop) {
  if (const auto cgroup = privilege_.read_process_file(1, privilege::ProcessFile::cgroup))
    enclosing_ = container::parse_process_owners(*cgroup);
  if (features.has_mount_events) open_news();
  volumes_.seen().set_watch_namespace([this](model::Pid pid) { return watch(pid); });
}

void NamespaceWatch::open_news() {
  auto group = privilege_.open_group(watch::mount_group_flags(), 0);
  if (!group) {
    spdlog::warn("{}: mounts that containers make later are looked for", group.error().text());
    return;
  }
  news_.emplace(
      loop_, std::move(*group), [this](const auto& mounters) { on_news(mounters); },
      [this](const sys::Error& error) {
        spdlog::warn("{}: mounts that containers make later are looked for", error.text());
        volumes_.seen().forget_watched();
      });
}

void NamespaceWatch::start() {
  if (news_) news_->start();
  rest();
}

void NamespaceWatch::stop() {
  if (news_) news_->stop();
  pause_.cancel();
}

bool NamespaceWatch::watch(model::Pid pid) {
  if (!news_ || news_->descriptor() < 0) return false;
  const auto marked = privilege_.mark_mount_namespace_of(news_->descriptor(), pid.value, watch::mount_mask());
  return marked.has_value();
}

void NamespaceWatch::on_news(const std::vector<model::Pid>& mounters) {
  volumes_.seen().on_mounted(mounters, Clock::now());
  on_due_();
}

void NamespaceWatch::look_at(model::Pid pid) {
  // Nearly always it is that of the container's first process.
  const auto name_space = privilege_.read_process_file(pid.value, privilege::ProcessFile::mount_namespace);
  if (!name_space || volumes_.seen().name_spaces().contains(*name_space)) return;
  // By what was read just now, since it may be elsewhere by now; and without all those names, which would be
  // copied for each execution.
  NamespaceScan scan({.list = {},
                      .read =
                          [&](model::Pid process, privilege::ProcessFile file) {
                            return file == privilege::ProcessFile::mount_namespace
                                       ? name_space
                                       : privilege_.read_process_file(process.value, file);
                          }},
                     {}, enclosing_, believes_);
  scan.look_at(pid);
  bool is_any = false;
  for (const auto& nested : scan.take_found()) {
    is_any = volumes_.seen().add_nested(nested, Clock::now()) || is_any;
  }
  if (is_any) on_due_();
}

NamespaceScan NamespaceWatch::make_scan() const {
  return NamespaceScan({.list = [&privilege = privilege_] { return container::list_processes(privilege); },
                        .read =
                            [&privilege = privilege_](model::Pid pid, privilege::ProcessFile file) {
                              return privilege.read_process_file(pid.value, file);
                            }},
                       volumes_.seen().name_spaces(), enclosing_, believes_);
}

void NamespaceWatch::look_again() {
  if (volumes_.seen().is_empty()) return rest();
  scan_.emplace(make_scan());
  take_turn();
}

void NamespaceWatch::take_turn() {
  const auto start = sys::read_thread_time();
  const bool has_more = scan_->step(processes_per_turn);
  spent_ += sys::read_thread_time() - start;
  if (!has_more) {
    volumes_.seen().on_nested(scan_->take_found(), Clock::now());
    scan_.reset();
    volumes_.seen().poll(Clock::now());
    on_due_();
    return rest();
  }
  pause_.expires_after({});
  pause_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) take_turn();
  });
}

// What the tables of the last time cost is known now.
void NamespaceWatch::rest() {
  pause_.expires_after(rest_after(std::exchange(spent_, {}) + volumes_.take_spent()));
  pause_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) look_again();
  });
}

}  // namespace dropwarden::monitor
