// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/store/store.hpp"

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "dropwarden/sys/directory.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/sys/lock.hpp"
#include "dropwarden/util/escape.hpp"

#include "schema.hpp"
#include "set_aside.hpp"
#include "tables.hpp"
#include "writer.hpp"

// Owns the lock beside the database for as long as it is open, and the writer, which owns the database.
namespace dropwarden::store {
namespace {

constexpr std::chrono::milliseconds lock_time{1000};

util::WallTime now() {
  return util::WallTime{std::chrono::system_clock::now()};
}

// Two daemons would each think that they alone know what was told. The database itself stays open for others,
// to be read with sqlite3(1), hence a file beside it. Not flock(2) on the database: to close a second
// descriptor of it would end the locks that SQLite holds (fcntl(2), record locks).
sys::Fd lock(const std::string& path) {
  const std::string directory = std::filesystem::path(path).parent_path();
  const std::string file = path + ".lock";
  if (const auto made = sys::make_directory(directory, 0700); !made) throw CannotOpen(made.error().text());
  const auto is_private = sys::is_private_directory(directory);
  if (!is_private) throw CannotOpen(is_private.error().text());
  if (!*is_private)
    throw CannotOpen("others than root may change the directory \"" + util::escape(directory) + "\"");
  auto opened = sys::open_path(file, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (!opened) throw CannotOpen(opened.error().text());
  // One that was killed may be a moment in ending.
  const auto deadline = std::chrono::steady_clock::now() + lock_time;
  while (true) {
    const auto locked = sys::try_lock(opened->number());
    if (locked) break;
    if (locked.error().number != EWOULDBLOCK) throw CannotOpen(locked.error().text());
    if (std::chrono::steady_clock::now() > deadline)
      throw CannotOpen("another dropwarden uses it: give each its own");
    std::this_thread::sleep_for(lock_time / 100);
  }
  return std::move(*opened);
}

// With the mode that the log and its shared memory take over.
void make_file(const std::string& path) {
  if (const auto made = sys::open_path(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600); !made)
    throw CannotOpen(made.error().text());
}

}  // namespace

class Store::Impl {
 public:
  Impl(Settings settings, OnReport on_report)
      : settings_(std::move(settings)), on_report_(std::move(on_report)), lock_(lock(settings_.path)) {
    auto tables = open();
    const bool is_unclean = last_run && !last_run->is_clean_end;
    writer_.emplace(settings_, std::move(tables), is_unclean, on_report_);
  }

  std::optional<LastRun> last_run;
  std::vector<KnownFinding> findings;
  std::vector<UnfinishedFinding> unfinished;
  std::vector<HeldBack> held_back;
  std::vector<SyncState> states;

  Writer& writer() { return *writer_; }

  void attach(std::shared_ptr<Outgoing> outgoing) {
    if (outgoing) outgoing->restore(std::exchange(cursors_, {}), last_message_, std::exchange(backlogs_, {}));
    writer_->attach(std::move(outgoing));
  }

 private:
  std::unique_ptr<Tables> open() {
    try {
      return load();
    } catch (const DatabaseError& error) {
      if (!error.is_damage()) throw CannotOpen(error.what());
      start_anew(error.what());
    } catch (const ForeignDatabase& error) {
      throw CannotOpen(error.what());
    }
    try {
      return load();
    } catch (const DatabaseError& error) {
      throw CannotOpen(error.what());
    }
  }

  std::unique_ptr<Tables> load() {
    make_file(settings_.path);
    auto tables = std::make_unique<Tables>(settings_);
    last_run = tables->read_last_run();
    findings = tables->read_known_findings();
    unfinished = tables->read_unfinished_findings();
    held_back = tables->read_held_back();
    states = tables->read_sync_states();
    cursors_ = tables->outbox().read_cursors();
    backlogs_ = tables->outbox().read_backlogs();
    last_message_ = tables->outbox().read_last_number();
    tables->begin_run(last_run ? last_run->alive_at : util::WallTime{});
    return tables;
  }

  void start_anew(const std::string& why) {
    last_run.reset();
    findings.clear();
    unfinished.clear();
    held_back.clear();
    states.clear();
    cursors_.clear();
    backlogs_.clear();
    last_message_ = 0;
    try {
      const std::string aside = set_aside(settings_.path, now());
      on_report_(
          {.is_degraded = true,
           .text = fmt::format("the database is damaged ({}): it is now \"{}\", and a new one is begun; "
                               "findings told before may be told again",
                               why, aside)});
    } catch (const std::exception& error) {
      throw CannotOpen("it is damaged (" + why + ") and cannot be set aside: " + error.what());
    }
  }

  const Settings settings_;
  const OnReport on_report_;
  const sys::Fd lock_;
  Cursors cursors_;
  std::map<std::string, Outgoing::Backlog> backlogs_;
  std::uint64_t last_message_ = 0;
  std::optional<Writer> writer_;
};

Store::Store(Settings settings, OnReport on_report)
    : impl_(std::make_unique<Impl>(std::move(settings), std::move(on_report))) {}

Store::~Store() = default;

std::vector<KnownFinding> Store::take_known_findings() {
  return std::exchange(impl_->findings, {});
}

std::vector<UnfinishedFinding> Store::take_unfinished_findings() {
  return std::exchange(impl_->unfinished, {});
}

std::vector<HeldBack> Store::take_held_back() {
  return std::exchange(impl_->held_back, {});
}

void Store::know(const KnownFinding& finding) {
  impl_->findings.push_back(finding);
}

std::vector<SyncState> Store::load_sync_states() const {
  return impl_->states;
}

const std::optional<LastRun>& Store::last_run() const {
  return impl_->last_run;
}

void Store::save(StoredFinding finding) {
  impl_->writer().save([&](Batch& batch) { batch.save(std::move(finding)); });
}

void Store::count(const std::string& id, util::WallTime seen, std::string path) {
  impl_->writer().save(
      [&](Batch& batch) { batch.count(id, {.count = 1, .seen = seen, .path = std::move(path)}); });
}

void Store::set_told(const std::string& id, unsigned revision) {
  impl_->writer().save([&](Batch& batch) { batch.set_told(id, revision); });
}

void Store::save(SyncState state) {
  impl_->writer().save([&](Batch& batch) { batch.save(std::move(state)); });
}

void Store::remove_sync_states(const std::string& container) {
  impl_->writer().save([&](Batch& batch) { batch.remove_sync_states(container); });
}

void Store::keep_alive(util::WallTime now) {
  impl_->writer().save([&](Batch& batch) { batch.keep_alive(now); });
}

void Store::end_cleanly(util::WallTime now) {
  impl_->writer().save([&](Batch& batch) { batch.end_cleanly(now); });
}

void Store::attach(std::shared_ptr<Outgoing> outgoing) {
  impl_->attach(std::move(outgoing));
}

bool Store::save(model::SharedMessage message) {
  return impl_->writer().save_message(std::move(message));
}

void Store::save(const std::string& mailbox, const Cursor& cursor) {
  impl_->writer().save([&](Batch& batch) { batch.save(mailbox, cursor); });
}

void Store::remove_cursor(const std::string& mailbox) {
  impl_->writer().save([&](Batch& batch) { batch.remove_cursor(mailbox); });
}

void Store::refill() {
  impl_->writer().refill();
}

void Store::finish() {
  impl_->writer().finish();
}

}  // namespace dropwarden::store
