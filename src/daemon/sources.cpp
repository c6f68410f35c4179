// SPDX-License-Identifier: Apache-2.0
#include "sources.hpp"

#include <string>
#include <utility>

#include "dropwarden/container/cgroup_directory.hpp"
#include "dropwarden/container/hierarchy.hpp"

namespace dropwarden::daemon {
namespace {

container::ProcessReader reader_of(privilege::Privilege& privilege) {
  return {
      .list = [&privilege] { return container::list_processes(privilege); },
      .read = [&privilege](
                  model::Pid pid,
                  privilege::ProcessFile file) { return privilege.read_process_file(pid.value, file); },
      .cgroup_id = [hierarchies = container::hierarchies_here()](
                       const std::string& path) { return container::read_unified_id(path, hierarchies); }};
}

}  // namespace

Sources::Sources(boost::asio::io_context& loop, privilege::Privilege& privilege,
                 const config::Runtimes& runtimes, container::Observer& observer,
                 std::function<void()> on_ready, Ended ended)
    : readiness_(observer, std::move(on_ready)), patience_(loop), timeout_(runtimes.timeout) {
  const auto connect = [&privilege](const std::string& path) { return privilege.connect_unix(path); };
  for (const config::RuntimeSocket& runtime : runtimes.sockets) {
    const container::SourceOptions options{
        .socket = runtime.socket, .timeout = runtimes.timeout, .wants_ended = ended == Ended::told};
    const bool is_cri = runtime.type == config::RuntimeType::cri;
    expect((is_cri ? "cri " : "docker ") + runtime.socket);
    runtimes_.push_back(is_cri ? container::make_cri_source(loop, options, connect, readiness_)
                               : container::make_docker_source(loop, options, connect, readiness_));
  }
  processes_ = std::make_unique<container::ProcessSource>(loop, reader_of(privilege), readiness_);
  expect(container::ProcessSource::name);
}

void Sources::expect(std::string name) {
  readiness_.expect(name);
  names_.push_back(std::move(name));
}

void Sources::start() {
  patience_.expires_after(2 * timeout_);
  patience_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) readiness_.give_up();
  });
  for (const auto& runtime : runtimes_) runtime->start();
  processes_->start();
}

void Sources::stop() {
  patience_.cancel();
  for (const auto& runtime : runtimes_) runtime->stop();
  processes_->stop();
}

}  // namespace dropwarden::daemon
