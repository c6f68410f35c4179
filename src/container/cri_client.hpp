// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/net/grpc.hpp"

#include "containerd.pb.h"
#include "cri.pb.h"
#include "cri_book.hpp"

namespace dropwarden::container {

// The calls of CRI's RuntimeService and of containerd's services that a source makes, with their types. One
// connection; the rules of net::GrpcChannel.
class CriClient {
 public:
  template <class Response>
  using On = std::function<void(std::expected<Response, net::GrpcStatus>)>;

  CriClient(boost::asio::io_context& loop, sys::Fd socket, std::chrono::milliseconds timeout)
      : channel_(loop, std::move(socket)), timeout_(timeout) {}

  void version(On<proto::cri::VersionResponse> on);
  void list_pods(On<proto::cri::ListPodSandboxResponse> on);
  void list_containers(On<proto::cri::ListContainersResponse> on);
  // Verbose.
  void pod_status(const std::string& id, On<proto::cri::PodSandboxStatusResponse> on);
  void container_status(const std::string& id, On<proto::cri::ContainerStatusResponse> on);

  // containerd only.
  void list_namespaces(On<std::vector<std::string>> on);
  void list_tasks(const std::string& name_space, On<std::vector<ListedTask>> on);
  // `on_event` gets the events of task_event_filters(); others are passed over.
  void subscribe(std::function<void(const TaskEvent&)> on_event, std::function<void(net::GrpcStatus)> on_end);

 private:
  template <class Response>
  void call(const char* method, const google::protobuf::MessageLite& request, On<Response> on,
            const std::string& name_space = {});

  net::GrpcChannel channel_;
  std::chrono::milliseconds timeout_;
};

}  // namespace dropwarden::container
