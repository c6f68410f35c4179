// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <iosfwd>
#include <optional>
#include <string_view>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"

namespace dropwarden::sys {

// What writing to a descriptor of someone else's choosing (standard output) needs so as never to wait.

// A second, non-blocking open file description of the pipe, FIFO or terminal behind `fd`. O_NONBLOCK on `fd`
// itself would change it for everybody who shares it (fcntl(2)), and POLLOUT promises only room for PIPE_BUF
// bytes, which another writer may take first. EINVAL for other files: a regular file's offset is part of the
// description.
Result<Fd> reopen_nonblocking(int fd);

// Writes at the descriptor's position, once: what was taken may be less, EAGAIN means wait. A socket never
// waits (MSG_DONTWAIT). Raises SIGPIPE on a pipe: see `block_signals`.
Result<std::size_t> write_some(int fd, std::string_view bytes);

// Whether at most PIPE_BUF bytes written to `fd` are taken whole or not at all, and without waiting: a pipe
// or FIFO that does not block (pipe(7)).
bool is_whole_or_nothing(int fd);
// To such a one, PIPE_BUF bytes at most: all, or an error where there is no room (EAGAIN).
Result<void> write_whole(int fd, std::string_view bytes);

// Whether `fd` takes bytes, now or within `time`, and has no error to tell: then no reader is missing,
// pipe(7). A signal ends the wait.
bool is_writable(int fd, std::chrono::milliseconds time = {});

// Waits until `fd` takes bytes or has an error to tell (true), or until `wake` is readable or the time is up
// (false). Without a time it waits for ever.
Result<bool> wait_writable(int fd, int wake, std::optional<std::chrono::milliseconds> time);

// Whether all that was printed to `out` has been written, as far as can be told; else `err` says so.
bool has_printed(std::ostream& out, std::ostream& err);

// How many columns the terminal behind `fd` has now, 80 where it does not say (TIOCGWINSZ, ioctl_tty(2)).
// Nothing when it is no terminal.
std::optional<std::size_t> terminal_columns(int fd);

// Whether whoever has started this program wants colours on a terminal: NO_COLOR is not set
// (https://no-color.org), and TERM is, but not to a dumb one, which prints the sequences (terminfo(5)).
bool is_color_wanted();

// Whether the terminal behind `fd` is gone (POLLHUP, poll(2)). SIGHUP that it sends comes after that: with a
// terminal that is still there, somebody else has sent the signal.
bool has_hung_up(int fd);

// eventfd(2): readable once `signal_event` was called.
Result<Fd> open_event();
void signal_event(int event);

// Blocks every signal in the calling thread save those that report its own faults. SIGPIPE then stays pending
// in the thread that caused it and write(2) fails with EPIPE.
void block_signals();

}  // namespace dropwarden::sys
