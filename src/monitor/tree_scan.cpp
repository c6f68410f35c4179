// SPDX-License-Identifier: Apache-2.0
#include "tree_scan.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <string_view>
#include <utility>

#include "dropwarden/sys/clock.hpp"
#include "dropwarden/util/escape.hpp"

// Owns descriptors during a step only. Hands each file to the caller.
namespace dropwarden::monitor {
namespace {

constexpr int max_walks = 4;
constexpr std::size_t longest_path = 1024;
// Of one mount. What is forgotten is handed on once more, and known there.
constexpr std::size_t max_handed_on = 65536;
// A file that has changed within this time and is open for writing is not written to its end yet.
constexpr std::chrono::seconds being_written{1};

std::optional<util::WallTime> time_or_nothing(util::WallTime since) {
  if (since == util::WallTime{}) return std::nullopt;
  return since;
}

std::uint64_t mix(std::uint64_t into, std::uint64_t value) {
  constexpr std::uint64_t odd = 0x9e3779b97f4a7c15U;
  return (into ^ (value + odd + (into << 6U) + (into >> 2U))) * odd;
}

std::uint64_t key_of(const layer::ScannedFile& file) {
  const sys::FileStatus& status = file.status;
  std::uint64_t key = mix(std::hash<std::string>{}(file.path), file.beginning);
  for (const std::uint64_t part : {status.inode, status.size, static_cast<std::uint64_t>(status.mode),
                                   static_cast<std::uint64_t>(status.changed.time_since_epoch().count()),
                                   static_cast<std::uint64_t>(status.modified.time_since_epoch().count())})
    key = mix(key, part);
  return key;
}

std::uint64_t key_of_put_off(const layer::ScannedFile& file) {
  const std::uint64_t device = std::uint64_t{file.status.device_major} << 32U | file.status.device_minor;
  return mix(mix(std::hash<std::string_view>{}("put off"), device), file.status.inode);
}

std::string describe(const layer::CutOff& cut) {
  std::string text = util::escape(cut.path, longest_path) + ": " + name_of(cut.why);
  if (cut.error != 0) text += std::string(": ") + std::strerror(cut.error);
  return text;
}

// A further walk may do better than this one.
bool may_be_over(const layer::CutOff& cut) {
  return cut.why == layer::Cut::moved || (cut.why == layer::Cut::unreadable && cut.error == EAGAIN);
}

}  // namespace

bool TreeScan::step(const layer::Scanner::Budget& budget, HandedOn& handed_on, const OnFile& on_file) {
  if (!open()) return false;
  const layer::ScanResult before = scanner_->result();
  const bool goes_on = scanner_->step(
      budget, [&](layer::ScannedFile file) { on_scanned(std::move(file), handed_on, on_file); });
  scanner_->let_go();
  add(before, scanner_->result());
  return goes_on || end_walk();
}

bool TreeScan::open() {
  step_began_ = std::chrono::steady_clock::now();
  auto top = tree_.open();
  totals_.opening += std::chrono::steady_clock::now() - step_began_;
  if (!top) return fail(top.error());
  if (scanner_) {
    if (scanner_->resume(std::move(*top))) return true;
    return fail({"scan", tree_.mount().path, ESTALE});
  }
  totals_.problems.clear();
  scanner_ = std::make_unique<layer::Scanner>(privilege_, std::move(*top),
                                              layer::ScanOptions{.changed_since = time_or_nothing(since_),
                                                                 .never_before = never_before_,
                                                                 .reads_all_in_memory = !is_further_},
                                              rules_);
  totals_.started = scanner_->result().started;
  return true;
}

bool TreeScan::fail(const sys::Error& error) {
  // A container that has just gone: the scan ends before it has begun.
  if (totals_.started == util::WallTime{}) totals_.started = sys::read_file_time();
  totals_.is_gone = error.number == ENOENT || error.number == ESRCH || error.number == ESTALE;
  totals_.problems.push_back(error.text());
  return false;
}

// Whether there is another walk to be done.
bool TreeScan::end_walk() {
  const layer::ScanResult& result = scanner_->result();
  bool is_worth_another = result.cut_off > 0;
  for (const layer::CutOff& cut : result.told) {
    totals_.problems.push_back(describe(cut));
    is_worth_another = is_worth_another && may_be_over(cut);
  }
  if (result.cut_off > result.told.size())
    totals_.problems.push_back("and " + std::to_string(result.cut_off - result.told.size()) + " more");
  const bool has_changed = result.has_changed;
  const bool is_cut = result.cut_off > 0;
  const util::WallTime started = result.started;
  if (++walks_ >= max_walks || (is_cut ? !is_worth_another : !has_changed)) {
    if (put_off_from_) totals_.started = std::min(totals_.started, *put_off_from_);
    return false;
  }
  // What has been left out is looked for as before, else only what came meanwhile.
  if (!is_cut) {
    since_ = started;
    is_further_ = true;
  }
  scanner_.reset();
  return true;
}

// Half of a file is another file, with a hash that nobody knows. Its close is told of, and the next sweep
// reads it again: that one takes it as it is, since who writes on and on would else hide it.
bool TreeScan::is_put_off(const layer::ScannedFile& file, HandedOn& handed_on) {
  if (!may_put_off_ || file.status.modified < sys::read_file_time() - being_written) return false;
  if (!privilege_.is_open_for_write(file.file.number()).value_or(false)) return false;
  const std::uint64_t key = key_of_put_off(file);
  if (put_off_.contains(key)) return true;
  if (!handed_on.insert(key).second) return false;
  put_off_.insert(key);
  put_off_from_ = std::min(put_off_from_.value_or(file.status.changed), file.status.changed);
  return true;
}

void TreeScan::on_scanned(layer::ScannedFile file, HandedOn& handed_on, const OnFile& on_file) {
  const std::uint64_t key = key_of(file);
  // Whatever is new in a further walk has other numbers.
  if (handed_on.contains(key) && (is_further_ || !tells_again_)) return;
  if (handed_on.size() >= max_handed_on) handed_on.clear();
  if (is_put_off(file, handed_on)) return;
  handed_on.insert(key);
  ++totals_.handed_on;
  Located located{.mount = tree_.mount().serial,
                  .path = tree_.in_container(file.path),
                  .named_at = step_began_,
                  .numbers = tree_.numbers(file)};
  on_file(std::move(file), std::move(located));
}

void TreeScan::add(const layer::ScanResult& before, const layer::ScanResult& after) {
  totals_.entries += after.entries - before.entries;
  totals_.files += after.files - before.files;
  totals_.bytes += after.bytes - before.bytes;
  totals_.yielded += after.yielded - before.yielded;
}

}  // namespace dropwarden::monitor
