// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "dropwarden/container/observer.hpp"

#include "alarm.hpp"
#include "docker_api.hpp"
#include "docker_inspector.hpp"

namespace dropwarden::container {

// Follows one daemon from the first request until its event stream ends: asks who it is, opens the event
// stream, and only then lists, so that nothing falls between. Lists again now and then, for what no event
// told. Loop's thread only.
class DockerSession {
 public:
  struct Handlers {
    std::function<void(const std::string& version)> on_connected;  // the event stream is open
    // Something was answered wrongly, and it goes on; empty: that is over.
    std::function<void(const std::string& text)> on_problem;
    // The last call. `is_absent`: there is no such socket.
    std::function<void(const std::string& text, bool is_absent)> on_lost;
  };

  // `source` is SourceState::name.
  DockerSession(DockerApi& api, std::string source, Observer& observer, Handlers handlers);

  void start();
  // Nothing is called afterwards. May be called from the handlers and from the observer, where a destructor
  // may not.
  void stop();

 private:
  enum class Phase { connecting, listing, inspecting, following, stopped };

  void on_ping(const std::expected<net::HttpResponse, DockerFailure>& answer);
  void subscribe();
  void on_event(std::string_view line);
  void on_long_event();

  void list();
  void on_list(const std::expected<net::HttpResponse, DockerFailure>& answer);
  void compare(DockerList list);
  void want(const model::ContainerId& id);
  void on_result(const model::ContainerId& id, std::expected<DockerContainer, DockerFailure> result);
  void doubt(const model::ContainerId& id, const std::string& problem);
  void bury(const model::ContainerId& id);
  void publish_if_complete();
  void vanish(const model::ContainerId& id);

  void note(const std::string& problem);
  void lose(const std::string& problem, bool is_absent = false);

  DockerApi& api_;
  std::string source_;
  Observer& observer_;
  Handlers handlers_;
  Phase phase_ = Phase::connecting;
  model::Runtime runtime_ = model::Runtime::docker;
  std::string version_;
  std::unique_ptr<DockerInspector> inspector_;
  std::unique_ptr<net::HttpExchange> request_;  // ping or list
  std::unique_ptr<net::HttpExchange> events_;
  Alarm next_list_;
  bool is_list_due_ = false;  // soon, and once more if one is under way: an event was not read
  // What the observer was told last, or will be by the first list.
  std::unordered_map<std::string, model::Container> known_;
  // IDs of events since the list was asked for: its answer may be older than they are.
  std::unordered_set<std::string> heard_;
  std::unordered_set<std::string> doubted_;  // their last inspection failed
  Alarm ask_again_;
  bool will_ask_again_ = false;
  std::unordered_set<std::string> died_;         // of known_: an event said so, no inspection yet
  std::unordered_set<std::string> uninspected_;  // of known_, before the first list is told
  bool has_problem_ = false;
  bool has_new_problem_ = false;  // since the last list
};

}  // namespace dropwarden::container
