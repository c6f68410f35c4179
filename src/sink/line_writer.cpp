// SPDX-License-Identifier: Apache-2.0
#include "line_writer.hpp"

#include <cerrno>
#include <utility>

#include <climits>

#include "dropwarden/sys/output.hpp"

namespace dropwarden::sink {

LineWriter::LineWriter(int descriptor)
    : target_(descriptor), stopping_(sys::value_or_throw(sys::open_event())) {
  auto twin = sys::reopen_nonblocking(descriptor);
  if (twin) {
    twin_ = std::move(*twin);
    target_ = twin_.number();
  }
  is_whole_or_nothing_ = sys::is_whole_or_nothing(target_);
}

bool LineWriter::try_write(std::string_view line) {
  if (!is_whole_or_nothing_ || is_within_line_ || line.size() > PIPE_BUF) return false;
  // Also because a pipe that nobody reads any more would end this thread (SIGPIPE).
  return sys::is_writable(target_) && sys::write_whole(target_, line).has_value();
}

sys::Result<void> LineWriter::write(std::string_view line) {
  if (is_within_line_) {
    if (auto ended = write_all("\n"); !ended) return ended;
    is_within_line_ = false;
  }
  return write_all(line);
}

void LineWriter::stop_at(Clock::time_point deadline) {
  deadline_ = deadline.time_since_epoch().count();
  sys::signal_event(stopping_.number());
}

sys::Result<void> LineWriter::write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    // Also before the first piece: a descriptor without a twin may block, and POLLOUT promises room for
    // PIPE_BUF bytes of a pipe, pipe(7).
    if (auto ready = wait(); !ready) return ready;
    const auto taken = sys::write_some(target_, bytes.substr(0, PIPE_BUF));
    if (!taken && (taken.error().number == EAGAIN || taken.error().number == EINTR)) continue;
    if (!taken) return std::unexpected(taken.error());
    bytes.remove_prefix(*taken);
    is_within_line_ = !bytes.empty();
  }
  return {};
}

sys::Result<void> LineWriter::wait() {
  constexpr Clock::time_point never = Clock::time_point::max();
  while (true) {
    const Clock::time_point deadline{Clock::duration{deadline_.load()}};
    // The event stays readable once there is a deadline: it is then no longer polled for, -1 is passed over
    // by poll(2).
    const bool is_stopping = deadline != never;
    std::optional<std::chrono::milliseconds> left;
    if (is_stopping) {
      left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
      if (left->count() <= 0) return std::unexpected(sys::Error{"write", "output", ETIME});
    }
    const auto ready = sys::wait_writable(target_, is_stopping ? -1 : stopping_.number(), left);
    if (!ready) return std::unexpected(ready.error());
    if (*ready) return {};
  }
}

}  // namespace dropwarden::sink
