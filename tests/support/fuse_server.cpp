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

constexpr std::uint64_t tool_node = 2;

fuse_attr attributes_of(std::uint64_t node, std::size_t size) {
  fuse_attr attributes{};
  attributes.ino = node;
  attributes.mode = node == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0755;
  attributes.nlink = 1;
  attributes.size = node == FUSE_ROOT_ID ? 0 : size;
  attributes.blksize = 4096;
  return attributes;
}

template <class T>
std::string bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

}  // namespace

std::string FuseServer::missing() {
  return ::access("/dev/fuse", R_OK | W_OK) == 0 ? std::string() : "SKIP kernel: no /dev/fuse";
}

FuseServer::FuseServer(std::string program)
    : program_(std::move(program)), device_(sys::value_or_throw(sys::open_path("/dev/fuse", O_RDWR))) {
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

bool FuseServer::answer(const char* request, std::size_t size) const {
  fuse_in_header in{};
  std::memcpy(&in, request, sizeof in);
  if (in.opcode == FUSE_FORGET || in.opcode == FUSE_BATCH_FORGET) return true;
  if (hangs_) return false;
  std::string body;
  int error = 0;
  switch (in.opcode) {
    case FUSE_INIT: {
      fuse_init_out out{};
      out.major = FUSE_KERNEL_VERSION;
      out.minor = FUSE_KERNEL_MINOR_VERSION;
      out.max_write = 4096;
      body = bytes_of(out);
      break;
    }
    case FUSE_GETATTR: {
      fuse_attr_out out{};
      out.attr = attributes_of(in.nodeid, program_.size());
      body = bytes_of(out);
      break;
    }
    case FUSE_LOOKUP: {
      const std::string name(request + sizeof in, ::strnlen(request + sizeof in, size - sizeof in));
      fuse_entry_out out{};
      out.nodeid = tool_node;
      out.attr = attributes_of(tool_node, program_.size());
      body = bytes_of(out);
      if (in.nodeid != FUSE_ROOT_ID || name != "tool") error = ENOENT;
      break;
    }
    case FUSE_OPEN:
    case FUSE_OPENDIR:
      body = bytes_of(fuse_open_out{});
      break;
    case FUSE_READ: {
      fuse_read_in read{};
      std::memcpy(&read, request + sizeof in, sizeof read);
      if (read.offset < program_.size()) body = program_.substr(read.offset, read.size);
      break;
    }
    case FUSE_STATFS: {
      fuse_statfs_out out{};
      out.st.namelen = 255;
      out.st.bsize = 4096;
      body = bytes_of(out);
      break;
    }
    case FUSE_READDIR:
    case FUSE_RELEASE:
    case FUSE_RELEASEDIR:
    case FUSE_FLUSH:
    case FUSE_ACCESS:
      break;
    case FUSE_GETXATTR:
      error = ENODATA;
      break;
    default:
      error = ENOSYS;
  }
  if (error != 0) body.clear();
  const fuse_out_header header{.len = static_cast<std::uint32_t>(sizeof(fuse_out_header) + body.size()),
                               .error = -error,
                               .unique = in.unique};
  const std::string reply = bytes_of(header) + body;
  return ::write(device_.number(), reply.data(), reply.size()) == static_cast<ssize_t>(reply.size());
}

}  // namespace dropwarden::test
