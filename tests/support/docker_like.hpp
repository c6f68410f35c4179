// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "support/runtime.hpp"
#include "support/server.hpp"

namespace dropwarden::test {

struct DockerLikeSpec {
  std::string name;
  ServerSpec server;
  std::vector<std::string> command;         // the client with its global options
  std::vector<std::string> run_options;     // of `run`
  std::vector<std::string> build_options;   // of `build`
  std::vector<std::string> remove_options;  // of `rm`: not to wait for a process that ignores SIGTERM
};

// A runtime with docker's API on its socket and docker's command line: docker itself, and podman. The client
// gets the environment of the server.
class DockerLike final : public Runtime {
 public:
  DockerLike(const DockerLikeSpec& spec, const TestImages& images);
  ~DockerLike() override;

  std::string name() const override { return spec_.name; }
  RuntimeSocket socket() const override { return {"docker", spec_.server.socket}; }
  TestContainer start(const std::string& name, const std::vector<std::string>& command,
                      const std::vector<TestMount>& mounts,
                      const std::map<std::string, std::string>& labels) override;
  TestContainer start_read_only(const std::string& name, const std::vector<std::string>& command,
                                const std::vector<TestMount>& mounts) override {
    return start_with({"--read-only"}, name, command, mounts);
  }
  void load(const std::string& archive) override;
  CommandResult execute(const TestContainer& container, const std::vector<std::string>& command) override;
  void remove(const TestContainer& container) override;
  void crash() override { server_->kill(); }
  void recover() override;
  // With further options of `run`.
  TestContainer start_with(const std::vector<std::string>& options, const std::string& name,
                           const std::vector<std::string>& command, const std::vector<TestMount>& mounts);
  // `docker build` of a directory with a Dockerfile, by the classic builder.
  void build(const std::string& directory, const std::string& name) const;
  // `docker cp FILE CONTAINER:PATH`.
  void copy_into(const TestContainer& container, const std::string& file, const std::string& path) const;

 private:
  CommandResult run(const std::vector<std::string>& arguments,
                    const std::vector<std::string>& more = {}) const;
  std::string require(const std::vector<std::string>& arguments,
                      const std::vector<std::string>& more = {}) const;
  std::vector<std::string> client(const std::vector<std::string>& arguments,
                                  const std::vector<std::string>& more) const;
  void remove_id(const std::string& id) const;

  DockerLikeSpec spec_;
  Image image_;
  std::unique_ptr<Server> server_;
};

}  // namespace dropwarden::test
