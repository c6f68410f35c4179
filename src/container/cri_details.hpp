// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "alarm.hpp"
#include "cri_client.hpp"
#include "cri_translate.hpp"

namespace dropwarden::container {

// Asks CRI for the details of containers, a few at a time, so that a node with many of them does not find its
// runtime busy with us. containerd's events do not tell a container from a pod sandbox, so an id is tried as
// both; and CRI does not know a sandbox before it is ready, so it is tried again, with growing pauses.
class CriDetails {
 public:
  struct Callbacks {
    std::function<void(const CriContainer&)> on_details;
    std::function<void(const model::ContainerId&)> on_unknown;  // tried often enough
    std::function<void()> on_settled;                           // is_settled has become true
  };

  CriDetails(boost::asio::io_context& loop, CriClient& client, model::Runtime runtime, Callbacks callbacks);

  // Nothing new for an id that is being asked for. `is_sandbox`: what to try first.
  void ask(const model::ContainerId& id, bool is_sandbox);
  void forget(const model::ContainerId& id);
  // Every id has been tried once; those that failed wait for another try.
  bool is_settled() const { return untried_ == 0; }

 private:
  struct Item {
    explicit Item(boost::asio::io_context& loop) : retry(loop) {}

    bool is_sandbox = false;
    unsigned attempts = 0;
    bool is_tried = false;  // as both
    Alarm retry;
  };

  void pump();
  void send(const std::string& id, bool is_sandbox);
  void on_answer(const std::string& id, const std::optional<CriContainer>& details);
  void on_failure(const std::string& id, Item& item);
  void mark_tried(Item& item);

  boost::asio::io_context& loop_;
  CriClient& client_;
  model::Runtime runtime_;
  Callbacks callbacks_;
  std::map<std::string, Item> items_;
  std::deque<std::string> queue_;
  std::size_t asking_ = 0;
  std::size_t untried_ = 0;
};

}  // namespace dropwarden::container
