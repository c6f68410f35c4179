// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "container/cri_book.hpp"

namespace dropwarden::container {
namespace {

using Change = CriBook::Change;
using Kind = TaskEvent::Kind;
using model::ContainerState;
using model::Metadata;

CriContainer listed(const std::string& id, ContainerState state = ContainerState::running) {
  CriContainer out;
  out.container.id.value = id;
  out.container.name = "from list";
  out.container.state = state;
  out.container.metadata = state == ContainerState::exited ? Metadata::complete : Metadata::pending;
  return out;
}

CriContainer details(const std::string& id, ContainerState state = ContainerState::running,
                     std::int32_t pid = 10) {
  CriContainer out = listed(id, state);
  out.container.name = "from status";
  out.container.init.value = pid;
  out.container.metadata = Metadata::complete;
  return out;
}

TaskEvent event(Kind kind, const std::string& id, const std::string& name_space = "k8s.io") {
  TaskEvent out{.kind = kind, .name_space = name_space, .id = {id}};
  if (kind == Kind::created || kind == Kind::started) out.pid.value = 20;
  if (kind == Kind::created) out.upperdir = "/upper";
  return out;
}

class Book : public ::testing::Test {
 protected:
  Book() { book.set_runtime(model::Runtime::containerd, true); }

  void round(const std::vector<CriContainer>& containers, const std::vector<ListedTask>& tasks = {}) {
    book.begin_round();
    book.add_listed(containers);
    book.add_tasks("default", tasks);
    book.end_round(false);
  }
  const model::Container& at(const std::string& id) const {
    const model::Container* found = book.find({id});
    if (found == nullptr) throw std::out_of_range(id);
    return *found;
  }

  CriBook book;
};

TEST_F(Book, HoldsWhatAnEventTellsUntilTheDetailsCome) {
  EXPECT_EQ(book.apply(event(Kind::created, "a")), Change::updated);
  EXPECT_EQ(at("a").init.value, 20);
  EXPECT_EQ(at("a").upperdir, "/upper");
  EXPECT_EQ(at("a").state, ContainerState::created);
  EXPECT_EQ(at("a").runtime, model::Runtime::containerd);
  EXPECT_TRUE(book.is_incomplete({"a"}));
  EXPECT_EQ(book.apply(details("a", ContainerState::created, 0)), Change::updated);
  EXPECT_EQ(at("a").init.value, 20) << "CRI knows no pid before the start";
  EXPECT_EQ(at("a").upperdir, "/upper");
  EXPECT_EQ(at("a").name, "from status");
  EXPECT_FALSE(book.is_incomplete({"a"}));
}

TEST_F(Book, DoesNotGoBackWhenAnAnswerIsOlderThanAnEvent) {
  book.apply(event(Kind::created, "a"));
  book.apply(event(Kind::started, "a"));
  book.apply(details("a", ContainerState::created, 0));
  EXPECT_EQ(at("a").state, ContainerState::running);
  EXPECT_EQ(at("a").init.value, 20);
  book.apply(event(Kind::exited, "a"));
  book.apply(details("a"));
  EXPECT_EQ(at("a").state, ContainerState::exited);
  EXPECT_EQ(at("a").init.value, 0);
}

TEST_F(Book, ForgetsWhatCriDoesNotListAnyMore) {
  round({listed("a"), listed("b")});
  round({listed("b")});
  EXPECT_EQ(book.find({"a"}), nullptr);
  EXPECT_NE(book.find({"b"}), nullptr);
}

TEST_F(Book, KeepsWhatBeganWhileAListWasUnderWay) {
  book.begin_round();
  book.apply(event(Kind::created, "new"));
  book.add_listed({});
  book.end_round(false);
  EXPECT_NE(book.find({"new"}), nullptr);
}

TEST_F(Book, KeepsASandboxThatBecameReadyAfterTheList) {
  book.apply(event(Kind::created, "sandbox"));
  book.begin_round();
  book.add_listed({});
  book.apply(details("sandbox"));
  book.end_round(false);
  EXPECT_NE(book.find({"sandbox"}), nullptr);
}

TEST_F(Book, DoesNotBringBackWhatWasDeletedWhileAListWasUnderWay) {
  round({listed("a")});
  book.begin_round();
  EXPECT_EQ(book.apply(event(Kind::deleted, "a")), Change::gone);
  book.add_listed({listed("a")});
  book.end_round(false);
  EXPECT_EQ(book.find({"a"}), nullptr);
  EXPECT_EQ(book.apply(details("a")), Change::none) << "nor does a late answer";
  round({listed("a")});
  EXPECT_NE(book.find({"a"}), nullptr) << "but a later list does";
}

TEST_F(Book, AsksOnceForTheDetailsOfAListedContainer) {
  round({listed("a"), listed("b", ContainerState::exited)});
  ASSERT_EQ(book.incomplete().size(), 1U);
  EXPECT_EQ(book.incomplete()[0].value, "a");
  book.apply(details("a"));
  round({listed("a"), listed("b", ContainerState::exited)});
  EXPECT_TRUE(book.incomplete().empty());
  EXPECT_EQ(at("a").name, "from status");
}

TEST_F(Book, AsksAgainWhenAListSaysThatAContainerHasStarted) {
  round({listed("a", ContainerState::created)});
  book.apply(details("a", ContainerState::created, 0));
  round({listed("a", ContainerState::running)});
  EXPECT_TRUE(book.is_incomplete({"a"}));
}

TEST_F(Book, LearnsFromAListThatAContainerHasExited) {
  round({listed("a")});
  book.apply(details("a"));
  round({listed("a", ContainerState::exited)});
  EXPECT_EQ(at("a").state, ContainerState::exited);
  EXPECT_EQ(at("a").init.value, 0);
  EXPECT_EQ(at("a").name, "from status");
}

TEST_F(Book, TakesThePodFromTheSandboxWhereTheLabelsDoNotTell) {
  CriContainer sandbox = listed("s");
  sandbox.container.is_sandbox = true;
  sandbox.container.pod = model::Pod{"shop", "prod", "u-1"};
  CriContainer container = listed("a");
  container.sandbox_id = "s";
  round({sandbox, container});
  ASSERT_TRUE(at("a").pod);
  EXPECT_EQ(at("a").pod->uid, "u-1");
}

TEST_F(Book, HasNoMetadataForContainersOutsideCri) {
  book.apply(event(Kind::created, "x", "default"));
  EXPECT_EQ(at("x").metadata, Metadata::none);
  EXPECT_EQ(at("x").init.value, 20);
  EXPECT_EQ(at("x").upperdir, "/upper");
  EXPECT_FALSE(book.is_incomplete({"x"}));
}

TEST_F(Book, FollowsTheListOfTasksForContainersOutsideCri) {
  round({listed("a")}, {{{"x"}, {30}, ContainerState::running}, {{"y"}, {31}, ContainerState::running}});
  EXPECT_EQ(at("x").init.value, 30);
  round({listed("a")}, {{{"x"}, {30}, ContainerState::running}});
  EXPECT_NE(book.find({"x"}), nullptr);
  EXPECT_EQ(book.find({"y"}), nullptr);
}

TEST_F(Book, KeepsContainersOutsideCriWhenTheTasksCouldNotBeListed) {
  round({}, {{{"x"}, {30}, ContainerState::running}});
  book.begin_round();
  book.add_listed({});
  book.end_round(true);
  EXPECT_NE(book.find({"x"}), nullptr);
}

TEST_F(Book, DoesNotTakeOneNamespaceForAnother) {
  book.apply(event(Kind::created, "a"));
  EXPECT_EQ(book.apply(event(Kind::deleted, "a", "default")), Change::none);
  EXPECT_EQ(book.apply(event(Kind::exited, "a", "default")), Change::none);
  EXPECT_EQ(at("a").state, ContainerState::created);
}

TEST_F(Book, SaysThatNobodyKnowsMore) {
  book.apply(event(Kind::created, "a"));
  EXPECT_EQ(book.give_up({"a"}), Change::updated);
  EXPECT_EQ(at("a").metadata, Metadata::none);
  EXPECT_EQ(book.give_up({"other"}), Change::none);
}

TEST_F(Book, DoesNotLearnOfAContainerByItsExit) {
  EXPECT_EQ(book.apply(event(Kind::exited, "a")), Change::none);
  EXPECT_EQ(book.find({"a"}), nullptr);
}

TEST_F(Book, IsBounded) {
  for (int i = 0; i < 9000; ++i) book.apply(event(Kind::created, std::to_string(i)));
  EXPECT_EQ(book.all().size(), 8192U);
  EXPECT_TRUE(book.is_full());
}

TEST_F(Book, ForgetsEverythingWhenAnotherRuntimeAnswers) {
  round({listed("a")});
  book.set_runtime(model::Runtime::containerd, true);
  EXPECT_EQ(book.all().size(), 1U);
  book.set_runtime(model::Runtime::crio, true);
  EXPECT_TRUE(book.all().empty());
}

}  // namespace
}  // namespace dropwarden::container
