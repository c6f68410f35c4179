// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dropwarden/net/grpc.hpp"

namespace google::protobuf {
class MessageLite;
}

namespace dropwarden::test {

struct CriPod {
  std::string id;
  std::string name;
  std::string name_space;
  std::string uid;
  std::string cgroup_parent;
  bool is_in_host_pid_namespace = false;  // with all its containers
  std::string log_directory = {};         // below which its containers' `log_path` lies
};

struct CriMount {
  std::string host_path;
  std::string container_path;
  bool is_read_only = false;
  bool follows_host = false;  // what is mounted and unmounted there: `HostToContainer`
};

// As `securityContext` of a container says it in a pod's manifest. The kubelet masks some of /proc besides.
struct CriSecurity {
  std::vector<std::string> capabilities;  // these and no others, without `CAP_`
  bool has_read_only_root = false;
  bool is_apparmor_unconfined = false;
  std::optional<std::int64_t> user = {};  // else as the image says
  std::optional<std::int64_t> group = {};
};

struct CriContainerSpec {
  std::string name;
  std::string image;                 // that the runtime has
  std::vector<std::string> command;  // in the place of the image's entrypoint, if any
  std::vector<CriMount> mounts = {};
  std::map<std::string, std::string> labels = {};  // besides those that the kubelet gives
  std::optional<CriSecurity> security = {};        // else the runtime's defaults
  std::vector<std::string> arguments = {};
  std::map<std::string, std::string> environment = {};
  std::string log_path = {};      // of what it prints, below the pod's `log_directory`; empty: nowhere
  std::int64_t memory_limit = 0;  // bytes; 0: none
};

struct CriExecResult {
  int exit_code = -1;
  std::string output;
  std::string error;
};

struct CriImage {
  std::string id;
  std::vector<std::string> tags;
  std::vector<std::string> digests;
};

// Does with a runtime what the kubelet does: pods, containers in them, commands in those. Each member
// connects anew, waits for its end, and throws std::runtime_error with what the runtime says when it fails.
// Pods have the host's network, so that no CNI is needed.
class CriDriver {
 public:
  // Pods get cgroups below `cgroup`, `/name` or `name.slice`; without one each gets a top of its own.
  explicit CriDriver(std::string socket, std::string cgroup = {})
      : socket_(std::move(socket)), cgroup_(std::move(cgroup)) {}

  CriPod run_pod(const std::string& name, const std::string& name_space = "default",
                 bool is_in_host_pid_namespace = false, const std::string& log_directory = {});
  // Stops and removes, with all containers.
  void remove_pod(const CriPod& pod);
  // All pods that the runtime has, whoever made them: for a runtime of the test's own.
  void remove_all_pods();

  // The id.
  std::string create_container(const CriPod& pod, const CriContainerSpec& spec);
  void start_container(const std::string& id);
  std::string run_container(const CriPod& pod, const CriContainerSpec& spec);
  // Kills at once unless told to wait.
  void stop_container(const std::string& id, std::chrono::seconds patience = std::chrono::seconds(0));
  void remove_container(const std::string& id);

  CriExecResult execute(const std::string& id, const std::vector<std::string>& command);

  std::vector<CriImage> list_images();

 private:
  void call(const char* method, const google::protobuf::MessageLite& request,
            google::protobuf::MessageLite& response);
  void call(const char* method, const std::string& id);

  std::string socket_;
  std::string cgroup_;
};

}  // namespace dropwarden::test
