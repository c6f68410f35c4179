// SPDX-License-Identifier: Apache-2.0
#include "capture_worker.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "dropwarden/attribute/sha256.hpp"
#include "dropwarden/store/capture_directory.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/escape.hpp"

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;
using model::CaptureStatus;
using Clock = std::chrono::steady_clock;

constexpr std::size_t capacity = 1024;
constexpr std::size_t chunk_bytes = std::size_t{128} << 10U;
constexpr auto longest_copy = 30s;

}  // namespace

// What one thread copies with. Opens the directory when it is needed, and again after that failed.
class CaptureWorker::Copier {
 public:
  Copier(config::Capture settings, std::shared_ptr<Counts> counts)
      : settings_(std::move(settings)),
        counts_(std::move(counts)),
        name_(util::escape(settings_.directory)) {}

  // At the start, so that what is wrong is said then.
  void open() {
    try {
      directory_.emplace(
          store::CaptureSettings{.directory = settings_.directory, .max_bytes = settings_.max_bytes},
          Clock::now());
      counts_->used_bytes = directory_->used_bytes();
    } catch (const std::exception& error) {
      say(fmt::format(
          "{}; nothing is copied. Set capture.directory to one that only root and the monitor's user may "
          "change, or to `none`",
          error.what()));
    }
  }

  model::Capture run(Job job, Turn& turn) {
    if (!directory_) open();
    model::Capture capture{.status = CaptureStatus::failed, .path = {}};
    if (directory_) capture = copy(job, turn);
    if (directory_) counts_->used_bytes = directory_->used_bytes();
    return capture;
  }

 private:
  model::Capture copy(const Job& job, Turn& turn) {
    const Evidence& evidence = job.evidence;
    if (job.hash.status == model::HashStatus::done && directory_->has(job.hash.value, evidence.size))
      return {.status = CaptureStatus::done, .path = directory_->path_of(job.hash.value)};
    auto begun = directory_->begin(evidence.size, Clock::now());
    if (!begun) return fail(begun.error());
    if (!*begun) {
      say(fmt::format(
          "the quota is reached ({} of {} bytes, capture.max_bytes): files are not copied until copies are "
          "moved away",
          directory_->used_bytes(), directory_->max_bytes()));
      return {.status = CaptureStatus::quota, .path = {}};
    }
    attribute::Sha256 sha256;
    const auto got = evidence.bytes.empty() ? write_file(evidence, **begun, sha256, turn)
                                            : write_chunk(evidence.bytes, 0, **begun, sha256);
    if (!got) return fail(got.error());
    if (*got == 0) return {.status = CaptureStatus::gone, .path = {}};
    const std::string name = sha256.digest();
    if (auto kept = directory_->keep(std::move(**begun), *got, name); !kept) return fail(kept.error());
    if (std::exchange(has_said_, false)) spdlog::info("capture \"{}\": files are copied again", name_);
    return {.status = name == job.hash.value ? CaptureStatus::done : CaptureStatus::changed,
            .path = directory_->path_of(name)};
  }

  // How many bytes it was by now, at most as many as it had when it was seen: a file that grows as fast as it
  // is read would have no end. None where it cannot be read any more, or not in time.
  sys::Result<std::uint64_t> write_file(const Evidence& evidence, store::CaptureDirectory::Copy& copy,
                                        attribute::Sha256& sha256, Turn& turn) {
    buffer_.resize(chunk_bytes);
    const auto deadline = Clock::now() + longest_copy;
    std::uint64_t offset = 0;
    while (offset < evidence.size) {
      if (turn.is_stopped() || Clock::now() >= deadline) return 0;
      const auto wanted = std::min<std::uint64_t>(chunk_bytes, evidence.size - offset);
      const auto got = sys::read_at(evidence.file.number(),
                                    std::span(buffer_).first(static_cast<std::size_t>(wanted)), offset);
      if (!got) return 0;
      if (*got == 0) break;
      const auto end = write_chunk(std::span(buffer_).first(*got), offset, copy, sha256);
      if (!end) return end;
      offset = *end;
      turn.step();
    }
    return offset;
  }

  static sys::Result<std::uint64_t> write_chunk(std::span<const std::byte> bytes, std::uint64_t offset,
                                                store::CaptureDirectory::Copy& copy,
                                                attribute::Sha256& sha256) {
    sha256.add(bytes);
    if (auto written = copy.write(offset, bytes); !written) return std::unexpected(written.error());
    return offset + bytes.size();
  }

  model::Capture fail(const sys::Error& error) {
    say(error.text() + ": files are not copied");
    return {.status = CaptureStatus::failed, .path = {}};
  }

  void say(const std::string& text) {
    if (!std::exchange(has_said_, true)) spdlog::warn("capture \"{}\": {}", name_, text);
  }

  const config::Capture settings_;
  const std::shared_ptr<Counts> counts_;
  const std::string name_;
  std::optional<store::CaptureDirectory> directory_;
  std::vector<std::byte> buffer_;
  bool has_said_ = false;
};

CaptureWorker::CaptureWorker(boost::asio::io_context& loop, const config::Capture& settings, OnCopy on_copy)
    : settings_(settings) {
  if (!is_on()) return;
  const auto make = [settings, counts = counts_, &loop, on_copy = std::move(on_copy)] {
    const auto copier = std::make_shared<Copier>(settings, counts);
    return [copier, counts, &loop, on_copy](Job job, Turn& turn) {
      const std::uint64_t serial = job.serial;
      if (serial == 0) return copier->open();
      model::Capture capture = copier->run(std::move(job), turn);
      ++counts->ended.at(static_cast<std::size_t>(capture.status));
      if (turn.is_stopped()) return;
      boost::asio::post(loop, [on_copy, serial, capture = std::move(capture)] { on_copy(serial, capture); });
    };
  };
  worker_ = std::make_unique<Worker<Job>>(capacity, typename Worker<Job>::MakeHandle(make));
  if (auto place = room_.take_file())
    worker_->submit(
        {.serial = 0, .evidence = {.place = std::move(*place), .bytes = {}, .file = {}}, .hash = {}});
}

CaptureReport CaptureWorker::report() const {
  CaptureReport report{.directory = settings_.directory,
                       .used_bytes = counts_->used_bytes,
                       .max_bytes = settings_.max_bytes,
                       .ended = {}};
  std::ranges::copy(counts_->ended, report.ended.begin());
  return report;
}

}  // namespace dropwarden::monitor
