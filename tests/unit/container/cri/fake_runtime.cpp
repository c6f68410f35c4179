// SPDX-License-Identifier: Apache-2.0
#include "fake_runtime.hpp"

#include <algorithm>
#include <cerrno>

namespace dropwarden::container {

using test::Answer;
using Call = test::GrpcServer::Call;

namespace {

void set_info(proto::cri::Entry& entry, const std::string& json) {
  entry.set_key("info");
  entry.set_value(json);
}

}  // namespace

sys::Result<sys::Fd> FakeRuntime::connect() {
  ++connections;
  if (is_down) return std::unexpected(sys::Error{"connect", "/fake.sock", ENOENT});
  auto [ours, theirs] = test::make_socket_pair();
  server.emplace(loop_, std::move(theirs));
  serve_cri();
  if (name_ == "containerd") serve_containerd();
  for (const auto& [method, handler] : overrides) server->on(method, handler);
  return std::move(ours);
}

void FakeRuntime::add_pod(const std::string& id, const std::string& name) {
  auto& pod = pods_[id];
  pod.mutable_status()->set_id(id);
  pod.mutable_status()->mutable_metadata()->set_name(name);
  pod.mutable_status()->mutable_metadata()->set_namespace_("default");
  pod.mutable_status()->mutable_metadata()->set_uid("uid-" + name);
  set_info(*pod.add_info(), R"({"pid":1})");
}

void FakeRuntime::add_container(const std::string& id, const std::string& pod, std::int32_t pid) {
  auto& container = containers_[id];
  pod_of_[id] = pod;
  auto& status = *container.mutable_status();
  status.set_id(id);
  status.mutable_metadata()->set_name("name-" + id);
  status.set_state(pid == 0 ? proto::cri::CONTAINER_CREATED : proto::cri::CONTAINER_RUNNING);
  status.mutable_image()->set_image("image:1");
  set_info(*container.add_info(), R"({"sandboxID":")" + pod + R"(","pid":)" + std::to_string(pid) + "}");
}

void FakeRuntime::remove(const std::string& id) {
  pods_.erase(id);
  containers_.erase(id);
}

std::size_t FakeRuntime::tell(const std::string& topic, const google::protobuf::MessageLite& event,
                              const std::string& name_space) {
  proto::containerd::Envelope envelope;
  envelope.set_topic(topic);
  envelope.set_namespace_(name_space);
  envelope.mutable_event()->set_value(event.SerializeAsString());
  return server ? server->push(subscribe_method, test::grpc_frame(envelope.SerializeAsString())) : 0;
}

std::size_t FakeRuntime::tell_created(const std::string& id, std::uint32_t pid,
                                      const std::string& name_space) {
  proto::containerd::TaskCreate task;
  task.set_container_id(id);
  task.set_pid(pid);
  task.add_rootfs()->set_type("overlay");
  task.mutable_rootfs(0)->add_options("upperdir=/upper/" + id);
  return tell("/tasks/create", task, name_space);
}

std::size_t FakeRuntime::tell_deleted(const std::string& id) {
  proto::containerd::ContainerDelete removal;
  removal.set_id(id);
  return tell("/containers/delete", removal);
}

void FakeRuntime::serve_cri() {
  const std::string service = "/runtime.v1.RuntimeService/";
  server->on(service + "Version", [this](const Call&) {
    proto::cri::VersionResponse version;
    version.set_runtime_name(name_);
    version.set_runtime_version("1.2.3");
    return Answer::message(version.SerializeAsString());
  });
  server->on(service + "ListPodSandbox", [this](const Call&) {
    proto::cri::ListPodSandboxResponse list;
    for (const auto& [id, pod] : pods_) {
      auto& item = *list.add_items();
      item.set_id(id);
      *item.mutable_metadata() = pod.status().metadata();
    }
    return Answer::message(list.SerializeAsString());
  });
  server->on(service + "ListContainers", [this](const Call&) {
    proto::cri::ListContainersResponse list;
    for (const auto& [id, container] : containers_) {
      auto& item = *list.add_containers();
      item.set_id(id);
      item.set_pod_sandbox_id(pod_of_[id]);
      *item.mutable_metadata() = container.status().metadata();
      item.set_state(container.status().state());
    }
    return Answer::message(list.SerializeAsString());
  });
  server->on(service + "PodSandboxStatus", [this](const Call& call) {
    proto::cri::PodSandboxStatusRequest request;
    request.ParseFromString(call.message);
    const auto found = pods_.find(request.pod_sandbox_id());
    if (found == pods_.end()) return Answer::status(5, "no such sandbox");
    return Answer::message(found->second.SerializeAsString());
  });
  server->on(service + "ContainerStatus", [this](const Call& call) {
    proto::cri::ContainerStatusRequest request;
    request.ParseFromString(call.message);
    const auto found = containers_.find(request.container_id());
    if (found == containers_.end()) return Answer::status(5, "no such container");
    return Answer::message(found->second.SerializeAsString());
  });
}

void FakeRuntime::serve_containerd() {
  server->on(subscribe_method, [](const Call&) { return Answer::open(); });
  server->on("/containerd.services.namespaces.v1.Namespaces/List", [this](const Call&) {
    proto::containerd::ListNamespacesResponse list;
    for (const auto& [name, unused] : tasks) list.add_namespaces()->set_name(name);
    return Answer::message(list.SerializeAsString());
  });
  server->on("/containerd.services.tasks.v1.Tasks/List", [this](const Call& call) {
    const auto header = std::ranges::find(call.headers, "containerd-namespace",
                                          [](const auto& field) { return field.first; });
    proto::containerd::ListTasksResponse list;
    if (header == call.headers.end()) return Answer::status(9, "namespace is required");
    for (const auto& [id, pid] : tasks[header->second]) {
      auto& task = *list.add_tasks();
      task.set_id(id);
      task.set_pid(pid);
      task.set_status(proto::containerd::RUNNING);
    }
    return Answer::message(list.SerializeAsString());
  });
}

void RecordingObserver::on_list(const std::string& name, std::vector<model::Container> list) {
  source = name;
  told.push_back("list");
  containers.clear();
  for (auto& container : list) containers[container.id.value] = container;
}

void RecordingObserver::on_container(const std::string&, model::Container container) {
  told.push_back("container " + container.id.value);
  containers[container.id.value] = container;
}

void RecordingObserver::on_gone(const std::string&, const model::ContainerId& id) {
  told.push_back("gone " + id.value);
  containers.erase(id.value);
}

void RecordingObserver::on_state(const SourceState& state) {
  states.push_back(state);
}

}  // namespace dropwarden::container
