// SPDX-License-Identifier: Apache-2.0
#include "cri_driver.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <optional>
#include <random>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "dropwarden/sys/error.hpp"

#include "cri_driver.pb.h"

namespace dropwarden::test {
namespace {

using namespace std::chrono_literals;

// A pod takes seconds on a busy machine; a minute is a hang.
constexpr auto patience_for_a_call = 60s;

sys::Fd connect(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw std::runtime_error("too long for a socket: " + path);
  std::memcpy(address.sun_path, path.data(), path.size());
  sys::Fd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (::connect(socket.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw sys::SystemError(sys::last_error("connect", path));
  }
  return socket;
}

std::string make_uid() {
  std::random_device random;
  return fmt::format("{:08x}-{:04x}-4{:03x}-8{:03x}-{:08x}{:04x}", random(), random() & 0xffff,
                     random() & 0xfff, random() & 0xfff, random(), random() & 0xffff);
}

void set_namespaces(const CriPod& pod, cri::NamespaceOption& option) {
  option.set_network(cri::NODE);
  option.set_pid(pod.is_in_host_pid_namespace ? cri::NODE : cri::CONTAINER);
}

cri::PodSandboxConfig config_of(const CriPod& pod) {
  cri::PodSandboxConfig config;
  config.mutable_metadata()->set_name(pod.name);
  config.mutable_metadata()->set_namespace_(pod.name_space);
  config.mutable_metadata()->set_uid(pod.uid);
  config.set_log_directory(pod.log_directory);
  config.mutable_linux()->set_cgroup_parent(pod.cgroup_parent);
  set_namespaces(pod, *config.mutable_linux()->mutable_security_context()->mutable_namespace_options());
  auto& labels = *config.mutable_labels();
  labels["io.kubernetes.pod.name"] = pod.name;
  labels["io.kubernetes.pod.namespace"] = pod.name_space;
  labels["io.kubernetes.pod.uid"] = pod.uid;
  return config;
}

// What the kubelet masks and makes read-only unless a manifest has another `procMount`.
constexpr std::array masked_paths{
    "/proc/asound",     "/proc/acpi",        "/proc/kcore",       "/proc/keys", "/proc/latency_stats",
    "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware"};
constexpr std::array read_only_paths{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                     "/proc/sysrq-trigger"};

// The seccomp profile stays the runtime's default, as a node may be told to have it for all.
void set_security(cri::LinuxContainerSecurityContext& context, const CriSecurity& security) {
  context.mutable_capabilities()->add_drop_capabilities("ALL");
  for (const auto& name : security.capabilities) context.mutable_capabilities()->add_add_capabilities(name);
  context.set_readonly_rootfs(security.has_read_only_root);
  context.mutable_seccomp()->set_profile_type(cri::SecurityProfile::RuntimeDefault);
  context.mutable_apparmor()->set_profile_type(security.is_apparmor_unconfined
                                                   ? cri::SecurityProfile::Unconfined
                                                   : cri::SecurityProfile::RuntimeDefault);
  if (security.user) context.mutable_run_as_user()->set_value(*security.user);
  if (security.group) context.mutable_run_as_group()->set_value(*security.group);
  for (const char* path : masked_paths) context.add_masked_paths(path);
  for (const char* path : read_only_paths) context.add_readonly_paths(path);
}

// As the kubelet names it, below `top`; without one below a top of the pod's own, so that all of it can be
// removed. In the name of a slice, a dash stands for nesting (systemd.slice(5)).
std::string cgroup_parent_of(const std::string& top, const std::string& uid) {
  if (top.ends_with(".slice")) {
    auto name = uid;
    std::ranges::replace(name, '-', '_');
    return top.substr(0, top.size() - 6) + "-kubepods-besteffort-pod" + name + ".slice";
  }
  return (top.empty() ? "/dropwarden-test-" + uid : top) + "/kubepods/besteffort/pod" + uid;
}

// The kubelet removes a pod's cgroup; the runtime does not.
void remove_cgroup(std::filesystem::path path) {
  const std::filesystem::path root = "/sys/fs/cgroup";
  std::vector<std::filesystem::path> hierarchies{root};
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    if (!entry.is_symlink()) hierarchies.push_back(entry.path());
  }
  for (; path.has_relative_path(); path = path.parent_path()) {
    // Not every hierarchy has it.
    for (const auto& hierarchy : hierarchies) ::rmdir((hierarchy / path.relative_path()).c_str());
  }
}

}  // namespace

CriPod CriDriver::run_pod(const std::string& name, const std::string& name_space,
                          bool is_in_host_pid_namespace, const std::string& log_directory) {
  CriPod pod{.id = {},
             .name = name,
             .name_space = name_space,
             .uid = make_uid(),
             .cgroup_parent = {},
             .is_in_host_pid_namespace = is_in_host_pid_namespace,
             .log_directory = log_directory};
  pod.cgroup_parent = cgroup_parent_of(cgroup_, pod.uid);
  cri::RunPodSandboxRequest request;
  *request.mutable_config() = config_of(pod);
  cri::RunPodSandboxResponse response;
  call("/runtime.v1.RuntimeService/RunPodSandbox", request, response);
  pod.id = response.pod_sandbox_id();
  return pod;
}

void CriDriver::remove_pod(const CriPod& pod) {
  call("/runtime.v1.RuntimeService/StopPodSandbox", pod.id);
  call("/runtime.v1.RuntimeService/RemovePodSandbox", pod.id);
  remove_cgroup(pod.cgroup_parent);
}

void CriDriver::remove_all_pods() {
  cri::ListPodSandboxResponse pods;
  call("/runtime.v1.RuntimeService/ListPodSandbox", cri::Empty(), pods);
  for (const auto& pod : pods.items()) {
    remove_pod({.id = pod.id(),
                .name = {},
                .name_space = {},
                .uid = pod.metadata().uid(),
                .cgroup_parent = cgroup_parent_of(cgroup_, pod.metadata().uid())});
  }
}

std::string CriDriver::create_container(const CriPod& pod, const CriContainerSpec& spec) {
  cri::CreateContainerRequest request;
  request.set_pod_sandbox_id(pod.id);
  *request.mutable_sandbox_config() = config_of(pod);
  cri::ContainerConfig& config = *request.mutable_config();
  config.mutable_metadata()->set_name(spec.name);
  config.mutable_image()->set_image(spec.image);
  for (const std::string& word : spec.command) config.add_command(word);
  for (const std::string& word : spec.arguments) config.add_args(word);
  for (const auto& [key, value] : spec.environment) {
    cri::KeyValue& added = *config.add_envs();
    added.set_key(key);
    added.set_value(value);
  }
  config.set_log_path(spec.log_path);
  if (spec.memory_limit != 0)
    config.mutable_linux()->mutable_resources()->set_memory_limit_in_bytes(spec.memory_limit);
  for (const CriMount& mount : spec.mounts) {
    cri::Mount& added = *config.add_mounts();
    added.set_host_path(mount.host_path);
    added.set_container_path(mount.container_path);
    added.set_readonly(mount.is_read_only);
    if (mount.follows_host) added.set_propagation(cri::PROPAGATION_HOST_TO_CONTAINER);
  }
  auto& labels = *config.mutable_labels();
  labels["io.kubernetes.container.name"] = spec.name;
  labels["io.kubernetes.pod.name"] = pod.name;
  labels["io.kubernetes.pod.namespace"] = pod.name_space;
  labels["io.kubernetes.pod.uid"] = pod.uid;
  for (const auto& [key, value] : spec.labels) labels[key] = value;
  auto& context = *config.mutable_linux()->mutable_security_context();
  set_namespaces(pod, *context.mutable_namespace_options());
  if (spec.security) set_security(context, *spec.security);
  cri::CreateContainerResponse response;
  call("/runtime.v1.RuntimeService/CreateContainer", request, response);
  return response.container_id();
}

void CriDriver::start_container(const std::string& id) {
  call("/runtime.v1.RuntimeService/StartContainer", id);
}

std::string CriDriver::run_container(const CriPod& pod, const CriContainerSpec& spec) {
  std::string id = create_container(pod, spec);
  start_container(id);
  return id;
}

void CriDriver::stop_container(const std::string& id, std::chrono::seconds patience) {
  cri::IdRequest request;
  request.set_id(id);
  request.set_timeout(patience.count());
  cri::Empty response;
  call("/runtime.v1.RuntimeService/StopContainer", request, response);
}

void CriDriver::remove_container(const std::string& id) {
  call("/runtime.v1.RuntimeService/RemoveContainer", id);
}

CriExecResult CriDriver::execute(const std::string& id, const std::vector<std::string>& command) {
  cri::ExecSyncRequest request;
  request.set_container_id(id);
  request.set_timeout(std::chrono::seconds(patience_for_a_call).count());
  for (const std::string& word : command) request.add_cmd(word);
  cri::ExecSyncResponse response;
  call("/runtime.v1.RuntimeService/ExecSync", request, response);
  return {.exit_code = response.exit_code(), .output = response.stdout(), .error = response.stderr()};
}

std::vector<CriImage> CriDriver::list_images() {
  cri::ListImagesResponse response;
  call("/runtime.v1.ImageService/ListImages", cri::Empty(), response);
  std::vector<CriImage> images;
  for (const auto& image : response.images()) {
    images.push_back({.id = image.id(),
                      .tags = {image.repo_tags().begin(), image.repo_tags().end()},
                      .digests = {image.repo_digests().begin(), image.repo_digests().end()}});
  }
  return images;
}

void CriDriver::call(const char* method, const std::string& id) {
  cri::IdRequest request;
  request.set_id(id);
  cri::Empty response;
  call(method, request, response);
}

void CriDriver::call(const char* method, const google::protobuf::MessageLite& request,
                     google::protobuf::MessageLite& response) {
  boost::asio::io_context loop;
  net::GrpcChannel channel(loop, connect(socket_));
  std::optional<net::GrpcReply> reply;
  net::GrpcRequest unary{
      .method = method, .message = request.SerializeAsString(), .timeout = patience_for_a_call};
  channel.unary(std::move(unary), [&](net::GrpcReply got) { reply = std::move(got); });
  while (!reply) loop.run_one();
  if (!*reply) throw std::runtime_error(std::string(method) + ": " + reply->error().text());
  if (!response.ParseFromString(**reply))
    throw std::runtime_error(std::string(method) + ": not such an answer");
}

}  // namespace dropwarden::test
