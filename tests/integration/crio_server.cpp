// SPDX-License-Identifier: Apache-2.0
#include "crio_server.hpp"

#include <memory>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/json.hpp>

#include "dropwarden/util/check.hpp"

#include "cri.pb.h"
#include "support/grpc_server.hpp"

namespace dropwarden::test {
namespace {

namespace cri = dropwarden::proto::cri;
namespace json = boost::json;
using boost::asio::local::stream_protocol;
using Call = GrpcServer::Call;

constexpr std::int64_t started_at = 1'750'000'000'000'000'000;

void add(google::protobuf::RepeatedPtrField<cri::Entry>& entries, const std::string& key,
         const std::string& value) {
  auto& entry = *entries.Add();
  entry.set_key(key);
  entry.set_value(value);
}

void add_labels(google::protobuf::RepeatedPtrField<cri::Entry>& labels, const CrioContainer& container) {
  add(labels, "io.kubernetes.container.name", container.name);
  add(labels, "io.kubernetes.pod.name", container.pod.name);
  add(labels, "io.kubernetes.pod.namespace", container.pod.name_space);
  add(labels, "io.kubernetes.pod.uid", container.pod.uid);
}

void describe(cri::PodSandboxMetadata& metadata, const TestPod& pod) {
  metadata.set_name(pod.name);
  metadata.set_namespace_(pod.name_space);
  metadata.set_uid(pod.uid);
}

// The fields of `info` that CRI-O fills (server/container_status.go), cut where the OCI specification goes
// on.
std::string container_info(const CrioContainer& container) {
  const json::object process{{"user", {{"uid", 0}}}, {"args", json::array{"sleep", "1000"}}, {"pid", 1}};
  const json::array namespaces{json::object{{"type", "pid"}}, json::object{{"type", "mount"}}};
  const std::string path = "kubepods-besteffort-pod" + container.pod.uid + ".slice:crio:" + container.id;
  return json::serialize(json::object{{"sandboxID", container.pod_id},
                                      {"pid", container.pid},
                                      {"runtimeSpec",
                                       {{"ociVersion", "1.0.2"},
                                        {"process", process},
                                        {"linux", {{"cgroupsPath", path}, {"namespaces", namespaces}}}}},
                                      {"privileged", false}});
}

std::string sandbox_info() {
  return json::serialize(json::object{
      {"image", "registry.example/pause:3.9"}, {"pid", 0}, {"runtimeSpec", {{"ociVersion", "1.0.2"}}}});
}

std::string version() {
  cri::VersionResponse version;
  version.set_runtime_name("cri-o");
  version.set_runtime_version("1.30.4");
  return version.SerializeAsString();
}

std::string pods(const CrioContainer& container) {
  cri::ListPodSandboxResponse list;
  auto& item = *list.add_items();
  item.set_id(container.pod_id);
  describe(*item.mutable_metadata(), container.pod);
  return list.SerializeAsString();
}

std::string pod_status(const CrioContainer& container) {
  cri::PodSandboxStatusResponse response;
  response.mutable_status()->set_id(container.pod_id);
  describe(*response.mutable_status()->mutable_metadata(), container.pod);
  add(*response.mutable_info(), "info", sandbox_info());
  return response.SerializeAsString();
}

// What stands in the list and in the status.
template <class Message>
void describe(Message& message, const CrioContainer& container) {
  message.set_id(container.id);
  message.mutable_metadata()->set_name(container.name);
  message.mutable_image()->set_image(container.image_name);
  message.set_image_ref(container.image_ref);
  message.set_state(cri::CONTAINER_RUNNING);
  add_labels(*message.mutable_labels(), container);
}

std::string containers(const CrioContainer& container) {
  cri::ListContainersResponse list;
  auto& item = *list.add_containers();
  describe(item, container);
  item.set_pod_sandbox_id(container.pod_id);
  return list.SerializeAsString();
}

std::string container_status(const CrioContainer& container) {
  cri::ContainerStatusResponse response;
  describe(*response.mutable_status(), container);
  response.mutable_status()->set_started_at(started_at);
  add(*response.mutable_info(), "info", container_info(container));
  return response.SerializeAsString();
}

void answer(GrpcServer& server, const CrioContainer& container) {
  const std::string service = "/runtime.v1.RuntimeService/";
  const auto always = [&](const std::string& method, const std::string& message) {
    server.on(service + method, [message](const Call&) { return Answer::message(message); });
  };
  always("Version", version());
  always("ListPodSandbox", pods(container));
  always("PodSandboxStatus", pod_status(container));
  always("ListContainers", containers(container));
  always("ContainerStatus", container_status(container));
  server.on(service + "GetContainerEvents", [](const Call&) { return Answer::raw(""); });
}

}  // namespace

void serve_crio(const std::string& socket, const CrioContainer& container,
                const std::function<void()>& on_ready) {
  boost::asio::io_context loop;
  stream_protocol::acceptor acceptor(loop, stream_protocol::endpoint(socket));
  std::vector<std::unique_ptr<GrpcServer>> servers;
  std::function<void()> accept = [&] {
    acceptor.async_accept([&](const boost::system::error_code& error, stream_protocol::socket peer) {
      util::check(!error, "accept");
      servers.push_back(std::make_unique<GrpcServer>(loop, sys::Fd(peer.release())));
      answer(*servers.back(), container);
      accept();
    });
  };
  accept();
  on_ready();
  for (;;) loop.run();
}

}  // namespace dropwarden::test
