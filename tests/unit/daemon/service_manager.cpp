// SPDX-License-Identifier: Apache-2.0
#include "daemon/service_manager.hpp"

#include <array>
#include <atomic>
#include <cstdlib>
#include <future>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include "dropwarden/sys/fd.hpp"

#include "support/temporary_directory.hpp"
#include "support/wait.hpp"

namespace dropwarden::daemon {
namespace {

using namespace std::chrono_literals;

constexpr auto pause = 5ms;

// What is there in the place of systemd, and a loop on a thread of its own.
class HeartbeatTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string path = directory_.path() / "notify";
    struct sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(socket_.number(), reinterpret_cast<const struct sockaddr*>(&address), sizeof address),
              0);
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
    ServiceManager{}.alive();
    if (count() == 0) GTEST_SKIP() << "it was built without libsystemd";
    thread_ = std::thread([this] { loop_.run(); });
  }
  void TearDown() override {
    loop_.stop();
    if (thread_.joinable()) thread_.join();
    ::unsetenv("NOTIFY_SOCKET");
  }

  // How often life has been told since the last call.
  std::size_t count() const {
    std::size_t times = 0;
    std::array<char, 256> buffer{};
    for (ssize_t got = 0; (got = ::recv(socket_.number(), buffer.data(), buffer.size(), MSG_DONTWAIT)) >= 0;)
      times += std::string_view(buffer.data(), static_cast<std::size_t>(got)) == "WATCHDOG=1";
    return times;
  }
  bool is_told() const {
    return test::wait_for([this] { return count() > 0; }, 20s);
  }
  // In forty times the pause.
  bool is_not_told() const {
    return !test::wait_for([this] { return count() > 0; }, 40 * pause);
  }
  // On the loop, and done once this has returned.
  void call(std::function<void()> work) {
    std::promise<void> done;
    boost::asio::post(loop_, [&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

  test::TemporaryDirectory directory_;
  sys::Fd socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{loop_.get_executor()};
  std::atomic<bool> is_well_ = true;
  Heartbeat heartbeat_{loop_, [this] { return is_well_.load(); }};
  std::thread thread_;
};

TEST_F(HeartbeatTest, IsNotToldOfALoopThatIsStuck) {
  call([this] { heartbeat_.start(pause); });
  ASSERT_TRUE(is_told() && is_told());
  std::promise<void> stuck;
  std::promise<void> end;
  boost::asio::post(loop_, [&] {
    stuck.set_value();
    end.get_future().wait();
  });
  stuck.get_future().wait();
  count();
  EXPECT_TRUE(is_not_told());
  end.set_value();
  EXPECT_TRUE(is_told());
}

TEST_F(HeartbeatTest, IsNotToldWhileTheDaemonMayBeBlind) {
  call([this] { heartbeat_.start(pause); });
  ASSERT_TRUE(is_told());
  call([this] { is_well_ = false; });
  count();
  EXPECT_TRUE(is_not_told());
  is_well_ = true;
  EXPECT_TRUE(is_told());
}

}  // namespace
}  // namespace dropwarden::daemon
