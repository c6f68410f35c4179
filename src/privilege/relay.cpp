// SPDX-License-Identifier: Apache-2.0
#include "relay.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <thread>

#include "dropwarden/sys/output.hpp"

// Owns both sockets of each conversation, in a thread that nobody waits for: it ends with its sockets, or
// with the process.
namespace dropwarden::privilege {
namespace {

constexpr std::size_t chunk = std::size_t{64} << 10U;
constexpr int most_relays = 64;

std::atomic<int> relays = 0;

// One direction. `filter` is null for answers.
class Way {
 public:
  Way(int from, int to, RequestFilter* filter) : from_(from), to_(to), filter_(filter) {}

  bool wants_to_read() const { return !is_ended_ && held_.empty(); }
  bool wants_to_write() const { return !held_.empty(); }

  // Each false when the conversation is over.
  bool read() {
    std::array<char, chunk> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): written by recv
    const auto got = ::recv(from_, buffer.data(), buffer.size(), 0);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) return end();
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
    if (filter_ == nullptr) {
      held_ = bytes;
    } else {
      auto passed = filter_->pass(bytes);
      if (!passed) return false;
      held_ = std::move(*passed);
    }
    return held_.empty() || write();
  }

  bool write() {
    const auto put = ::send(to_, held_.data(), held_.size(), MSG_NOSIGNAL);
    if (put < 0) return errno == EAGAIN || errno == EINTR;
    held_.erase(0, static_cast<std::size_t>(put));
    return true;
  }

 private:
  // A client that has said all still waits for the answer; a runtime that has said all is done.
  bool end() {
    is_ended_ = true;
    ::shutdown(to_, SHUT_WR);
    return filter_ != nullptr;
  }

  int from_;
  int to_;
  RequestFilter* filter_;
  std::string held_;
  bool is_ended_ = false;
};

void pass_on(const sys::Fd& client, const sys::Fd& runtime, RequestFilter& filter) {
  Way there(client.number(), runtime.number(), &filter);
  Way back(runtime.number(), client.number(), nullptr);
  const auto events_of = [](const Way& in, const Way& out) {
    return static_cast<short>((in.wants_to_read() ? POLLIN : 0) | (out.wants_to_write() ? POLLOUT : 0));
  };
  while (true) {
    std::array<struct pollfd, 2> polled{
        {{client.number(), events_of(there, back), 0}, {runtime.number(), events_of(back, there), 0}}};
    // One that has closed is always ready: not to be asked about until its last words are passed on.
    if (polled[1].events == 0) polled[1].fd = -1;
    if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) return;
    const auto [at_client, at_runtime] = std::array{polled[0].revents, polled[1].revents};
    // Nobody would read an answer. (A runtime that has closed may have said something before.)
    if ((at_client & (POLLHUP | POLLERR | POLLNVAL)) != 0) return;
    if ((at_client & POLLIN) != 0 && there.wants_to_read() && !there.read()) return;
    if ((at_runtime & (POLLIN | POLLHUP | POLLERR)) != 0 && back.wants_to_read() && !back.read()) return;
    if ((at_runtime & POLLOUT) != 0 && there.wants_to_write() && !there.write()) return;
    if ((at_client & POLLOUT) != 0 && back.wants_to_write() && !back.write()) return;
  }
}

}  // namespace

sys::Result<sys::Fd> relay(sys::Fd runtime, std::unique_ptr<RequestFilter> filter) {
  if (relays.fetch_add(1) >= most_relays) {
    --relays;
    return std::unexpected(sys::Error{"connect", "too many conversations with runtimes", EAGAIN});
  }
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) {
    --relays;
    return sys::unexpected_errno("socketpair");
  }
  sys::Fd theirs{ends[0]};
  std::thread([runtime = std::move(runtime), client = sys::Fd{ends[1]}, filter = std::move(filter)] {
    sys::block_signals();
    pass_on(client, runtime, *filter);
    --relays;
  }).detach();
  return theirs;
}

}  // namespace dropwarden::privilege
