// SPDX-License-Identifier: Apache-2.0
#include "mark_bench.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <sys/fanotify.h>
#include <sys/resource.h>
#include <unistd.h>

namespace dropwarden::test {
namespace {

double microseconds(const struct timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
}

void write_files(const std::string& directory, unsigned files) {
  constexpr unsigned names = 1000;
  const std::string content(100, 'x');
  for (unsigned i = 0; i < files; ++i) {
    const std::string path = directory + "/f" + std::to_string(i % names);
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    require(file >= 0 && ::write(file, content.data(), content.size()) > 0, "write");
    ::close(file);
  }
}

}  // namespace

double cpu_of_thread() {
  struct timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

double cpu_of_process() {
  double sum = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    struct rusage usage{};
    ::getrusage(who, &usage);
    sum += microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
  }
  return sum;
}

MarkedGroup::MarkedGroup()
    : group_(::fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_QUEUE,
                             O_RDONLY | O_LARGEFILE | O_CLOEXEC | O_NONBLOCK | O_NOATIME)) {
  require(group_.number() >= 0, "fanotify_init");
  reader_ = std::thread([this] { read_on(); });
}

MarkedGroup::~MarkedGroup() {
  stop();
}

void MarkedGroup::mark(unsigned flags, const std::string& path) const {
  require(
      ::fanotify_mark(group_.number(), FAN_MARK_ADD | flags, FAN_CLOSE_WRITE, AT_FDCWD, path.c_str()) == 0,
      "fanotify_mark");
}

void MarkedGroup::stop() {
  is_stopping_ = true;
  if (reader_.joinable()) reader_.join();
}

void MarkedGroup::read_on() {
  const double before = cpu_of_thread();
  std::array<char, 8192> buffer;
  struct pollfd entry{.fd = group_.number(), .events = POLLIN, .revents = 0};
  while (true) {
    const bool is_last = is_stopping_;
    ::poll(&entry, 1, 10);
    ssize_t got = ::read(group_.number(), buffer.data(), buffer.size());
    if (got <= 0 && is_last) break;
    for (char* at = buffer.data(); got >= static_cast<ssize_t>(FAN_EVENT_METADATA_LEN);) {
      struct fanotify_event_metadata event{};
      std::memcpy(&event, at, sizeof event);
      std::array<char, 64> head;
      [[maybe_unused]] const ssize_t ignored = ::pread(event.fd, head.data(), head.size(), 0);
      ::close(event.fd);
      ++events_;
      at += event.event_len;
      got -= event.event_len;
    }
  }
  cpu_microseconds_ = cpu_of_thread() - before;
}

Writer::Writer(const std::function<void()>& enter, const std::string& directory)
    : child_([enter, directory](Line& line) {
        enter();
        write_files(directory, 1000);  // the names are there
        line.tell("entered");
        while (true) {
          const auto files = static_cast<unsigned>(std::stoul(line.hear()));
          if (files == 0) return;
          const double before = cpu_of_process();
          write_files(directory, files);
          line.tell(std::to_string((cpu_of_process() - before) / files));
        }
      }) {
  child_.line().hear();
}

Writer::~Writer() {
  child_.line().tell("0");
  child_.wait();
}

double Writer::write(unsigned files) {
  child_.line().tell(std::to_string(files));
  return std::stod(child_.line().hear());
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return values[values.size() / 2];
}

}  // namespace dropwarden::test
