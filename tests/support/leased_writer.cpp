// SPDX-License-Identifier: Apache-2.0
#include "leased_writer.hpp"

#include <csignal>
#include <fcntl.h>
#include <unistd.h>

#include "dropwarden/sys/file.hpp"

#include "file.hpp"

namespace dropwarden::test {

LeasedWriter::LeasedWriter(const Daemon& daemon, const std::string& file,
                           const std::function<void()>& prepare)
    : child_([&](Line& line) {
        ::signal(SIGIO, SIG_IGN);
        if (prepare) prepare();
        const auto busybox = read_file("/bin/busybox");
        auto writing = sys::value_or_throw(sys::open_path(file, O_WRONLY | O_CREAT, 0755));
        require(::write(writing.number(), busybox.data(), busybox.size()) > 0, "write");
        line.tell();
        line.hear();
        writing.reset();
        // Not for writing: its end is no close that is told of.
        const auto leased = sys::value_or_throw(sys::open_path(file, O_RDONLY));
        require(::fcntl(leased.number(), F_SETLEASE, F_WRLCK) == 0, "F_SETLEASE");
        line.tell();
        line.hear();
      }) {
  child_.line().hear();
  daemon.send("monitor", SIGSTOP);
  child_.line().tell();
  child_.line().hear();
  daemon.send("monitor", SIGCONT);
}

bool LeasedWriter::end() {
  child_.line().tell();
  return child_.wait();
}

}  // namespace dropwarden::test
