// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <filesystem>
#include <map>
#include <string>
#include <thread>

#include <boost/asio/post.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/container/source.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/sys/file.hpp"

#include "runtime_test.hpp"
#include "support/loop.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using model::ContainerState;
using testing::AnyOf;
using testing::HasSubstr;

const std::vector<std::string> idle{"sleep", "100000"};

// What one source has said so far.
class Known final : public container::Observer {
 public:
  void on_list(const std::string&, std::vector<model::Container> containers) override {
    ++lists;
    by_id.clear();
    for (auto& container : containers) by_id.emplace(container.id.value, std::move(container));
  }
  void on_container(const std::string&, model::Container container) override {
    by_id.insert_or_assign(container.id.value, container);
  }
  void on_gone(const std::string&, const model::ContainerId& id) override { by_id.erase(id.value); }
  void on_state(const container::SourceState& state) override { last_state = state; }

  bool is_running(const std::string& id) const {
    const auto found = by_id.find(id);
    return found != by_id.end() && found->second.state == ContainerState::running &&
           found->second.metadata == model::Metadata::complete && found->second.init.value > 0;
  }

  std::map<std::string, model::Container> by_id;
  int lists = 0;
  container::SourceState last_state;
};

// A source of the runtime under test, told to `known` while `loop` runs.
class Discovery : public RuntimeTest {
 protected:
  std::unique_ptr<container::Source> make_source(container::Observer& observer) {
    const RuntimeSocket socket = runtime().socket();
    container::SourceOptions options;
    options.socket = socket.path;
    options.timeout = 10s;
    const auto connect = [this](const std::string& path) { return privilege_->connect_unix(path); };
    return socket.type == "cri" ? container::make_cri_source(loop, options, connect, observer)
                                : container::make_docker_source(loop, options, connect, observer);
  }

  boost::asio::io_context loop;
  Known known;

 private:
  std::unique_ptr<privilege::Privilege> privilege_ = privilege::make_direct();
};

TEST_F(Discovery, KnowsAContainerThatRanBefore) {
  ScopedContainer container(runtime(), idle);
  const auto source = make_source(known);
  source->start();
  ASSERT_TRUE(run_until(loop, [&] { return known.lists > 0; }, 20s)) << known.last_state.problem;
  ASSERT_TRUE(known.is_running(container->id));
  const model::Container& found = known.by_id.at(container->id);
  EXPECT_EQ(found.name, container->name);
  EXPECT_EQ(model::name_of(found.runtime), runtime().name());
  EXPECT_EQ(found.image.name, container->image_name);
  EXPECT_THAT(found.image.digest, AnyOf(container->image_id, container->image_digest));
  EXPECT_GT(found.started, util::WallTime{});
  EXPECT_LT(found.started, std::chrono::system_clock::now());
  EXPECT_EQ(found.pod.has_value(), container->pod.has_value());
  EXPECT_TRUE(found.upperdir.empty() || std::filesystem::is_directory(found.upperdir)) << found.upperdir;
  // The pid is one of the container's, not of its shim or monitor.
  const auto cgroup = sys::read_file("/proc/" + std::to_string(found.init.value) + "/cgroup", 1U << 20U);
  ASSERT_TRUE(cgroup) << cgroup.error().text();
  EXPECT_THAT(*cgroup, HasSubstr(container->id));
  EXPECT_TRUE(known.last_state.is_connected);
  EXPECT_EQ(known.last_state.problem, "");
  EXPECT_THAT(known.last_state.version, HasSubstr(runtime().name() + " "));
}

TEST_F(Discovery, FollowsAContainerFromItsStartToItsRemoval) {
  const auto source = make_source(known);
  source->start();
  ASSERT_TRUE(run_until(loop, [&] { return known.lists > 0; }, 20s)) << known.last_state.problem;
  std::string id;
  {
    ScopedContainer container(runtime(), idle);
    id = container->id;
    EXPECT_TRUE(run_until(loop, [&] { return known.is_running(id); }, 20s)) << known.last_state.problem;
  }
  EXPECT_TRUE(run_until(loop, [&] { return !known.by_id.contains(id); }, 20s)) << known.last_state.problem;
  EXPECT_EQ(known.last_state.problem, "");
  EXPECT_EQ(known.lists, 1) << "it was learned from a list, not from events";
}

TEST_F(Discovery, KnowsThatAContainerHasEnded) {
  const auto source = make_source(known);
  source->start();
  ASSERT_TRUE(run_until(loop, [&] { return known.lists > 0; }, 20s)) << known.last_state.problem;
  ScopedContainer container(runtime(), {"sh", "-c", "true"});
  EXPECT_TRUE(run_until(
      loop,
      [&] {
        const auto found = known.by_id.find(container->id);
        return found != known.by_id.end() && found->second.state == ContainerState::exited;
      },
      20s))
      << known.last_state.problem;
  EXPECT_EQ(known.by_id[container->id].init.value, 0);
}

// However the start falls between the subscription, the list and the inspections.
TEST_F(Discovery, MissesNoContainerThatStartsWhileItBegins) {
  for (int round = 0; round < 8; ++round) {
    loop.restart();
    Known fresh;
    std::unique_ptr<ScopedContainer> container;
    std::atomic_bool is_started = false;
    std::thread starter([&] {
      try {
        container = std::make_unique<ScopedContainer>(runtime(), idle);
        is_started = true;
        boost::asio::post(loop, [] {});  // wakes it, should the news have come before
      } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
      }
    });
    const auto source = make_source(fresh);
    // Spread over the time that a start takes.
    std::this_thread::sleep_for(round * 50ms);
    source->start();
    // Its event may come before the list.
    const bool is_known = run_until(
        loop, [&] { return is_started && fresh.lists > 0 && fresh.is_running((*container)->id); }, 20s);
    starter.join();
    EXPECT_TRUE(is_known) << "round " << round << ": " << fresh.last_state.problem;
    EXPECT_EQ(fresh.lists, 1);
    source->stop();
  }
}

}  // namespace
}  // namespace dropwarden::test
