// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dropwarden/container/observer.hpp"

#include "alarm.hpp"
#include "cri_book.hpp"
#include "cri_client.hpp"
#include "cri_details.hpp"

namespace dropwarden::container {

// Follows a runtime over one connection, from the first call until something is wrong with it. Version says
// who it is; containerd's events are subscribed to before the lists are asked for. The lists are asked for
// again now and then.
class CriFollower {
 public:
  struct Callbacks {
    std::function<void(std::string version)> on_connected;
    std::function<void(std::string problem)> on_listed;  // after each round; what is missing, or empty
    std::function<void(std::string problem)> on_lost;    // the last: the connection is of no use any more
  };

  // `book` holds what was known before the connection, and outlives this.
  CriFollower(boost::asio::io_context& loop, sys::Fd socket, std::chrono::milliseconds timeout,
              std::string source, CriBook& book, Observer& observer, Callbacks callbacks);

  void start();

 private:
  template <class Value>
  using Answer = std::expected<Value, net::GrpcStatus>;

  void on_version(const Answer<proto::cri::VersionResponse>& version);
  void subscribe();
  void on_event(const TaskEvent& event);
  void on_events_end(const net::GrpcStatus& status);

  void list();
  void on_pods(const Answer<proto::cri::ListPodSandboxResponse>& pods);
  void on_containers(const Answer<proto::cri::ListContainersResponse>& containers);
  void list_tasks();
  void list_tasks_of(std::vector<std::string> name_spaces);
  void finish_lists(bool has_tasks);
  void publish();

  void ask(const model::ContainerId& id);
  void add_details(const CriContainer& details);
  void report(CriBook::Change change, const model::ContainerId& id);
  void lose(const std::string& what, const net::GrpcStatus& status);

  boost::asio::io_context& loop_;
  std::string source_;
  CriBook& book_;
  Observer& observer_;
  Callbacks callbacks_;
  bool has_cri_ = true;
  bool has_events_ = false;
  bool is_listing_ = false;  // from the first request of a round to its publication
  bool are_lists_in_ = false;
  bool is_first_round_ = true;
  std::string problem_;  // of this round
  model::Runtime runtime_ = model::Runtime::unknown;
  std::optional<CriClient> client_;  // nothing once the connection is lost
  std::optional<CriDetails> details_;
  Alarm again_;
};

}  // namespace dropwarden::container
