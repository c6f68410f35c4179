// SPDX-License-Identifier: Apache-2.0
#include "cri_client.hpp"

#include "cri_limits.hpp"

namespace dropwarden::container {
namespace {

constexpr std::size_t max_namespaces = 64;

model::ContainerState to_state(proto::containerd::TaskStatus status) {
  switch (status) {
    case proto::containerd::CREATED:
      return model::ContainerState::created;
    case proto::containerd::RUNNING:
    case proto::containerd::PAUSED:
    case proto::containerd::PAUSING:
      return model::ContainerState::running;
    case proto::containerd::STOPPED:
      return model::ContainerState::exited;
    default:
      return model::ContainerState::unknown;
  }
}

}  // namespace

void CriClient::version(On<proto::cri::VersionResponse> on) {
  call("/runtime.v1.RuntimeService/Version", proto::cri::VersionRequest(), std::move(on));
}

void CriClient::list_pods(On<proto::cri::ListPodSandboxResponse> on) {
  call("/runtime.v1.RuntimeService/ListPodSandbox", proto::cri::ListPodSandboxRequest(), std::move(on));
}

void CriClient::list_containers(On<proto::cri::ListContainersResponse> on) {
  call("/runtime.v1.RuntimeService/ListContainers", proto::cri::ListContainersRequest(), std::move(on));
}

void CriClient::pod_status(const std::string& id, On<proto::cri::PodSandboxStatusResponse> on) {
  proto::cri::PodSandboxStatusRequest request;
  request.set_pod_sandbox_id(id);
  request.set_verbose(true);
  call("/runtime.v1.RuntimeService/PodSandboxStatus", request, std::move(on));
}

void CriClient::container_status(const std::string& id, On<proto::cri::ContainerStatusResponse> on) {
  proto::cri::ContainerStatusRequest request;
  request.set_container_id(id);
  request.set_verbose(true);
  call("/runtime.v1.RuntimeService/ContainerStatus", request, std::move(on));
}

void CriClient::list_namespaces(On<std::vector<std::string>> on) {
  call<proto::containerd::ListNamespacesResponse>("/containerd.services.namespaces.v1.Namespaces/List",
                                                  proto::containerd::ListNamespacesRequest(),
                                                  [on = std::move(on)](const auto& response) {
                                                    if (!response)
                                                      return on(std::unexpected(response.error()));
                                                    std::vector<std::string> names;
                                                    for (const auto& name_space : response->namespaces()) {
                                                      if (names.size() < max_namespaces)
                                                        names.push_back(name_space.name());
                                                    }
                                                    on(std::move(names));
                                                  });
}

void CriClient::list_tasks(const std::string& name_space, On<std::vector<ListedTask>> on) {
  call<proto::containerd::ListTasksResponse>(
      "/containerd.services.tasks.v1.Tasks/List", proto::containerd::ListTasksRequest(),
      [on = std::move(on)](const auto& response) {
        if (!response) return on(std::unexpected(response.error()));
        std::vector<ListedTask> tasks;
        for (const auto& task : response->tasks()) {
          if (is_fit_id(task.id()))
            tasks.push_back({{task.id()}, to_pid(task.pid()), to_state(task.status())});
        }
        on(std::move(tasks));
      },
      name_space);
}

void CriClient::subscribe(std::function<void(const TaskEvent&)> on_event,
                          std::function<void(net::GrpcStatus)> on_end) {
  proto::containerd::SubscribeRequest request;
  for (std::string& filter : task_event_filters()) request.add_filters(std::move(filter));
  const auto on_message = [on_event = std::move(on_event)](std::string_view message) {
    const auto event = parse_task_event(message);
    if (event) on_event(*event);
  };
  net::GrpcRequest stream{.method = "/containerd.services.events.v1.Events/Subscribe",
                          .message = request.SerializeAsString()};
  channel_.server_stream(std::move(stream), on_message, std::move(on_end));
}

template <class Response>
void CriClient::call(const char* method, const google::protobuf::MessageLite& request, On<Response> on,
                     const std::string& name_space) {
  net::GrpcRequest unary{.method = method, .message = request.SerializeAsString(), .timeout = timeout_};
  // In which of its namespaces containerd is to look.
  if (!name_space.empty()) unary.metadata.emplace_back("containerd-namespace", name_space);
  channel_.unary(std::move(unary), [on = std::move(on)](const net::GrpcReply& reply) {
    if (!reply) return on(std::unexpected(reply.error()));
    Response response;
    if (response.ParseFromString(*reply)) return on(std::move(response));
    on(std::unexpected(net::GrpcStatus{net::GrpcCode::internal, "an answer that is no such message"}));
  });
}

}  // namespace dropwarden::container
