// SPDX-License-Identifier: Apache-2.0
#include "docker_session.hpp"

#include <chrono>
#include <utility>
#include <vector>

#include "dropwarden/util/escape.hpp"

namespace dropwarden::container {
namespace {

constexpr std::size_t max_version_bytes = 64;
constexpr int pauses_before_asking_again = 4;  // of SourceOptions::retry_first

// `20.10.24` of `Docker/20.10.24 (linux)`.
std::string version_of(std::string_view server) {
  const auto slash = server.find('/');
  if (slash == std::string_view::npos) return {};
  server.remove_prefix(slash + 1);
  return util::escape(server.substr(0, server.find(' ')), max_version_bytes);
}

std::string events_target() {
  // The header of the answer leaves dockerd before the subscription is made, so that an event just after it
  // would be lost: `since` makes the daemon look into its past as well. Whole seconds, for old daemons: a
  // little is heard twice.
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return "/events?since=" + std::to_string(now.time_since_epoch().count()) +
         "&filters=%7B%22type%22%3A%5B%22container%22%5D%7D";  // {"type":["container"]}
}

// Whether a list has nothing new about a container. Of one with too many labels no event may have told, even
// that it was started anew.
bool is_settled(const model::Container& known, const DockerContainer& listed) {
  return known.state == listed.container.state && known.metadata == model::Metadata::complete &&
         listed.labels_cut == 0;
}

}  // namespace

DockerSession::DockerSession(DockerApi& api, std::string source, Observer& observer, Handlers handlers)
    : api_(api),
      source_(std::move(source)),
      observer_(observer),
      handlers_(std::move(handlers)),
      next_list_(api.loop()),
      ask_again_(api.loop()) {}

void DockerSession::start() {
  request_ = api_.get("/_ping", [this](const auto& answer) { on_ping(answer); });
}

void DockerSession::stop() {
  phase_ = Phase::stopped;
  if (inspector_) inspector_->stop();
  request_.reset();
  events_.reset();
  next_list_.cancel();
  ask_again_.cancel();
}

void DockerSession::on_ping(const std::expected<net::HttpResponse, DockerFailure>& answer) {
  if (!answer) return lose(answer.error().text, answer.error().is_absent);
  const auto& fields = answer->header.fields;
  const auto server = fields.find("server");
  const std::string version = server == fields.end() ? std::string{} : version_of(server->second);
  // podman calls its compatible API docker's own version; only this field tells.
  if (fields.contains("libpod-api-version")) runtime_ = model::Runtime::podman;
  version_ = std::string(model::name_of(runtime_)) + (version.empty() ? "" : " " + version);
  inspector_ = std::make_unique<DockerInspector>(
      api_, runtime_, [this](const auto& id, auto result) { on_result(id, std::move(result)); });
  subscribe();
}

void DockerSession::subscribe() {
  net::HttpStreamHandlers handlers;
  handlers.on_open = [this](const net::HttpHeader&) {
    handlers_.on_connected(version_);
    if (phase_ == Phase::stopped) return;
    phase_ = Phase::listing;
    list();
  };
  handlers.on_line = [this](std::string_view line) { on_event(line); };
  handlers.on_long_line = [this] { on_long_event(); };
  handlers.on_end = [this](const net::HttpError& error) { lose("GET /events: " + error.text); };
  events_ = api_.stream(events_target(), std::move(handlers));
}

void DockerSession::on_event(std::string_view line) {
  const auto event = parse_docker_event(line);
  if (!event) return;
  if (request_ && heard_.size() < docker_max_containers) heard_.insert(event->id.value);
  if (event->is_gone) {
    vanish(event->id);
    return publish_if_complete();
  }
  if (!event->has_died) {
    died_.erase(event->id.value);
  } else if (known_.contains(event->id.value)) {
    died_.insert(event->id.value);
  }
  want(event->id);
}

// An event carries all labels of its container. One that has too many must not cost those of others: whatever
// it was, a list tells.
void DockerSession::on_long_event() {
  if (std::exchange(is_list_due_, true) || request_) return;
  next_list_.set(api_.options().retry_first, [this] { list(); });
}

void DockerSession::list() {
  if (has_problem_ && !has_new_problem_) {
    has_problem_ = false;
    handlers_.on_problem({});
    if (phase_ == Phase::stopped) return;
  }
  has_new_problem_ = false;
  is_list_due_ = false;
  heard_.clear();
  // Longer than one container takes: podman reads each one's state for it, 1 ms apiece.
  constexpr int containers_timeout_factor = 5;
  request_ = api_.get("/containers/json?all=1", api_.options().timeout * containers_timeout_factor,
                      [this](const auto& answer) { on_list(answer); });
}

void DockerSession::on_list(const std::expected<net::HttpResponse, DockerFailure>& answer) {
  request_.reset();
  auto list = answer ? parse_docker_list(answer->body, runtime_) : std::unexpected(answer.error().text);
  if (!list && phase_ == Phase::listing) return lose(list.error());
  next_list_.set(is_list_due_ ? api_.options().retry_first : api_.options().relist, [this] { this->list(); });
  if (!list) return note(list.error());
  compare(std::move(*list));
}

void DockerSession::compare(DockerList list) {
  if (list.left_out != 0) note(std::to_string(list.left_out) + " containers are left out of the list");
  std::unordered_set<std::string> listed;
  for (DockerContainer& entry : list.containers) {
    const model::ContainerId id = entry.container.id;
    listed.insert(id.value);
    const auto known = known_.find(id.value);
    // What ended before it was known is of no use, and a host may keep thousands of these.
    const bool has_ended = entry.container.state == model::ContainerState::exited;
    if (known == known_.end() && has_ended && !api_.options().wants_ended) continue;
    if (known != known_.end() && is_settled(known->second, entry)) continue;
    if (phase_ == Phase::listing) {
      // Stands in until it is inspected, and stays should that fail.
      known_.try_emplace(id.value, std::move(entry.container));
      uninspected_.insert(id.value);
    }
    want(id);
  }
  if (phase_ == Phase::listing) {
    phase_ = Phase::inspecting;
    return publish_if_complete();
  }
  std::erase_if(listed, [&](const std::string& id) { return !known_.contains(id); });
  if (listed.size() == known_.size()) return;
  std::vector<model::ContainerId> missing;
  for (const auto& [id, container] : known_) {
    if (!listed.contains(id) && !heard_.contains(id)) missing.push_back({id});
  }
  for (const model::ContainerId& id : missing) vanish(id);
}

void DockerSession::want(const model::ContainerId& id) {
  if (phase_ == Phase::stopped) return;
  const bool has_room = known_.contains(id.value) || known_.size() < docker_max_containers;
  if (has_room && inspector_->want(id)) return;
  uninspected_.erase(id.value);
  note("there are more containers than the " + std::to_string(docker_max_containers) + " that are followed");
}

void DockerSession::on_result(const model::ContainerId& id,
                              std::expected<DockerContainer, DockerFailure> result) {
  uninspected_.erase(id.value);
  if (result) {
    doubted_.erase(id.value);
    if (result->container.state == model::ContainerState::exited) died_.erase(id.value);
    if (result->labels_cut != 0) note("labels of container " + id.value + " are left out or cut");
    known_.insert_or_assign(id.value, result->container);
    if (phase_ == Phase::following) observer_.on_container(source_, std::move(result->container));
  } else if (result.error().is_missing) {
    vanish(id);
  } else {
    doubt(id, result.error().text);
    bury(id);
  }
  publish_if_complete();
}

// podman answers with 500 for a container on its way out, and a daemon that stops refuses connections before
// it closes its streams: only what fails twice is a problem.
void DockerSession::doubt(const model::ContainerId& id, const std::string& problem) {
  if (doubted_.size() >= docker_max_containers || !doubted_.insert(id.value).second) return note(problem);
  if (std::exchange(will_ask_again_, true)) return;
  ask_again_.set(api_.options().retry_first * pauses_before_asking_again, [this] {
    will_ask_again_ = false;
    const std::vector<std::string> ids(doubted_.begin(), doubted_.end());  // an answer may change the set
    for (const std::string& doubted : ids) want({doubted});
  });
}

// Its end was told, though the daemon says no more about it: one that stops ends its containers first.
void DockerSession::bury(const model::ContainerId& id) {
  const auto known = known_.find(id.value);
  if (died_.erase(id.value) == 0 || known == known_.end()) return;
  known->second.state = model::ContainerState::exited;
  known->second.init = {};
  if (phase_ == Phase::following) observer_.on_container(source_, known->second);
}

void DockerSession::publish_if_complete() {
  if (phase_ != Phase::inspecting || !uninspected_.empty()) return;
  phase_ = Phase::following;
  std::vector<model::Container> containers;
  for (const auto& [id, container] : known_) containers.push_back(container);
  observer_.on_list(source_, std::move(containers));
}

void DockerSession::vanish(const model::ContainerId& id) {
  inspector_->forget(id);
  uninspected_.erase(id.value);
  doubted_.erase(id.value);
  died_.erase(id.value);
  known_.erase(id.value);
  if (phase_ == Phase::following) observer_.on_gone(source_, id);
}

void DockerSession::note(const std::string& problem) {
  // The first one of a round stands for all: a broken daemon is broken for each container.
  if (has_new_problem_ || phase_ == Phase::stopped) return;
  has_problem_ = has_new_problem_ = true;
  handlers_.on_problem(problem);
}

void DockerSession::lose(const std::string& problem, bool is_absent) {
  const std::string text = problem;
  stop();
  handlers_.on_lost(text, is_absent);
}

}  // namespace dropwarden::container
