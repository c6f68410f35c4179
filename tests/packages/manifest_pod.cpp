// SPDX-License-Identifier: Apache-2.0
#include "manifest_pod.hpp"

#include <filesystem>
#include <iostream>
#include <regex>
#include <sstream>
#include <stdexcept>

#include <boost/json/parse.hpp>
#include <yaml-cpp/yaml.h>

#include "support/file.hpp"
#include "support/free_port.hpp"
#include "support/http_page.hpp"

namespace dropwarden::test {
namespace {

const std::string manifests =
    std::string(DROPWARDEN_SOURCE_DIRECTORY) + "/packaging/kubernetes/manifests/dropwarden.yaml";

YAML::Node object_of(const std::string& kind) {
  for (const auto& object : YAML::LoadAllFromFile(manifests))
    if (object.IsMap() && object["kind"].as<std::string>() == kind) return object;
  throw std::runtime_error(manifests + " has no " + kind);
}
YAML::Node pod_spec() {
  return object_of("DaemonSet")["spec"]["template"]["spec"];
}
YAML::Node container_spec() {
  return pod_spec()["containers"][0];
}

[[noreturn]] void not_understood(const std::string& what) {
  throw std::runtime_error(manifests + ": this test does not know what the kubelet makes of " + what);
}

// The security context of pod and container, field by field.
CriSecurity security_of(const YAML::Node& pod, const YAML::Node& container) {
  CriSecurity security;
  for (const auto& field : pod) {
    const auto name = field.first.as<std::string>();
    // What CriDriver gives to all.
    if (name != "seccompProfile" || field.second["type"].as<std::string>() != "RuntimeDefault")
      not_understood("securityContext." + name);
  }
  for (const auto& field : container) {
    const auto name = field.first.as<std::string>();
    const auto& value = field.second;
    if (name == "runAsUser") {
      security.user = value.as<std::int64_t>();
    } else if (name == "runAsGroup") {
      security.group = value.as<std::int64_t>();
    } else if (name == "readOnlyRootFilesystem") {
      security.has_read_only_root = value.as<bool>();
    } else if (name == "capabilities" && value["drop"].size() == 1 &&
               value["drop"][0].as<std::string>() == "ALL") {
      security.capabilities = value["add"].as<std::vector<std::string>>();
    } else if (name == "appArmorProfile") {
      security.is_apparmor_unconfined = value["type"].as<std::string>() == "Unconfined";
    } else if (name != "privileged" || value.as<bool>()) {
      not_understood("securityContext." + name);
    }
  }
  return security;
}

// As the kubelet reads quantities; those with a suffix that is a power of two.
std::int64_t bytes_of(const std::string& quantity) {
  std::size_t used = 0;
  const auto number = std::stoll(quantity, &used);
  const auto unit = quantity.substr(used);
  if (unit == "Gi") return number << 30;
  if (unit == "Mi") return number << 20;
  not_understood("memory: " + quantity);
}

std::map<std::string, std::string> environment_of(const YAML::Node& container) {
  std::map<std::string, std::string> environment;
  for (const auto& variable : container["env"]) {
    const auto name = variable["name"].as<std::string>();
    if (variable["valueFrom"]["fieldRef"]["fieldPath"].as<std::string>("") != "spec.nodeName")
      not_understood("env " + name);
    environment[name] = "node-of-the-test";
  }
  return environment;
}

}  // namespace

ManifestPod::ManifestPod(std::string directory, std::string socket, const std::string& cgroup,
                         const std::string& image, std::vector<std::string> command)
    : directory_(std::move(directory)),
      socket_(std::move(socket)),
      driver_(socket_, cgroup),
      // Pods have the host's network here.
      port_(free_port()) {
  for (const char* name : {"config", "run", "state", "logs"})
    std::filesystem::create_directories(path_of(name));
  // As an emptyDir is.
  std::filesystem::permissions(path_of("run"), std::filesystem::perms::all);
  write_file(path_of("config") + "/dropwarden.yaml", configuration());
  const auto pod = pod_spec();
  const auto container = container_spec();
  pod_ = driver_.run_pod("dropwarden", "kube-system", pod["hostPID"].as<bool>(), path_of("logs"));
  container_ = driver_.run_container(
      pod_, {.name = container["name"].as<std::string>(),
             .image = image,
             .command = std::move(command),
             .mounts = mounts_of(container),
             .security = security_of(pod["securityContext"], container["securityContext"]),
             .arguments = container["args"].as<std::vector<std::string>>(),
             .environment = environment_of(container),
             .log_path = "log",
             .memory_limit = bytes_of(container["resources"]["limits"]["memory"].as<std::string>())});
}

ManifestPod::~ManifestPod() {
  try {
    driver_.stop_container(container_, std::chrono::seconds(10));
    driver_.remove_pod(pod_);
  } catch (const std::exception& error) {
    std::cerr << "the pod is left behind: " << error.what() << '\n';
  }
}

// A line of the runtime's log is `TIME STREAM TAG TEXT`; of a long line all parts but the last have the tag P
// (the kubelet's “CRI log format”).
std::string ManifestPod::printed_on(const std::string& stream) const {
  std::istringstream lines(read_file(path_of("logs") + "/log"));
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string time;
    std::string from;
    std::string tag;
    words >> time >> from >> tag;
    if (from != stream || !words) continue;
    words.get();
    std::string rest;
    std::getline(words, rest);
    text += rest;
    if (tag == "F") text += '\n';
  }
  return text;
}

std::vector<Record> ManifestPod::findings() const {
  std::istringstream lines(printed_on("stdout"));
  std::vector<Record> records;
  // The last may be on its way.
  for (std::string line; std::getline(lines, line) && !lines.eof();)
    records.push_back(boost::json::parse(line));
  return records;
}

std::string ManifestPod::probe(const std::string& name) const {
  const auto path = container_spec()[name]["httpGet"]["path"].as<std::string>();
  return page(path);
}

std::string ManifestPod::page(const std::string& path) const {
  return get_page(port_, path);
}

std::string ManifestPod::configuration() const {
  auto text = object_of("ConfigMap")["data"]["dropwarden.yaml"].as<std::string>();
  text = std::regex_replace(text, std::regex("/run/containerd/containerd\\.sock"),
                            "/run/containerd/" + std::filesystem::path(socket_).filename().string());
  return std::regex_replace(text, std::regex("0\\.0\\.0\\.0:9476"), "127.0.0.1:" + std::to_string(port_));
}

std::vector<CriMount> ManifestPod::mounts_of(const YAML::Node& container) const {
  std::vector<CriMount> mounts;
  for (const auto& mount : container["volumeMounts"]) {
    const auto name = mount["name"].as<std::string>();
    const auto propagation = mount["mountPropagation"];
    const bool is_runtime = name.starts_with("runtime-");
    mounts.push_back({is_runtime ? std::filesystem::path(socket_).parent_path().string() : path_of(name),
                      mount["mountPath"].as<std::string>(), mount["readOnly"] && mount["readOnly"].as<bool>(),
                      propagation && propagation.as<std::string>() == "HostToContainer"});
  }
  return mounts;
}

}  // namespace dropwarden::test
