// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "dropwarden/container/observer.hpp"
#include "dropwarden/sys/error.hpp"

#include "containerd.pb.h"
#include "cri.pb.h"
#include "support/grpc_server.hpp"

namespace dropwarden::container {

inline constexpr const char* subscribe_method = "/containerd.services.events.v1.Events/Subscribe";

// A runtime that answers CRI, and containerd's services when it is called `containerd`, from what a test puts
// in.
class FakeRuntime {
 public:
  FakeRuntime(boost::asio::io_context& loop, std::string name) : loop_(loop), name_(std::move(name)) {}

  // A new connection to it; an earlier one is closed. Refused while `is_down`.
  sys::Result<sys::Fd> connect();

  void add_pod(const std::string& id, const std::string& name);
  void add_container(const std::string& id, const std::string& pod, std::int32_t pid);
  void remove(const std::string& id);

  // On every stream of Subscribe; how many there are.
  std::size_t tell(const std::string& topic, const google::protobuf::MessageLite& event,
                   const std::string& name_space = "k8s.io");
  std::size_t tell_created(const std::string& id, std::uint32_t pid,
                           const std::string& name_space = "k8s.io");
  std::size_t tell_deleted(const std::string& id);

  bool is_down = false;
  std::map<std::string, std::vector<std::pair<std::string, std::uint32_t>>> tasks;  // by namespace: id, pid
  std::map<std::string, test::GrpcServer::Handler> overrides;
  std::optional<test::GrpcServer> server;
  int connections = 0;

 private:
  void serve_cri();
  void serve_containerd();

  boost::asio::io_context& loop_;
  std::string name_;
  std::map<std::string, proto::cri::PodSandboxStatusResponse> pods_;
  std::map<std::string, proto::cri::ContainerStatusResponse> containers_;
  std::map<std::string, std::string> pod_of_;
};

// Remembers all that a source says.
class RecordingObserver final : public Observer {
 public:
  void on_list(const std::string& source, std::vector<model::Container> list) override;
  void on_container(const std::string& source, model::Container container) override;
  void on_gone(const std::string& source, const model::ContainerId& id) override;
  void on_state(const SourceState& state) override;

  std::map<std::string, model::Container> containers;
  std::vector<SourceState> states;
  std::vector<std::string> told;  // `list`, `container ID`, `gone ID`, in order, states left out
  std::string source;
};

}  // namespace dropwarden::container
