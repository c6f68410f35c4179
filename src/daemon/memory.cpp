// SPDX-License-Identifier: Apache-2.0
#include "memory.hpp"

#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>

#include "dropwarden/sink/format.hpp"
#include "dropwarden/sys/clock.hpp"
#include "dropwarden/util/escape.hpp"

namespace dropwarden::daemon {
namespace {

constexpr std::chrono::seconds alive_interval{5};

store::Fsync to_store(config::Fsync fsync) {
  switch (fsync) {
    case config::Fsync::normal:
      return store::Fsync::normal;
    case config::Fsync::full:
      return store::Fsync::full;
    case config::Fsync::off:
      break;
  }
  return store::Fsync::off;
}

std::unique_ptr<store::Store> open_store(const config::Store& settings) {
  if (settings.path.empty()) return nullptr;
  const std::string name = util::escape(settings.path);
  try {
    return std::make_unique<store::Store>(
        store::Settings{.path = settings.path,
                        .fsync = to_store(settings.fsync),
                        .max_findings = settings.max_findings,
                        .max_age = settings.max_age,
                        .max_size = settings.max_size,
                        .max_undelivered_bytes = settings.undelivered},
        [name](const store::Store::Report& report) {
          spdlog::log(report.is_degraded ? spdlog::level::warn : spdlog::level::info, "store \"{}\": {}",
                      name, report.text);
        });
  } catch (const store::CannotOpen& error) {
    spdlog::warn(
        "store \"{}\": {}; a restart may tell again what is told now. Set store.path to a file in a "
        "directory "
        "that can be written and that only root may change, or to `none` to have none",
        name, error.what());
  }
  return nullptr;
}

}  // namespace

Memory::Memory(const config::Store& settings) : store_(open_store(settings)) {}

void Memory::set_told(const std::string& id, unsigned revision) {
  if (store_) store_->set_told(id, revision);
}

void Memory::tell_unfinished(Outputs& outputs) {
  if (!store_) return;
  for (const store::UnfinishedFinding& finding : store_->take_unfinished_findings()) {
    const unsigned revision = finding.is_final ? finding.revision : finding.revision + 1;
    const auto record =
        finding.is_final ? std::optional(finding.record) : sink::finish_native(finding.record, revision);
    const bool is_first = finding.known.told == 0;
    if (!record || !outputs.deliver_native(finding.id, revision, is_first, *record)) continue;
    // It is in memory already if some record of it was told.
    store::KnownFinding known = finding.known;
    const bool is_new = std::exchange(known.told, revision) == 0;
    if (is_new) store_->know(known);
  }
}

void Memory::start(boost::asio::io_context& loop) {
  if (!store_) return;
  timer_.emplace(loop);
  keep_alive();
}

void Memory::keep_alive() {
  store_->keep_alive(sys::read_file_time());
  timer_->expires_after(alive_interval);
  timer_->async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) keep_alive();
  });
}

void Memory::finish(bool is_clean) {
  timer_.reset();
  if (!store_) return;
  if (is_clean) store_->end_cleanly(sys::read_file_time());
  store_->finish();
}

}  // namespace dropwarden::daemon
