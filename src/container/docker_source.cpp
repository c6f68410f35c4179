// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "dropwarden/container/source.hpp"

#include "alarm.hpp"
#include "docker_api.hpp"
#include "docker_session.hpp"

namespace dropwarden::container {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// One session after the other.
class DockerSource final : public Source {
 public:
  DockerSource(boost::asio::io_context& loop, SourceOptions options, Connect connect, Observer& observer)
      : api_(loop, std::move(options), std::move(connect)),
        observer_(observer),
        next_attempt_(loop),
        pause_(api_.options().retry_first) {
    state_.name = "docker " + api_.options().socket;
  }

  void start() override {
    next_attempt_.set(0ms, [this] { attempt(); });
  }

  void stop() override {
    next_attempt_.cancel();
    if (session_) session_->stop();
  }

 private:
  void attempt() {
    begin_ = Clock::now();
    DockerSession::Handlers handlers;
    handlers.on_connected = [this](const std::string& version) {
      report({.name = state_.name, .is_connected = true, .version = version, .problem = {}});
    };
    handlers.on_problem = [this](const std::string& text) {
      report({.name = state_.name, .is_connected = true, .version = state_.version, .problem = text});
    };
    handlers.on_lost = [this](const std::string& text, bool is_absent) { on_lost(text, is_absent); };
    session_ = std::make_unique<DockerSession>(api_, state_.name, observer_, std::move(handlers));
    session_->start();
  }

  void on_lost(const std::string& text, bool is_absent) {
    const SourceOptions& options = api_.options();
    // Only a session that held forgives what was before: a daemon that is lost again and again is not
    // hammered.
    if (Clock::now() - begin_ >= options.retry_longest) pause_ = options.retry_first;
    next_attempt_.set(pause_, [this] { attempt(); });
    pause_ = std::min(pause_ * 2, options.retry_longest);
    report({.name = state_.name,
            .is_connected = false,
            .version = state_.version,
            .problem = text,
            .is_absent = is_absent});
  }

  // Tells what has changed, and nothing while a socket stays absent.
  void report(SourceState state) {
    if (std::exchange(is_reported_, true) && state == state_) return;
    state_ = std::move(state);
    observer_.on_state(state_);
  }

  DockerApi api_;
  Observer& observer_;
  Alarm next_attempt_;
  std::chrono::milliseconds pause_;
  Clock::time_point begin_;
  SourceState state_;
  bool is_reported_ = false;
  std::unique_ptr<DockerSession> session_;
};

}  // namespace

std::unique_ptr<Source> make_docker_source(boost::asio::io_context& loop, SourceOptions options,
                                           Connect connect, Observer& observer) {
  return std::make_unique<DockerSource>(loop, std::move(options), std::move(connect), observer);
}

}  // namespace dropwarden::container
