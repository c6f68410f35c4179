// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <utility>

#include "dropwarden/container/source.hpp"

#include "alarm.hpp"
#include "connect_problem.hpp"
#include "cri_book.hpp"
#include "cri_follower.hpp"

namespace dropwarden::container {
namespace {

// Keeps one connection to a runtime: makes it, and makes it again when it is lost.
class CriSource final : public Source {
 public:
  CriSource(boost::asio::io_context& loop, SourceOptions options, Connect connect, Observer& observer)
      : loop_(loop),
        options_(std::move(options)),
        connect_(std::move(connect)),
        observer_(observer),
        retry_(loop),
        pause_(options_.retry_first) {
    state_.name = "cri " + options_.socket;
  }

  void start() override {
    retry_.set(std::chrono::milliseconds(0), [this] { connect(); });
  }

  void stop() override {
    retry_.cancel();
    follower_.reset();
  }

 private:
  void connect() {
    follower_.reset();
    auto socket = connect_(options_.socket);
    if (!socket) return try_later(connect_problem(socket.error()), is_absent(socket.error()));
    CriFollower::Callbacks callbacks{
        .on_connected =
            [this](std::string version) {
              state_.version = std::move(version);
              report({.is_connected = true});
            },
        .on_listed =
            [this](std::string problem) {
              pause_ = options_.retry_first;
              report({.is_connected = true, .problem = std::move(problem)});
            },
        .on_lost = [this](std::string problem) { try_later(std::move(problem), false); }};
    follower_.emplace(loop_, std::move(*socket), options_.timeout, state_.name, book_, observer_,
                      std::move(callbacks));
    follower_->start();
  }

  // A follower that is lost is still on the stack: it goes when the next attempt begins.
  void try_later(std::string problem, bool is_absent) {
    report({.problem = std::move(problem), .is_absent = is_absent});
    retry_.set(pause_, [this] { connect(); });
    pause_ = std::min(pause_ * 2, options_.retry_longest);
  }

  void report(SourceState state) {
    state.name = state_.name;
    state.version = state_.version;
    if (std::exchange(is_reported_, true) && state == state_) return;
    state_ = std::move(state);
    observer_.on_state(state_);
  }

  boost::asio::io_context& loop_;
  SourceOptions options_;
  Connect connect_;
  Observer& observer_;
  SourceState state_;
  bool is_reported_ = false;
  CriBook book_;
  Alarm retry_;
  std::chrono::milliseconds pause_;
  std::optional<CriFollower> follower_;
};

}  // namespace

std::unique_ptr<Source> make_cri_source(boost::asio::io_context& loop, SourceOptions options, Connect connect,
                                        Observer& observer) {
  return std::make_unique<CriSource>(loop, std::move(options), std::move(connect), observer);
}

}  // namespace dropwarden::container
