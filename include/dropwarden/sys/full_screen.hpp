// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"

namespace dropwarden::sys {

// A terminal that is taken over whole (termios(3), console_codes(4)): the alternate screen, no echo, each key
// at once, no line that wraps. It is given back as it was when this object goes, when a signal ends the
// process or stops it, and when the process crashes; not by SIGKILL. One at a time, in a program that handles
// no signals itself and has one thread.
class FullScreen {
 public:
  // Throws SystemError where either descriptor is no terminal (ENOTTY).
  FullScreen(int in, int out);
  ~FullScreen();
  FullScreen(const FullScreen&) = delete;
  FullScreen& operator=(const FullScreen&) = delete;

  struct Size {
    std::size_t rows = 24;
    std::size_t columns = 80;
  };
  Size size() const;

  // Writes all of it, however long the terminal takes; throws SystemError when that is gone.
  void draw(std::string_view bytes);

  struct Wake {
    std::string keys;     // as the terminal sends them
    bool is_end = false;  // SIGINT, SIGTERM, SIGQUIT, SIGHUP, or nobody at the terminal any more
  };
  // Until a key is pressed, a signal comes (the size has changed; it was stopped and goes on), `other` is
  // readable, or the time is up. `other` may be -1.
  Wake wait(int other, std::chrono::milliseconds time);

 private:
  void enter();
  void leave();
  bool take_signal();

  const int in_;
  const int out_;
  Fd signals_;
};

}  // namespace dropwarden::sys
