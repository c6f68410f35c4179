// SPDX-License-Identifier: Apache-2.0
#include "cri_details.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace dropwarden::container {
namespace {

constexpr std::size_t max_asking = 8;
// As a container and as a sandbox, nine times: 20 ms, 40 ms, … between, 5 s in all.
constexpr unsigned max_attempts = 18;
constexpr std::chrono::milliseconds first_pause{20};

}  // namespace

CriDetails::CriDetails(boost::asio::io_context& loop, CriClient& client, model::Runtime runtime,
                       Callbacks callbacks)
    : loop_(loop), client_(client), runtime_(runtime), callbacks_(std::move(callbacks)) {}

void CriDetails::ask(const model::ContainerId& id, bool is_sandbox) {
  const auto [item, is_new] = items_.try_emplace(id.value, loop_);
  if (!is_new) return;
  item->second.is_sandbox = is_sandbox;
  ++untried_;
  queue_.push_back(id.value);
  pump();
}

void CriDetails::forget(const model::ContainerId& id) {
  const auto found = items_.find(id.value);
  if (found == items_.end()) return;
  mark_tried(found->second);
  items_.erase(found);
}

void CriDetails::pump() {
  while (asking_ < max_asking && !queue_.empty()) {
    const std::string id = std::exchange(queue_.front(), {});
    queue_.pop_front();
    const auto found = items_.find(id);
    if (found == items_.end()) continue;
    ++asking_;
    ++found->second.attempts;
    send(id, found->second.is_sandbox);
  }
}

void CriDetails::send(const std::string& id, bool is_sandbox) {
  const auto on_reply = [this, id](const auto& response) {
    --asking_;
    auto details = response ? from_status(*response, runtime_) : std::nullopt;
    // containerd takes the beginning of an id for the whole: the answer may be about another container.
    if (details && details->container.id.value != id) details.reset();
    on_answer(id, details);
  };
  if (is_sandbox) return client_.pod_status(id, on_reply);
  client_.container_status(id, on_reply);
}

void CriDetails::on_answer(const std::string& id, const std::optional<CriContainer>& details) {
  const auto found = items_.find(id);
  if (found == items_.end()) return pump();
  if (!details) return on_failure(id, found->second);
  callbacks_.on_details(*details);
  forget({id});
  pump();
}

void CriDetails::on_failure(const std::string& id, Item& item) {
  if (item.attempts >= max_attempts) {
    callbacks_.on_unknown({id});
    forget({id});
    return pump();
  }
  item.is_sandbox = !item.is_sandbox;
  if (item.attempts % 2 == 1) {
    queue_.push_front(id);
    return pump();
  }
  item.retry.set(first_pause * (1U << (item.attempts / 2 - 1)), [this, id] {
    queue_.push_back(id);
    pump();
  });
  mark_tried(item);
  pump();
}

void CriDetails::mark_tried(Item& item) {
  if (std::exchange(item.is_tried, true)) return;
  --untried_;
  if (untried_ == 0) callbacks_.on_settled();
}

}  // namespace dropwarden::container
