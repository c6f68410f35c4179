// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/container/cgroup_path.hpp"

#include <cstddef>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dropwarden::container {

// GoogleTest prints an owner by this name.
void PrintTo(const CgroupOwner& owner, std::ostream* out) {
  *out << model::name_of(owner.runtime) << ' ' << owner.id.value << " pod=" << owner.pod_uid
       << (owner.is_root ? " root" : " below");
}

namespace {

using model::Runtime;
using testing::ElementsAre;
using testing::IsEmpty;

// Two IDs. In a path, `ID` stands for the first and `OTHER` for the second.
const std::string first_id = "1234567890abcdef1234567890abcdef1234567890abcdef1234567890abcdef";
const std::string second_id = "fedcba0987654321fedcba0987654321fedcba0987654321fedcba0987654321";
const std::string pod_uid = "b13213a6-d47e-4bd1-bc00-f175d1ad3b6e";
const std::string task = "0123456789abcdef0123456789abcdef";

std::string fill(std::string text) {
  for (const auto& [word, value] : {std::pair<std::string, std::string>{"ID", first_id},
                                    {"OTHER", second_id},
                                    {"POD_", "b13213a6_d47e_4bd1_bc00_f175d1ad3b6e"},
                                    {"POD", pod_uid},
                                    {"TASK", task}}) {
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + value.size())) {
      text.replace(at, word.size(), value);
    }
  }
  return text;
}

struct Form {
  const char* who;  // makes such a path
  const char* path;
  Runtime runtime;
  const char* id;
  const char* pod;
  bool is_root;
  bool is_users = false;
};

const Form container_forms[] = {
    {"dockershim, systemd", "/kubepods/besteffort/pod123/docker-ID.scope", Runtime::docker, "ID", "123",
     true},
    {"CRI-O in a plain folder", "/kubepods/besteffort/pod123/crio-ID.scope", Runtime::crio, "ID", "123",
     true},
    {"CRI-O, cgroupfs", "/kubepods/burstable/podPOD/crio-ID", Runtime::crio, "ID", "POD", true},
    {"CRI-O, systemd", "/kubepods.slice/kubepods-podPOD_.slice/crio-ID.scope", Runtime::crio, "ID", "POD",
     true},
    {"CRI-O with crun", "/kubepods.slice/kubepods-podPOD_.slice/crio-ID.scope/container", Runtime::crio, "ID",
     "POD", false},
    {"containerd in a plain folder", "/kubepods/besteffort/pod123/cri-containerd-ID.scope",
     Runtime::containerd, "ID", "123", true},
    {"containerd, notation of systemd on cgroupfs", "/kubepods/besteffort/pod123/some:cri-containerd:ID",
     Runtime::containerd, "ID", "123", true},
    {"containerd, cgroupfs, with a short uid", "/kubepods/besteffort/pod123/ID", Runtime::containerd, "ID",
     "123", true},
    {"containerd, cgroupfs", "/kubepods/besteffort/podPOD/ID", Runtime::containerd, "ID", "POD", true},
    {"containerd or cri-dockerd, guaranteed pod", "/kubepods/podPOD/ID", Runtime::containerd, "ID", "POD",
     true},
    {"kubelet of a static pod", "/kubepods/burstable/podTASK/ID", Runtime::containerd, "ID", "TASK", true},
    {"kubelet of a static pod, systemd", "/kubepods.slice/kubepods-podTASK.slice/cri-containerd-ID.scope",
     Runtime::containerd, "ID", "TASK", true},
    {"containerd, systemd",
     "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-podPOD_.slice/cri-containerd-ID.scope",
     Runtime::containerd, "ID", "POD", true},
    {"containerd with crun, systemd",
     "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-podPOD_.slice/cri-containerd-ID.scope/"
     "container",
     Runtime::containerd, "ID", "POD", false},
    {"containerd, slice parent without SystemdCgroup", "/kubepods-besteffort-pod3.slice:cri-containerd:ID",
     Runtime::containerd, "ID", "3", true},
    {"the same below the service",
     "/system.slice/containerd.service/kubepods-burstable-podPOD_.slice:cri-containerd:ID",
     Runtime::containerd, "ID", "POD", true},
    {"a container outside its cgroup namespace",
     "/../../kubepods-burstable-podPOD_.slice/cri-containerd-ID.scope", Runtime::containerd, "ID", "POD",
     true},
    {"nerdctl, systemd", "/system.slice/nerdctl-ID.scope", Runtime::containerd, "ID", "", true},
    {"nerdctl, cgroupfs", "/default/ID", Runtime::containerd, "ID", "", true},
    {"ctr with an ID for a name", "/k8s.io/ID", Runtime::containerd, "ID", "", true},
    {"docker, cgroupfs", "/docker/ID", Runtime::docker, "ID", "", true},
    {"docker, systemd", "/system.slice/docker-ID.scope", Runtime::docker, "ID", "", true},
    {"docker, rootless", "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-ID.scope",
     Runtime::docker, "ID", "", true, true},
    {"docker, notation of systemd on cgroupfs", "/system.slice:docker:ID", Runtime::docker, "ID", "", true},
    {"GitHub's runner", "/actions_job/ID", Runtime::docker, "ID", "", true},
    {"systemd in docker", "/docker/ID/init.scope", Runtime::docker, "ID", "", false},
    {"dockerd in docker", "/docker/ID/init", Runtime::docker, "ID", "", false},
    {"a service in docker in a pod", "/kubepods/besteffort/pod123/docker-ID.scope/system.slice",
     Runtime::docker, "ID", "123", false},
    {"podman, cgroupfs", "/libpod_parent/libpod-ID", Runtime::podman, "ID", "", true},
    {"podman in a pod, cgroupfs", "/libpod_parent/OTHER/libpod-ID", Runtime::podman, "ID", "", true},
    {"podman in a pod, systemd", "/machine.slice/machine-libpod_pod_OTHER.slice/libpod-ID.scope",
     Runtime::podman, "ID", "", true},
    {"podman, systemd", "/machine.slice/libpod-ID.scope", Runtime::podman, "ID", "", true},
    {"podman with crun", "/machine.slice/libpod-ID.scope/container", Runtime::podman, "ID", "", false},
    {"podman, rootless", "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-ID.scope/container",
     Runtime::podman, "ID", "", false, true},
    {"podman --cgroups=split", "/system.slice/web.service/libpod-payload-ID", Runtime::podman, "ID", "",
     true},
    {"podman --cgroups=split in a scope", "/machine.slice/libpod-ID.scope/libpod-payload-ID", Runtime::podman,
     "ID", "", true},
    {"ECS on a machine", "/ecs/TASK/ID", Runtime::unknown, "ID", "", true},
    {"ECS on Fargate", "/ecs/TASK/TASK-1234567890", Runtime::unknown, "TASK-1234567890", "", true},
    {"Garden", "/garden/1a2b3c4d-1a2b-3c4d-5e6f-7a8b", Runtime::garden, "1a2b3c4d-1a2b-3c4d-5e6f-7a8b", "",
     true},
    {"LXC 4", "/lxc.payload.web1", Runtime::lxc, "web1", "", true},
    {"a service in LXC", "/lxc.payload.web1/system.slice/nginx.service", Runtime::lxc, "web1", "", false},
    {"LXC 3", "/lxc.payload/web-1.example", Runtime::lxc, "web-1.example", "", true},
    {"LXC 2", "/lxc/web1", Runtime::lxc, "web1", "", true},
    {"nspawn", "/machine.slice/machine-foo.scope", Runtime::nspawn, "foo", "", true},
    {"nspawn, its payload", "/machine.slice/machine-foo.scope/payload", Runtime::nspawn, "foo", "", false},
    {"nspawn, escaped", "/machine.slice/machine-web\\x2d1.scope", Runtime::nspawn, "web-1", "", true},
    {"nspawn as a service", "/machine.slice/systemd-nspawn@web\\x2d1.service/payload", Runtime::nspawn,
     "web-1", "", false},
    {"a runtime yet unknown, systemd", "/system.slice/newrun-ID.scope", Runtime::unknown, "ID", "", true},
    {"a runtime yet unknown, cgroupfs", "/newrun/ID", Runtime::unknown, "ID", "", true},
    {"anyone, a doubled and a trailing slash", "//docker//ID/", Runtime::docker, "ID", "", true},
};

const Form nested_forms[] = {
    {"docker in docker", "/docker/ID/docker/OTHER", Runtime::docker, "OTHER", "", true},
    {"kind",
     "/docker/ID/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/"
     "kubelet-kubepods-besteffort-podPOD_.slice/cri-containerd-OTHER.scope",
     Runtime::containerd, "OTHER", "POD", true},
    {"kind, cgroupfs", "/docker/ID/kubelet/kubepods/besteffort/podPOD/OTHER/sub", Runtime::containerd,
     "OTHER", "POD", false},
    {"docker in a pod", "/kubepods/besteffort/podPOD/ID/docker/OTHER", Runtime::docker, "OTHER", "", true},
    {"docker in LXC", "/lxc.payload.web1/system.slice/docker-ID.scope", Runtime::docker, "ID", "", true},
};

struct Other {
  const char* who;
  const char* path;
};
const Other other_forms[] = {
    {"the kernel, for the root", "/"},
    {"nothing", ""},
    {"a cgroup namespace", "/../../../.."},
    {"a login", "/user.slice/user-1000.slice"},
    {"a login's session", "/user.slice/user-1000.slice/session-3.scope"},
    {"conmon of CRI-O",
     "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-podPOD_.slice/crio-conmon-ID.scope"},
    {"conmon of podman", "/machine.slice/libpod-conmon-ID.scope"},
    {"conmon of podman, cgroupfs", "/libpod_parent/libpod-conmon-ID"},
    {"podman's pod, cgroupfs", "/libpod_parent/ID"},
    {"podman's pod", "/machine.slice/machine-libpod_pod_ID.slice"},
    {"a unit whose name begins like a runtime's",
     "/system.slice/docker-compose-long-service-name-here.service"},
    {"a unit whose name is long hex", "/system.slice/0123456789abcdef0123456789abcdef.service"},
    {"the runtime itself", "/system.slice/containerd.service"},
    {"the runtime's shim", "/system.slice/docker.service/init"},
    {"ctr with a name", "/k8s.io/web"},
    {"ctr with a name in the default namespace", "/default/mycontainer"},
    {"ctr --runc-systemd-cgroup with a name", "/system.slice/ctr-x1.scope"},
    {"a pod without a container", "/kubepods/besteffort/podPOD"},
    {"a pod's slice without a container", "/kubepods.slice/kubepods-besteffort-podPOD_.slice"},
    {"LXC's monitor", "/lxc.monitor.web1"},
    {"LXC 3's monitor", "/lxc.monitor/web1"},
    {"LXC's folder", "/lxc"},
    {"a virtual machine", "/machine.slice/machine-qemu\\x2d1\\x2dguest.scope"},
    {"an ID with a digit too many", "/docker/IDa"},
    {"an ID with a digit too few", "/docker/234567890abcdef1234567890abcdef1234567890abcdef1234567890abcdef"},
    {"a word before the ID", "/system.slice/dockerID.scope"},
    {"an ECS task", "/ecs/TASK"},
    {"Fargate without a number", "/ecs/TASK/TASK-"},
    {"Fargate outside ECS", "/other/TASK/TASK-123"},
    {"a common UUID", "/garden/1a2b3c4d-1a2b-3c4d-5e6f-7a8b9c0d1e2f"},
    {"a machine without a name", "/machine.slice/machine-.scope"},
    {"a machine with a control character in its name", "/machine.slice/machine-a\\x1bb.scope"},
};

CgroupOwner owner_of(const Form& form) {
  return {form.runtime, {fill(form.id)}, fill(form.pod), form.is_root, form.is_users};
}

// All but the path, which has tests of its own.
MATCHER_P(IsOwner, expected, "") {
  CgroupOwner owner = arg;
  owner.path = expected.path;
  return owner == expected;
}
auto is_first(bool is_root, const std::string& pod = {}, Runtime runtime = Runtime::docker) {
  return IsOwner(CgroupOwner{runtime, {first_id}, pod, is_root, false});
}
auto is_second(bool is_root) {
  return IsOwner(CgroupOwner{Runtime::docker, {second_id}, "", is_root, false});
}

TEST(CgroupPath, NamesTheContainerOfEveryRuntimesForm) {
  for (const auto& form : container_forms) {
    SCOPED_TRACE(form.who);
    EXPECT_THAT(parse_cgroup_path(fill(form.path)), testing::Optional(IsOwner(owner_of(form))));
    EXPECT_THAT(parse_cgroup_owners(fill(form.path)), ElementsAre(IsOwner(owner_of(form))));
  }
}

TEST(CgroupPath, NamesTheInnermostContainerWhereOneRunsInAnother) {
  for (const auto& form : nested_forms) {
    SCOPED_TRACE(form.who);
    EXPECT_THAT(parse_cgroup_path(fill(form.path)), testing::Optional(IsOwner(owner_of(form))));
    EXPECT_THAT(parse_cgroup_owners(fill(form.path)), testing::SizeIs(2));
  }
}

TEST(CgroupPath, TakesNothingElseForAContainer) {
  for (const auto& form : other_forms) {
    SCOPED_TRACE(form.who);
    EXPECT_THAT(parse_cgroup_owners(fill(form.path)), IsEmpty());
    EXPECT_EQ(parse_cgroup_path(fill(form.path)), std::nullopt);
  }
}

TEST(CgroupPath, PutsTheOwnerThatNoContainerCanForgeFirst) {
  // Who may write below its own cgroup can name a child after any other container.
  const auto owners = parse_cgroup_owners(fill("/docker/ID/docker-OTHER.scope"));
  EXPECT_THAT(owners, ElementsAre(is_first(false), is_second(true)));
}

TEST(CgroupPath, NamesAnOwnerOnce) {
  EXPECT_THAT(parse_cgroup_owners(fill("/docker/ID/docker/OTHER/docker/ID")),
              ElementsAre(is_first(false), is_second(false)));
}

TEST(CgroupPath, LeavesAConmonInsideAContainerToThatContainer) {
  EXPECT_THAT(parse_cgroup_owners(fill("/docker/ID/libpod-conmon-OTHER.scope")),
              ElementsAre(is_first(false)));
}

// By it two that have one name are told apart, whatever lies below and however it is written.
TEST(CgroupPath, KeepsThePathDownToTheContainersOwnCgroup) {
  const auto path_of = [](const char* path) { return parse_cgroup_owners(fill(path)).at(0).path; };
  for (const char* path : {"/docker/ID", "//docker//ID/", "/docker/ID/init.scope", "/../../docker/ID",
                           "/docker/ID/docker/OTHER"}) {
    EXPECT_EQ(path_of(path), fill("/docker/ID")) << path;
  }
  EXPECT_EQ(path_of("/machine.slice/libpod-ID.scope/libpod-payload-ID/container"),
            fill("/machine.slice/libpod-ID.scope"))
      << "podman --cgroups=split";
  EXPECT_EQ(path_of("/machine.slice/machine-web\\x2d1.scope/payload"),
            "/machine.slice/machine-web\\x2d1.scope");
  EXPECT_EQ(path_of("/user.slice/user-1000.slice/user@1000.service/docker-ID.scope/x"),
            fill("/user.slice/user-1000.slice/user@1000.service/docker-ID.scope"));
  EXPECT_EQ(parse_cgroup_owners(fill("/docker/ID/docker/OTHER/x")).at(1).path,
            fill("/docker/ID/docker/OTHER"));
}

// All processes of a container share the path of the first line that names it, whatever other lines say.
TEST(ProcessCgroup, HasThePathOfTheLineThatNamesTheContainer) {
  const auto path_of = [](const std::string& text) { return parse_process_cgroup(fill(text)).value().path; };
  const std::string pod = "/kubepods.slice/kubepods-podPOD_.slice/cri-containerd-ID.scope";
  EXPECT_EQ(
      path_of("9:name=systemd:" + pod + "\n4:memory:" + pod + "\n0::/system.slice/containerd.service\n"),
      fill(pod));
  EXPECT_EQ(path_of("9:pids:/user.slice\n1:name=systemd:/user.slice/user-1.slice/docker-ID.scope\n0::/\n"),
            fill("/user.slice/user-1.slice/docker-ID.scope"));
}

TEST(TrustedOwner, PassesOverWhatEnclosesTheObserver) {
  const auto owners = parse_cgroup_owners(fill("/docker/ID/kubelet/kubepods/podPOD/OTHER"));
  const auto node = parse_cgroup_owners(fill("/docker/ID/init.scope"));
  EXPECT_EQ(trusted_owner(owners, {}), owners.front());
  EXPECT_EQ(trusted_owner(owners, node), owners.back());
  EXPECT_EQ(trusted_owner(node, node), std::nullopt);
  EXPECT_EQ(trusted_owner({}, {}), std::nullopt);
}

TEST(ProcessCgroup, LetsTheUnifiedLineDecideInTheHybridLayout) {
  EXPECT_THAT(
      parse_process_cgroup(fill("9:name=systemd:/docker/OTHER\n4:memory:/docker/OTHER\n0::/docker/ID\n")),
      testing::Optional(is_first(true)));
}

TEST(ProcessCgroup, FallsBackToVersion1WhereTheUnifiedLineSaysNothing) {
  for (const char* unified : {"0::/\n", "0::/../../../..\n", "0::/system.slice/runner.service\n", ""}) {
    SCOPED_TRACE(unified);
    EXPECT_THAT(parse_process_cgroup(
                    fill(std::string("5:devices:/user.slice\n4:cpu,cpuacct:/docker/ID\n") + unified)),
                testing::Optional(is_first(true)));
  }
}

TEST(ProcessCgroup, ReadsTheUnifiedLineAloneWhereVersion1SaysNothing) {
  EXPECT_THAT(parse_process_cgroup(fill("8:pids:/\n4:memory:/other/..\n0::/libpod_parent/libpod-ID\n")),
              testing::Optional(is_first(true, "", Runtime::podman)));
}

TEST(ProcessCgroup, IsThatOfAnotherOrBelowIt) {
  const std::string init = "9:name=systemd:/\n3:cpu:/k8s.io/web\n0::/k8s.io/web\n";
  EXPECT_TRUE(is_in_cgroup_of(init, init));
  EXPECT_TRUE(is_in_cgroup_of("3:cpu:/k8s.io/web/sub\n0::/elsewhere\n", init)) << "the first that tells";
  EXPECT_FALSE(is_in_cgroup_of("3:cpu:/k8s.io/web2\n0::/k8s.io/web\n", "3:cpu:/k8s.io/web\n"));
  EXPECT_FALSE(is_in_cgroup_of("3:cpu:/k8s.io\n0::/\n", init));
  EXPECT_FALSE(is_in_cgroup_of("", init));
  EXPECT_FALSE(is_in_cgroup_of(init, "")) << "nothing is known of the other";
  EXPECT_FALSE(is_in_cgroup_of("0::/\n", "0::/\n")) << "the root holds everybody";
}

TEST(ProcessCgroup, TakesColonsInThePathForPartOfIt) {
  EXPECT_THAT(parse_process_cgroup(fill("0::/kubepods-besteffort-pod3.slice:cri-containerd:ID\n")),
              testing::Optional(is_first(true, "3", Runtime::containerd)));
  EXPECT_THAT(parse_process_cgroup(fill("1:name=systemd:/system.slice:docker:ID")),
              testing::Optional(is_first(true)));
}

TEST(ProcessCgroup, KnowsTheContainerOfAZombieWhoseCgroupIsRemoved) {
  EXPECT_THAT(parse_process_cgroup(fill("0::/docker/ID (deleted)\n")), testing::Optional(is_first(true)));
}

TEST(ProcessCgroup, PassesOverMalformedLines) {
  EXPECT_EQ(parse_process_cgroup(""), std::nullopt);
  EXPECT_EQ(parse_process_cgroup(
                fill("/docker/ID\n:/docker/ID\nx::/docker/ID\n0:docker/ID\n-1::/docker/ID\n0::docker/ID\n")),
            std::nullopt);
  EXPECT_THAT(parse_process_cgroup(fill("\n\n::\n0\n0::/docker/ID")), testing::Optional(testing::_));
}

// Pieces of names rather than bytes alone, so that the random paths get past the first check.
std::string random_path(std::mt19937& random) {
  static const std::vector<std::string> pieces{"/",
                                               "/",
                                               "/",
                                               "..",
                                               ":",
                                               "-",
                                               ".scope",
                                               ".slice",
                                               "docker",
                                               "docker-",
                                               "crio-",
                                               "conmon-",
                                               "cri-containerd",
                                               "libpod-",
                                               "payload-",
                                               "lxc",
                                               "lxc.payload.",
                                               "machine-",
                                               "\\x2d",
                                               "\\x",
                                               "kubepods",
                                               "-pod",
                                               "pod",
                                               "ecs",
                                               "systemd-nspawn@",
                                               ".service",
                                               " (deleted)",
                                               first_id,
                                               second_id,
                                               task,
                                               task.substr(0, 8),
                                               "1a2b",
                                               "\n",
                                               "0::",
                                               std::string(1, '\0')};
  std::string path;
  for (auto left = random() % 24; left > 0; --left) {
    const auto kind = random() % (pieces.size() + 2);
    path += kind < pieces.size() ? pieces[kind] : std::string(1, static_cast<char>(random() % 256));
  }
  return path;
}

TEST(CgroupPath, SurvivesRandomBytesAndReturnsOnlyCleanNames) {
  std::mt19937 random(20261123);  // the same bytes each time
  std::size_t found = 0;
  for (int round = 0; round < 50000; ++round) {
    const auto path = random_path(random);
    const auto owners = parse_cgroup_owners(path);
    EXPECT_EQ(parse_cgroup_path(path), owners.empty() ? std::nullopt : std::optional(owners.back()));
    for (std::size_t at = 0; at < owners.size(); ++at) {
      const auto& owner = owners[at];
      EXPECT_THAT(owner.id.value, testing::MatchesRegex("[A-Za-z0-9._-]+")) << testing::PrintToString(path);
      EXPECT_THAT(owner.pod_uid, testing::MatchesRegex("[A-Za-z0-9.-]*")) << testing::PrintToString(path);
      EXPECT_LE(owner.id.value.size(), 255U);
      EXPECT_TRUE(!owner.is_root || at + 1 == owners.size()) << testing::PrintToString(path);
    }
    parse_process_cgroup(path);
    found += owners.size();
  }
  EXPECT_GT(found, 1000U) << "too few of the random paths name a container to prove anything";
}

}  // namespace
}  // namespace dropwarden::container
