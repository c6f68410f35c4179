// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sink/stream.hpp"

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <utility>

#include "dropwarden/sys/output.hpp"
#include "dropwarden/util/bounded_queue.hpp"

#include "line_writer.hpp"

namespace dropwarden::sink {

namespace {

struct Line {
  std::string text;
  Stream::OnEnd on_end;
};

}  // namespace

// Owns the queue and the thread that empties it. The writer belongs to who holds the lock, save for its
// deadline.
struct Stream::State {
  State(int descriptor, std::size_t lines, std::function<void(const std::string&)> report)
      : writer(descriptor), capacity(lines), queue(lines), on_error(std::move(report)), thread([this] {
          run();
        }) {}

  void run() {
    // The thread that causes EPIPE is the one that SIGPIPE would be sent to, pipe(7).
    sys::block_signals();
    bool is_failing = false;
    while (auto line = queue.pop()) {
      queued_bytes -= line->text.size();
      const auto result = [&] {
        const std::lock_guard lock(writing);
        return writer.write(line->text);
      }();
      --unwritten;
      if (result) {
        ++written;
      } else {
        ++lost;
        if (!is_failing) on_error(result.error().text());
      }
      is_failing = !result;
      if (line->on_end) line->on_end(result.has_value());
    }
  }

  // To wake a thread takes longer than to write a line that nothing is before.
  bool write_at_once(const std::string& line) {
    const std::unique_lock lock(writing, std::try_to_lock);
    return lock && unwritten == 0 && !is_finished && writer.try_write(line);
  }

  std::mutex writing;
  LineWriter writer;
  const std::size_t capacity;
  util::BoundedQueue<Line> queue;
  std::function<void(const std::string&)> on_error;
  std::atomic<std::size_t> queued_bytes{0};
  std::atomic<std::size_t> unwritten{0};  // lines: in the queue, or with the thread
  std::atomic<bool> is_finished{false};
  std::atomic<std::uint64_t> written{0};
  std::atomic<std::uint64_t> lost{0};
  std::thread thread;
};

Stream::Stream(int descriptor, std::size_t capacity, std::function<void(const std::string&)> on_error)
    : state_(std::make_unique<State>(descriptor, capacity, std::move(on_error))) {}

Stream::~Stream() {
  finish();
}

void Stream::finish() {
  if (!state_->thread.joinable()) return;
  constexpr std::chrono::seconds limit{2};
  state_->is_finished = true;
  state_->queue.close();
  state_->writer.stop_at(LineWriter::Clock::now() + limit);
  state_->thread.join();
}

bool Stream::write(std::string line, Room room, OnEnd on_end) {
  line += '\n';
  const std::size_t size = line.size();
  if (state_->write_at_once(line)) {
    ++state_->written;
    if (on_end) on_end(true);
    return true;
  }
  const bool may_fill = room == Room::whole;
  if (!may_fill && state_->queue.size() >= state_->capacity - state_->capacity / 2) return false;
  const std::size_t max_bytes = may_fill ? max_queued_bytes : max_queued_bytes / 2;
  // Taken before the push, so that the thread cannot give back what was not taken yet.
  const bool fits = state_->queued_bytes.fetch_add(size) + size <= max_bytes;
  ++state_->unwritten;
  if (fits && state_->queue.try_push({std::move(line), std::move(on_end)})) return true;
  --state_->unwritten;
  state_->queued_bytes -= size;
  return false;
}

std::uint64_t Stream::lines_written() const {
  return state_->written;
}
std::uint64_t Stream::lines_lost() const {
  return state_->lost;
}

}  // namespace dropwarden::sink
