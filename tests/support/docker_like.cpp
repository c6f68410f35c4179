// SPDX-License-Identifier: Apache-2.0
#include "support/docker_like.hpp"

#include <exception>
#include <iostream>

#include "dropwarden/util/text.hpp"

namespace dropwarden::test {

DockerLike::DockerLike(const DockerLikeSpec& spec, const TestImages& images)
    : spec_(spec), image_(images.busybox), server_(std::make_unique<Server>(spec.server)) {
  require({"load", "--quiet", "--input", images.archive_of(image_)});
}

DockerLike::~DockerLike() {
  try {
    const auto ids = require({"ps", "--all", "--quiet", "--no-trunc"});
    for (const auto id : util::split(ids, '\n')) {
      if (!id.empty()) remove_id(std::string(id));
    }
  } catch (const std::exception& error) {
    std::cerr << "containers are left behind: " << error.what() << '\n';
  }
}

TestContainer DockerLike::start(const std::string& name, const std::vector<std::string>& command,
                                const std::vector<TestMount>& mounts,
                                const std::map<std::string, std::string>& labels) {
  std::vector<std::string> options;
  for (const auto& [key, value] : labels) options.push_back("--label=" + key + "=" + value);
  return start_with(options, name, command, mounts);
}

TestContainer DockerLike::start_with(const std::vector<std::string>& options, const std::string& name,
                                     const std::vector<std::string>& command,
                                     const std::vector<TestMount>& mounts) {
  auto arguments = spec_.run_options;
  arguments.insert(arguments.end(), options.begin(), options.end());
  for (const TestMount& mount : mounts) {
    const bool is_tmpfs = mount.kind == TestMount::Kind::tmpfs;
    arguments.push_back(is_tmpfs ? "--tmpfs=" + mount.path
                                 : "--volume=" + mount.source + ":" + mount.path +
                                       (mount.is_read_only ? ":ro" : ""));
  }
  for (const auto& word :
       {std::string("--detach"), std::string("--network=none"), "--name=" + name, image_.name}) {
    arguments.push_back(word);
  }
  arguments.insert(arguments.end(), command.begin(), command.end());
  const auto id = require({"run"}, arguments);
  return {id, name, image_.name, image_.id, image_.digest, std::nullopt};
}

CommandResult DockerLike::execute(const TestContainer& container, const std::vector<std::string>& command) {
  return run({"exec", container.id}, command);
}

void DockerLike::remove(const TestContainer& container) {
  remove_id(container.id);
}

void DockerLike::recover() {
  server_.reset();
  server_ = std::make_unique<Server>(spec_.server);
}

void DockerLike::load(const std::string& archive) {
  require({"load", "--quiet", "--input", archive});
}

void DockerLike::build(const std::string& directory, const std::string& name) const {
  auto arguments = spec_.build_options;
  arguments.insert(arguments.end(), {"--network=none", "--tag=" + name, directory});
  require({"build"}, arguments);
}

void DockerLike::copy_into(const TestContainer& container, const std::string& file,
                           const std::string& path) const {
  require({"cp", file, container.id + ":" + path});
}

void DockerLike::remove_id(const std::string& id) const {
  auto options = spec_.remove_options;
  options.push_back(id);
  require({"rm", "--force"}, options);
}

CommandResult DockerLike::run(const std::vector<std::string>& arguments,
                              const std::vector<std::string>& more) const {
  return run_command(client(arguments, more), {.environment = spec_.server.environment});
}

std::string DockerLike::require(const std::vector<std::string>& arguments,
                                const std::vector<std::string>& more) const {
  return require_command(client(arguments, more), {.environment = spec_.server.environment});
}

std::vector<std::string> DockerLike::client(const std::vector<std::string>& arguments,
                                            const std::vector<std::string>& more) const {
  auto all = spec_.command;
  all.insert(all.end(), arguments.begin(), arguments.end());
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace dropwarden::test
