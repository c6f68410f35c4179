// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/control/client.hpp"

#include <array>
#include <cerrno>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "dropwarden/sys/unix_socket.hpp"

namespace dropwarden::control {
namespace {

constexpr std::size_t max_answer = std::size_t{64} << 20U;

bool is_hang_up(const sys::Error& error) {
  return error.number == EPIPE || error.number == ECONNRESET;
}

}  // namespace

sys::Result<std::string> request(const std::string& socket_path, std::string_view name,
                                 std::chrono::milliseconds timeout) {
  const sys::Deadline deadline = std::chrono::steady_clock::now() + timeout;
  const auto socket = sys::connect_unix(socket_path, deadline);
  if (!socket) return std::unexpected(socket.error());
  const boost::json::object line{{"request", boost::json::string_view{name.data(), name.size()}}};
  // A daemon that is full answers and closes without having read: what it said counts, not that we could not
  // send.
  const auto sent = sys::send_all(socket->number(), boost::json::serialize(line) + "\n", deadline);
  if (!sent && !is_hang_up(sent.error())) return std::unexpected(sent.error());
  std::string answer;
  std::array<char, 65536> piece{};
  while (true) {
    const auto got = sys::receive(socket->number(), piece, deadline);
    if (!got && !is_hang_up(got.error())) return std::unexpected(got.error());
    if (!got || *got == 0) break;
    if (answer.size() + *got > max_answer) return std::unexpected(sys::Error{"recv", socket_path, EMSGSIZE});
    answer.append(piece.data(), *got);
  }
  if (!answer.ends_with('\n')) return std::unexpected(sys::Error{"recv", socket_path, EPROTO});
  answer.pop_back();
  return answer;
}

bool is_no_daemon(const sys::Error& error) {
  return error.call == "connect" && (error.number == ENOENT || error.number == ECONNREFUSED);
}

}  // namespace dropwarden::control
