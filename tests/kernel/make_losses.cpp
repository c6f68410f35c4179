// SPDX-License-Identifier: Apache-2.0
#include "make_losses.hpp"

#include <array>
#include <fcntl.h>
#include <signal.h>
#include <span>
#include <sys/fanotify.h>
#include <unistd.h>

#include "dropwarden/sys/descriptor.hpp"
#include "dropwarden/sys/file.hpp"

#include "kernel_test.hpp"

namespace dropwarden::test {

void write_files(const std::string& directory, std::size_t count) {
  static std::size_t number = 0;
  for (std::size_t i = 0; i < count; ++i) write_file(directory + "/file" + std::to_string(++number), "");
}

std::vector<watch::RawEvent::Type> read_and_close_all(int group) {
  std::vector<watch::RawEvent::Type> types;
  alignas(struct fanotify_event_metadata) std::array<std::byte, FAN_EVENT_METADATA_LEN> buffer;
  while (const auto got = sys::read_some(group, buffer)) {
    watch::Decoder decoder{std::span(buffer).first(*got)};
    while (const auto record = decoder.next()) {
      const sys::Fd file(record->descriptor);
      types.push_back(record->type);
    }
  }
  return types;
}

LeaseHolder::LeaseHolder(const std::string& path)
    : child_([path](Line& line) {
        // What the kernel sends to ask for the lease back; its default would end us.
        require(::signal(SIGIO, SIG_IGN) != SIG_ERR, "signal");
        write_file(path, make_elf());
        const auto file = sys::value_or_throw(sys::open_path(path, O_RDONLY));
        require(::fcntl(file.number(), F_SETLEASE, F_WRLCK) == 0, "fcntl");
        line.tell("leased");
        line.hear();
      }) {
  child_.line().hear();
}

DescriptorLimit::DescriptorLimit(int free) {
  // The next numbers that are free, in rising order: what is open may leave gaps. The last is the first too
  // many.
  std::vector<sys::Fd> next;
  for (int i = 0; i <= free; ++i) {
    next.emplace_back(::dup(STDERR_FILENO));
    require(static_cast<bool>(next.back()), "dup");
  }
  require(::getrlimit(RLIMIT_NOFILE, &before_) == 0, "getrlimit");
  struct rlimit lowered = before_;
  lowered.rlim_cur = static_cast<rlim_t>(next.back().number());
  require(::setrlimit(RLIMIT_NOFILE, &lowered) == 0, "setrlimit");
}

DescriptorLimit::~DescriptorLimit() {
  ::setrlimit(RLIMIT_NOFILE, &before_);
}

}  // namespace dropwarden::test
