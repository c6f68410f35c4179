// SPDX-License-Identifier: Apache-2.0
#include "fake_docker.hpp"

#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

namespace dropwarden::container {
namespace {

void send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// `/events` of `GET /events?since=1 HTTP/1.1 …`, without what differs from run to run.
std::string receive_target(int socket) {
  std::string request;
  char bytes[512];
  while (!request.ends_with("\r\n\r\n")) {
    const ssize_t got = ::recv(socket, bytes, sizeof bytes, 0);
    if (got <= 0) return {};
    request.append(bytes, static_cast<std::size_t>(got));
  }
  const std::string target = request.substr(4, request.find(' ', 4) - 4);
  return target.substr(0, target.find('?'));
}

}  // namespace

FakeDocker::~FakeDocker() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

sys::Result<sys::Fd> FakeDocker::connect() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return sys::unexpected_errno("socketpair");
  const std::lock_guard lock(mutex_);
  threads_.emplace_back([this, server = sys::Fd{ends[1]}] { serve(server.number()); });
  return sys::Fd{ends[0]};
}

void FakeDocker::answer(const std::string& target, Answer answer) {
  const std::lock_guard lock(mutex_);
  answers_[target] = std::move(answer);
}

void FakeDocker::hold(const std::string& target) {
  const std::lock_guard lock(mutex_);
  held_[target] = true;
}

void FakeDocker::release(const std::string& target) {
  {
    const std::lock_guard lock(mutex_);
    held_[target] = false;
  }
  changed_.notify_all();
}

void FakeDocker::set_server(const std::string& fields) {
  const std::lock_guard lock(mutex_);
  fields_ = fields;
}

void FakeDocker::emit(const std::string& line) {
  {
    const std::lock_guard lock(mutex_);
    lines_.push_back(line);
  }
  changed_.notify_all();
}

void FakeDocker::end_streams() {
  {
    const std::lock_guard lock(mutex_);
    ++streams_ended_;
  }
  changed_.notify_all();
}

std::vector<std::string> FakeDocker::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void FakeDocker::serve(int socket) {
  const std::string target = receive_target(socket);
  if (target.empty()) return;
  std::unique_lock lock(mutex_);
  requests_.push_back(target);
  // The answer is made when the request comes, like a daemon's: what changes while it is held is not in it.
  const auto found = answers_.find(target);
  const Answer answer = found == answers_.end() ? Answer{.status = 404, .body = "{}"} : found->second;
  const std::string fields = fields_;
  changed_.wait(lock, [&] { return is_over_ || !held_[target]; });
  lock.unlock();
  if (target == "/events" && answer.status == 200) return stream(socket);
  send_all(socket, "HTTP/1.1 " + std::to_string(answer.status) + " X\r\n" + fields +
                       "Content-Length: " + std::to_string(answer.body.size()) + "\r\n\r\n" + answer.body);
}

void FakeDocker::stream(int socket) {
  std::unique_lock lock(mutex_);
  std::size_t next = lines_.size();
  const int ended = streams_ended_;
  // Without the lock: the socket may be full, and the test, which is to empty it, be about to emit more.
  const auto send = [&](const std::string& bytes) {
    lock.unlock();
    send_all(socket, bytes);
    lock.lock();
  };
  send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  while (true) {
    changed_.wait(lock, [&] { return is_over_ || streams_ended_ != ended || next < lines_.size(); });
    if (is_over_ || streams_ended_ != ended) return;
    const std::string line = lines_[next++] + "\n";
    char size[32];
    std::snprintf(size, sizeof size, "%zx\r\n", line.size());
    send(size + line + "\r\n");
  }
}

}  // namespace dropwarden::container
