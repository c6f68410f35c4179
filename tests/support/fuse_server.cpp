// SPDX-License-Identifier: Apache-2.0
#include "support/fuse_server.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <linux/fuse.h>
#include <optional>
#include <poll.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/text.hpp"

#include "support/child.hpp"
#include "support/temporary_directory.hpp"

namespace dropwarden::test {
namespace {

template <class T>
std::string bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

}  // namespace

std::string FuseServer::missing() {
  return ::access("/dev/fuse", R_OK | W_OK) == 0 ? std::string() : "SKIP kernel: no /dev/fuse";
}

FuseServer::FuseServer(std::string program, const std::string& device)
    : tree_(std::move(program)), device_(sys::value_or_throw(sys::open_path(device, O_RDWR))) {
  void* memory =
      ::mmap(nullptr, sizeof *connection_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  require(memory != MAP_FAILED, "mmap");
  connection_ = new (memory) std::atomic<unsigned>(0);
  thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
}

FuseServer::~FuseServer() {
  thread_.request_stop();
  thread_.join();
  device_.reset();
  abort();
  ::munmap(connection_, sizeof *connection_);
}

// Children may have the device open, too: closing it here is not enough.
void FuseServer::abort() const {
  if (*connection_ == 0) return;
  const TemporaryDirectory directory;
  const std::string control = directory.path();
  if (::mount("control", control.c_str(), "fusectl", 0, nullptr) != 0) return;
  std::ofstream(control + "/" + std::to_string(*connection_) + "/abort") << "1" << std::flush;
  ::umount2(control.c_str(), MNT_DETACH);
}

void FuseServer::mount(const std::string& mount_point) const {
  const std::string options =
      "fd=" + std::to_string(device_.number()) + ",rootmode=40000,user_id=0,group_id=0,allow_other";
  require(::mount("hostile", mount_point.c_str(), "fuse", 0, options.c_str()) == 0, "mount");
  // The number of its superblock's device. It is asked of the table: the file system may not answer.
  std::ifstream table("/proc/self/mountinfo");
  for (std::string line; std::getline(table, line);) {
    auto rest = std::string_view(line);
    util::take_until(rest, ' ');
    util::take_until(rest, ' ');
    const auto device = util::take_until(rest, ' ');
    util::take_until(rest, ' ');
    if (util::take_until(rest, ' ') == mount_point)
      *connection_ = util::parse_number<unsigned>(device.substr(device.find(':') + 1)).value_or(0);
  }
}

void FuseServer::serve(const std::stop_token& stop) {
  std::vector<char> request(FUSE_MIN_READ_BUFFER + (1U << 17U));
  using Clock = std::chrono::steady_clock;
  std::optional<Clock::time_point> end;
  while (!stop.stop_requested()) {
    if (hangs_ && !end) end = Clock::now() + std::chrono::seconds{60};
    if (end && Clock::now() > *end) return abort();
    struct pollfd readable{.fd = device_.number(), .events = POLLIN, .revents = 0};
    // Before it is mounted it says POLLERR.
    if (::poll(&readable, 1, 20) <= 0 || (readable.revents & POLLIN) == 0) {
      if ((readable.revents & POLLERR) != 0) ::usleep(5000);
      continue;
    }
    const ssize_t got = ::read(device_.number(), request.data(), request.size());
    if (got < static_cast<ssize_t>(sizeof(fuse_in_header))) continue;
    if (!answer(request.data(), static_cast<std::size_t>(got))) ++held_;
  }
}

bool FuseServer::answer(const char* request, std::size_t size) {
  fuse_in_header in{};
  std::memcpy(&in, request, sizeof in);
  if (in.opcode == FUSE_FORGET || in.opcode == FUSE_BATCH_FORGET) return true;
  // Nobody waits for the answer to what the kernel does when the last descriptor is closed.
  if (hangs_) return in.opcode == FUSE_RELEASE || in.opcode == FUSE_RELEASEDIR;
  FuseTree::Reply reply = tree_.answer(in, std::string_view(request, size).substr(sizeof in));
  if (reply.error != 0) reply.body.clear();
  const fuse_out_header header{.len = static_cast<std::uint32_t>(sizeof(fuse_out_header) + reply.body.size()),
                               .error = -reply.error,
                               .unique = in.unique};
  const std::string all = bytes_of(header) + reply.body;
  return ::write(device_.number(), all.data(), all.size()) == static_cast<ssize_t>(all.size());
}

}  // namespace dropwarden::test
