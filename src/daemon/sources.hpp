// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "dropwarden/config/config.hpp"
#include "dropwarden/container/process_source.hpp"
#include "dropwarden/container/source.hpp"
#include "dropwarden/privilege/privilege.hpp"

#include "readiness.hpp"

namespace dropwarden::daemon {

// Whether containers are told of that had ended before anybody asked.
enum class Ended { left_out, told };

// Everyone who tells of containers: the configured runtimes, and /proc for what no runtime knows.
class Sources {
 public:
  Sources(boost::asio::io_context& loop, privilege::Privilege& privilege, const config::Runtimes& runtimes,
          container::Observer& observer, std::function<void()> on_ready, Ended ended = Ended::left_out);

  // `on_ready` is called once each source has told what it knows or that it cannot, or after twice the
  // timeout of a request.
  void start();
  void stop();
  // SourceState::name of each.
  const std::vector<std::string>& names() const { return names_; }
  // Looks through /proc for the owners of overlays that nobody has told of.
  void rescan_processes() { processes_->rescan(); }
  // Looks for the first process of a container that is being started: ProcessSource::hunt.
  void hunt_processes(std::function<bool()> is_wanted) { processes_->hunt(std::move(is_wanted)); }

 private:
  void expect(std::string name);

  Readiness readiness_;
  std::vector<std::string> names_;
  std::vector<std::unique_ptr<container::Source>> runtimes_;
  std::unique_ptr<container::ProcessSource> processes_;
  boost::asio::steady_timer patience_;
  const std::chrono::milliseconds timeout_;
};

}  // namespace dropwarden::daemon
