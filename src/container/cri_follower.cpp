// SPDX-License-Identifier: Apache-2.0
#include "cri_follower.hpp"

#include <utility>

#include "dropwarden/util/escape.hpp"

#include "cri_limits.hpp"

namespace dropwarden::container {
namespace {

using namespace std::chrono_literals;

// Subscribe is not answered before the first event, so nothing tells when it has taken effect: what began
// between the first list and that is found by a second list soon after.
constexpr auto second_round = 1000ms;
// With events the lists are there to repair, without they are all there is.
constexpr auto later_rounds = 60000ms;
constexpr auto polling = 2000ms;

// What a runtime calls itself, for people.
constexpr std::size_t max_version_bytes = 128;

}  // namespace

CriFollower::CriFollower(boost::asio::io_context& loop, sys::Fd socket, std::chrono::milliseconds timeout,
                         std::string source, CriBook& book, Observer& observer, Callbacks callbacks)
    : loop_(loop),
      source_(std::move(source)),
      book_(book),
      observer_(observer),
      callbacks_(std::move(callbacks)),
      client_(std::in_place, loop, std::move(socket), timeout),
      again_(loop) {}

void CriFollower::start() {
  client_->version([this](const auto& version) { on_version(version); });
}

void CriFollower::on_version(const Answer<proto::cri::VersionResponse>& version) {
  // The containerd that docker brings has CRI switched off, and tells events all the same.
  has_cri_ = version.has_value();
  if (!version && version.error().code != net::GrpcCode::unimplemented)
    return lose("Version", version.error());
  runtime_ = version ? to_runtime(version->runtime_name()) : model::Runtime::containerd;
  book_.set_runtime(runtime_, has_cri_);
  CriDetails::Callbacks callbacks{
      .on_details = [this](const CriContainer& details) { add_details(details); },
      .on_unknown = [this](const model::ContainerId& id) { report(book_.give_up(id), id); },
      .on_settled = [this] { publish(); }};
  details_.emplace(loop_, *client_, runtime_, std::move(callbacks));
  callbacks_.on_connected(
      version ? util::escape(version->runtime_name() + " " + version->runtime_version(), max_version_bytes)
              : "containerd without CRI");
  // CRI's own GetContainerEvents is not for us: containerd before 2.0 has one queue for all who call it, so
  // that we would take away the kubelet's. CRI-O tells everybody, but only where it was told to
  // (`enable_pod_events`): it is polled, which needs nothing of it.
  if (runtime_ == model::Runtime::containerd) subscribe();
  list();
}

void CriFollower::subscribe() {
  has_events_ = true;
  client_->subscribe([this](const TaskEvent& event) { on_event(event); },
                     [this](const net::GrpcStatus& status) { on_events_end(status); });
}

void CriFollower::on_event(const TaskEvent& event) {
  const CriBook::Change change = book_.apply(event);
  if (change == CriBook::Change::gone) details_->forget(event.id);
  report(change, event.id);
  ask(event.id);
}

void CriFollower::on_events_end(const net::GrpcStatus& status) {
  if (status.code != net::GrpcCode::unimplemented || !has_cri_) return lose("Events/Subscribe", status);
  has_events_ = false;
  if (!is_listing_) again_.set(polling, [this] { list(); });
}

void CriFollower::list() {
  is_listing_ = true;
  are_lists_in_ = false;
  problem_.clear();
  book_.begin_round();
  if (!has_cri_) return list_tasks();
  client_->list_pods([this](const auto& pods) { on_pods(pods); });
}

void CriFollower::on_pods(const Answer<proto::cri::ListPodSandboxResponse>& pods) {
  if (!pods) return lose("ListPodSandbox", pods.error());
  std::vector<CriContainer> sandboxes;
  for (const auto& pod : pods->items()) {
    if (auto sandbox = from_list(pod, runtime_)) sandboxes.push_back(std::move(*sandbox));
  }
  book_.add_listed(sandboxes);
  client_->list_containers([this](const auto& containers) { on_containers(containers); });
}

void CriFollower::on_containers(const Answer<proto::cri::ListContainersResponse>& containers) {
  if (!containers) return lose("ListContainers", containers.error());
  std::vector<CriContainer> listed;
  for (const auto& container : containers->containers()) {
    if (auto one = from_list(container, runtime_)) listed.push_back(std::move(*one));
  }
  book_.add_listed(listed);
  if (!has_events_) return finish_lists(true);
  list_tasks();
}

// What CRI does not tell of: containers of ctr, of docker, of buildkit.
void CriFollower::list_tasks() {
  client_->list_namespaces([this](const auto& name_spaces) {
    if (name_spaces) return list_tasks_of(*name_spaces);
    problem_ = "Namespaces/List: " + name_spaces.error().text();
    finish_lists(false);
  });
}

void CriFollower::list_tasks_of(std::vector<std::string> name_spaces) {
  if (name_spaces.empty()) return finish_lists(problem_.empty());
  const std::string name_space = std::move(name_spaces.back());
  name_spaces.pop_back();
  client_->list_tasks(name_space, [this, name_space, rest = std::move(name_spaces)](const auto& tasks) {
    if (tasks) {
      book_.add_tasks(name_space, *tasks);
    } else {
      problem_ = "Tasks/List of " + util::escape(name_space, max_name_bytes) + ": " + tasks.error().text();
    }
    list_tasks_of(rest);
  });
}

void CriFollower::finish_lists(bool has_tasks) {
  book_.end_round(!has_tasks);
  if (book_.is_full())
    problem_ = "more than " + std::to_string(max_containers) + " containers: the rest is left out";
  are_lists_in_ = true;
  for (const model::ContainerId& id : book_.incomplete()) ask(id);
  publish();
}

// Once the lists are in and everything in them has been asked about.
void CriFollower::publish() {
  if (!is_listing_ || !are_lists_in_ || !details_->is_settled()) return;
  is_listing_ = false;
  observer_.on_list(source_, book_.all());
  callbacks_.on_listed(problem_);
  const bool is_first = std::exchange(is_first_round_, false);
  again_.set(!has_events_ ? polling : is_first ? second_round : later_rounds, [this] { list(); });
}

void CriFollower::ask(const model::ContainerId& id) {
  if (book_.is_incomplete(id)) details_->ask(id, book_.find(id)->is_sandbox);
}

void CriFollower::add_details(const CriContainer& details) {
  const CriBook::Change change = book_.apply(details);
  // The first list comes in one piece: on a full node hundreds of details are on their way.
  if (!is_first_round_) report(change, details.container.id);
}

void CriFollower::report(CriBook::Change change, const model::ContainerId& id) {
  if (change == CriBook::Change::gone) observer_.on_gone(source_, id);
  if (change == CriBook::Change::updated) observer_.on_container(source_, *book_.find(id));
}

void CriFollower::lose(const std::string& what, const net::GrpcStatus& status) {
  // The owner destroys this later, since it is on the stack; until then nothing must happen any more.
  again_.cancel();
  details_.reset();
  client_.reset();
  callbacks_.on_lost(what + ": " + status.text());
}

}  // namespace dropwarden::container
