// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/policy/engine.hpp"

#include <chrono>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/index.hpp"

namespace dropwarden::policy {
namespace {

using model::Severity;
using model::Verdict;
using namespace std::chrono_literals;
using testing::ElementsAre;

const util::WallTime noon{std::chrono::sys_days{std::chrono::year{2026} / 11 / 27} + 12h};

model::WriteEvent shop_event() {
  model::WriteEvent event;
  event.time = noon;
  event.container.name = "web";
  event.container.image = {"docker.io:5000/acme/shop:1.2@sha256:aa", "sha256:aa"};
  event.container.labels = {{"app", "shop"}};
  event.container.pod = model::Pod{"web-1", "prod", "u"};
  event.container.started = noon - 10s;
  event.file.path = "/opt/shop/plugins/a.so";
  event.file.kind.emplace().elf.emplace().type = model::ElfType::shared;
  event.file.origin = model::Origin::created;
  event.file.sha256 = {std::string(64, 'a'), model::HashStatus::done};
  event.process.exe = "/usr/bin/updater";
  event.process.uid = 33;
  event.process.ancestors = {{{1}, "init", "/sbin/tini"}};
  event.image_programs = {"/usr/bin/dpkg"};
  return event;
}

// What matches the event above, each condition by itself.
std::vector<Conditions> conditions_that_match() {
  std::vector<Conditions> all;
  const auto add = [&](auto set) { set(all.emplace_back()); };
  add([](Conditions& c) { c.image = {"docker.io:5000/acme/*"}; });
  add([](Conditions& c) { c.image = {"other", "docker.io:5000/acme/shop"}; });
  add([](Conditions& c) { c.image_tag = {"1.*"}; });
  add([](Conditions& c) { c.image_digest = {"sha256:aa"}; });
  add([](Conditions& c) { c.container = {"web"}; });
  add([](Conditions& c) { c.pod = {"web-*"}; });
  add([](Conditions& c) { c.name_space = {"prod"}; });
  add([](Conditions& c) { c.labels = {{"app", "sh*"}}; });
  add([](Conditions& c) { c.path = {"/opt/**/*.so"}; });
  add([](Conditions& c) { c.path = {"/opt/shop/plugins/a.so"}; });
  add([](Conditions& c) { c.writer = {"/usr/bin/*"}; });
  add([](Conditions& c) { c.ancestor = {"/sbin/tini"}; });
  add([](Conditions& c) { c.user = {0, 33}; });
  add([](Conditions& c) { c.kind = {&Kinds::shared_objects}; });
  add([](Conditions& c) { c.origin = {model::Origin::created}; });
  add([](Conditions& c) { c.place = {model::Place::rootfs}; });
  add([](Conditions& c) { c.sha256 = {std::string(64, 'a')}; });
  add([](Conditions& c) { c.started_within = 10s; });
  add([](Conditions& c) { c.is_writer_of_image = true; });
  add([](Conditions& c) { c.program_of_image = {"/usr/bin/apk", "/usr/bin/dpkg"}; });
  return all;
}

model::Decision decide(Policy policy, const model::WriteEvent& event, util::WallTime now = noon,
                       bool is_writer_of_image = true) {
  policy.shipped = {false, false, false, false, false, false};
  return Engine(policy, 7).decide(event,
                                  {.now = now, .is_writer_of_image = [=] { return is_writer_of_image; }});
}

Policy with_exception(Conditions when) {
  Policy policy;
  policy.exceptions.push_back({.name = "e", .reason = "because", .when = std::move(when)});
  return policy;
}

TEST(Engine, ShowsWhatNothingCovers) {
  const auto decision = decide({}, shop_event());
  EXPECT_EQ(decision.verdict, Verdict::shown);
  EXPECT_EQ(decision.generation, 7U);
  EXPECT_EQ(decision.rule, "");
  EXPECT_EQ(decision.severity, Severity::medium);
}

TEST(Engine, ExceptsByEachCondition) {
  for (const Conditions& when : conditions_that_match()) {
    const auto decision = decide(with_exception(when), shop_event());
    EXPECT_EQ(decision.verdict, Verdict::excepted);
    EXPECT_EQ(decision.exception, (model::ExceptedBy{"e", "because"}));
  }
}

TEST(Engine, ExceptsNothingOfWhichAConditionIsNotKnown) {
  model::WriteEvent unknown;
  unknown.file.place = model::Place::tmpfs;
  unknown.file.origin = model::Origin::unknown;
  for (const Conditions& when : conditions_that_match()) {
    const auto decision = decide(with_exception(when), unknown, noon, false);
    EXPECT_EQ(decision.verdict, Verdict::shown);
  }
}

TEST(Engine, AsksForAllConditionsTogether) {
  const auto all = conditions_that_match();
  Conditions when = all[0];
  when.path = {"/opt/**"};
  EXPECT_EQ(decide(with_exception(when), shop_event()).verdict, Verdict::excepted);
  when.user = {1};
  EXPECT_EQ(decide(with_exception(when), shop_event()).verdict, Verdict::shown);
}

// A scan knows no process, and a runtime may not have told the image yet.
TEST(Engine, GoesOnToExceptWhatItHasExceptedByWhatTheFileIs) {
  auto later = shop_event();
  later.process = {};
  later.container = {};
  later.image_programs = {};
  later.file.origin = model::Origin::unknown;
  const auto verdict = [&](const Policy& policy, std::string_view covered_by = "e") {
    return Engine(policy, 7)
        .decide(later, {.now = noon, .is_writer_of_image = {}, .covered_by = exception_key(covered_by)})
        .verdict;
  };
  for (const Conditions& conditions : conditions_that_match()) {
    Policy policy = with_exception(conditions);
    EXPECT_EQ(verdict(policy), Verdict::excepted);
    policy.exceptions[0].when.path = {"/elsewhere/**"};
    EXPECT_EQ(verdict(policy), Verdict::shown) << "it has left its place";
  }
  Policy policy = with_exception({.writer = {"/usr/bin/*"}});
  EXPECT_EQ(verdict(policy, "other"), Verdict::shown);
  policy.exceptions[0].expires = noon;
  EXPECT_EQ(verdict(policy), Verdict::shown);
  policy = with_exception({.origin = {model::Origin::created}});
  later.file.origin = model::Origin::modified;
  EXPECT_EQ(verdict(policy), Verdict::shown);
}

TEST(Engine, LeavesAnExceptionThatHasExpired) {
  Policy policy = with_exception(conditions_that_match()[0]);
  policy.exceptions[0].expires = noon;
  EXPECT_EQ(decide(policy, shop_event(), noon - 1s).verdict, Verdict::excepted);
  EXPECT_EQ(decide(policy, shop_event(), noon).verdict, Verdict::shown);
  policy.exceptions.push_back({.name = "next", .reason = "r", .when = conditions_that_match()[1]});
  EXPECT_EQ(decide(policy, shop_event(), noon).exception->name, "next");
}

TEST(Engine, TakesTheFirstRuleThatMatches) {
  Policy policy;
  policy.rules = {{.name = "other", .when = {.path = {"/srv/**"}}, .severity = Severity::info},
                  {.name = "tagged", .when = {.path = {"/opt/**"}}, .severity = {}, .tags = {"pci"}},
                  {.name = "late", .when = {}, .severity = Severity::critical}};
  const auto decision = decide(policy, shop_event());
  EXPECT_EQ(decision.rule, "tagged");
  EXPECT_THAT(decision.tags, ElementsAre("pci"));
  EXPECT_EQ(decision.severity, Severity::medium) << "the rule sets none";
  auto elsewhere = shop_event();
  elsewhere.file.path = "/x";
  EXPECT_EQ(decide(policy, elsewhere).severity, Severity::critical);
}

TEST(Engine, SaysOfWhatIsExceptedHowSevereItWouldBe) {
  Policy policy = with_exception({.path = {"/opt/**"}});
  policy.rules = {{.name = "r", .when = {}, .severity = Severity::high}};
  const auto decision = decide(policy, shop_event());
  EXPECT_EQ(decision.verdict, Verdict::excepted);
  EXPECT_EQ(decision.severity, Severity::high);
}

TEST(Engine, KnowsWhatItWaitsFor) {
  EXPECT_FALSE(Engine().needs_metadata());
  EXPECT_FALSE(Engine().needs_hash());
  EXPECT_TRUE(Engine(with_exception({.name_space = {"a"}}), 1).needs_metadata());
  EXPECT_TRUE(Engine(with_exception({.sha256 = {"a"}}), 1).needs_hash());
}

// A package manager that was dropped is none of the image's.
TEST(Engine, HasExceptionsOfItsOwn) {
  auto event = shop_event();
  event.process.exe = "/usr/bin/dpkg";
  const Engine engine;
  const auto verdict = [&](bool is_of_image) {
    return engine.decide(event, {.now = noon, .is_writer_of_image = [=] { return is_of_image; }}).verdict;
  };
  EXPECT_EQ(verdict(true), Verdict::excepted);
  EXPECT_EQ(verdict(false), Verdict::shown);
  EXPECT_EQ(engine.decide(event, {}).verdict, Verdict::shown);
  for (const ShippedKey& key : shipped_keys) {
    Shipped one{false, false, false, false, false, false};
    one.*key.member = true;
    const auto exceptions = shipped_exceptions(one);
    ASSERT_FALSE(exceptions.empty()) << key.name;
    EXPECT_EQ(exceptions[0].name, std::string("shipped-") + key.name);
    for (const Exception& exception : exceptions) {
      EXPECT_TRUE(exception.name.starts_with("shipped-")) << exception.name;
      EXPECT_NE(exception.reason, "");
    }
  }
}

TEST(Engine, AsksForTheProgramsOnWhichADecisionDepends) {
  Policy policy = with_exception({.path = {"/opt/**"}, .program_of_image = {"/usr/bin/b", "/usr/bin/a"}});
  policy.rules = {{.name = "r",
                   .when = {.image = {"unknown by then"}, .program_of_image = {"/usr/bin/b", "/usr/bin/c"}},
                   .severity = Severity::low},
                  {.name = "s",
                   .when = {.path = {"/elsewhere"}, .program_of_image = {"/usr/bin/d"}},
                   .severity = Severity::low}};
  EXPECT_THAT(Engine(policy, 1).programs_asked(shop_event()),
              ElementsAre("/usr/bin/a", "/usr/bin/b", "/usr/bin/c"));
  EXPECT_THAT(Engine().programs_asked(shop_event()), testing::IsEmpty()) << "of most findings nothing";
}

struct Drop {
  std::string path;
  std::string writer;
  model::Origin origin = model::Origin::created;
  bool is_of_image = true;
  model::ElfType type = model::ElfType::shared;  // unknown: a script
  std::string image = "docker.io/acme/shop:1";
  std::vector<std::string> image_programs{};
};

// The exception that comes along and covers it; all are on.
std::string shipped_for(const Drop& drop) {
  model::WriteEvent event;
  event.container.image.name = drop.image;
  event.file.path = drop.path;
  event.file.origin = drop.origin;
  model::FileKind& kind = event.file.kind.emplace();
  if (drop.type == model::ElfType::unknown)
    kind.format = model::Format::script;
  else
    kind.elf.emplace().type = drop.type;
  event.process.exe = drop.writer;
  event.image_programs = drop.image_programs;
  Policy policy;
  policy.shipped = {true, true, true, true, true, true};
  const auto decision =
      Engine(policy, 1).decide(event, {.now = noon, .is_writer_of_image = [&] { return drop.is_of_image; }});
  return decision.exception ? decision.exception->name : "";
}

TEST(ShippedExceptions, CoverTheNoiseThatTheyAreFor) {
  const std::string java = "/usr/lib/jvm/java-17/bin/java";
  using model::ElfType::pie;
  using model::Origin::created;
  using model::Origin::modified;
  EXPECT_EQ(shipped_for({"/usr/bin/jq", "/usr/bin/dpkg", modified, true, pie}), "shipped-package_managers");
  EXPECT_EQ(shipped_for({"/lib/x.so", "/sbin/apk", created}), "shipped-package_managers");
  EXPECT_EQ(shipped_for({"/tmp/jna-3506402/jna123.tmp", java, created}), "shipped-jna");
  for (const char* home : {"/root/.cache", "/usr/share/search/.cache", "/var/cache/shop"})
    EXPECT_EQ(shipped_for({home + std::string("/JNA/temp/jna1.tmp"), java, model::Origin::unknown}),
              "shipped-jna")
        << home;
  EXPECT_EQ(shipped_for({"/tmp/libio_grpc_netty_shaded_netty_tcnative_linux_x86_64123.so", java, created}),
            "shipped-netty");
  EXPECT_EQ(shipped_for({"/tmp/libnetty_transport_native_epoll_x86_64123.so", java, created}),
            "shipped-netty");
  EXPECT_EQ(shipped_for({"/tmp/_MEIa1b2c3/lib-dynload/_ssl.so", "/app/tool", created}),
            "shipped-pyinstaller");
  EXPECT_EQ(shipped_for(
                {"/src/.git/hooks/pre-push.sample", "/usr/bin/git", created, true, model::ElfType::unknown}),
            "shipped-git_hooks");
  for (const char* image :
       {"gcr.io/kaniko-project/executor:v1", "quay.io/buildah/stable:latest", "docker.io/moby/buildkit:v0.12",
        "docker.io/gitlab/gitlab-runner-helper:x86_64-v14",
        "registry.gitlab.com/gitlab-org/gitlab-runner/gitlab-runner-helper:x86_64-v16"})
    EXPECT_EQ(shipped_for({"/kaniko/0/bin/sh", "/kaniko/executor", created, true, pie, image}),
              "shipped-ci_builders");
}

TEST(ShippedExceptions, CoverTheScriptsOfPackagesWhereTheImagesOwnDpkgIsUnchanged) {
  const std::vector<std::string> dpkg{"/usr/bin/dpkg"};
  const auto covering = [](const std::string& path, const std::vector<std::string>& programs,
                           model::ElfType type = model::ElfType::unknown) {
    return shipped_for({.path = path, .writer = "", .type = type, .image_programs = programs});
  };
  for (const std::string name : {"preinst", "postinst", "prerm", "postrm", "config"}) {
    EXPECT_EQ(covering("/var/lib/dpkg/tmp.ci/" + name, dpkg), "shipped-package_scripts");
    EXPECT_EQ(covering("/var/lib/dpkg/info/libc6:amd64." + name, dpkg), "shipped-package_scripts");
    EXPECT_EQ(covering("/var/lib/dpkg/tmp.ci/" + name, {}), "") << "no dpkg, or another than the image's";
  }
  for (const char* path : {"/var/lib/dpkg/tmp.ci/x", "/var/lib/dpkg/info/x/y.postinst", "/tmp/postinst"})
    EXPECT_EQ(covering(path, dpkg), "") << path;
  EXPECT_EQ(covering("/var/lib/dpkg/tmp.ci/postinst", dpkg, model::ElfType::pie), "") << "a program";
}

TEST(ShippedExceptions, AreOfNoUseToWhoOnlyNamesThingsLikeThem) {
  const std::string java = "/usr/lib/jvm/java-17/bin/java";
  using model::ElfType::executable;
  using model::ElfType::pie;
  using model::Origin::created;
  using model::Origin::modified;
  // A program that was dropped, or changed, under such a name.
  EXPECT_EQ(shipped_for({"/usr/bin/x", "/usr/bin/apt", created, false, pie}), "");
  EXPECT_EQ(shipped_for({"/tmp/jna1.tmp", "/tmp/java", created, false}), "");
  EXPECT_EQ(shipped_for({"/opt/x/JNA/temp/jna1.tmp", "/opt/x/java", created, false}), "");
  EXPECT_EQ(shipped_for({"/tmp/_MEIa1b2c3/x.so", "/app/tool", created, false}), "");
  EXPECT_EQ(shipped_for({"/x/.git/hooks/a.sample", "/usr/bin/git", created, false, model::ElfType::unknown}),
            "");
  EXPECT_EQ(shipped_for({"/usr/bin/x", "/tmp/apt-get", created, true, pie}), "") << "elsewhere";
  // The image's own tools, put to use at such a path.
  for (const char* tool :
       {"/bin/sh", "/bin/busybox", "/usr/bin/curl", "/usr/bin/cp", "/usr/bin/python3.11"}) {
    EXPECT_EQ(shipped_for({"/tmp/jna1.tmp", tool, created}), "") << tool;
    EXPECT_EQ(shipped_for({"/opt/x/JNA/temp/jna1.tmp", tool, created}), "") << tool;
    EXPECT_EQ(shipped_for({"/tmp/libnetty_1.so", tool, created}), "") << tool;
    EXPECT_EQ(shipped_for({"/tmp/_MEIa1b2c3/x.so", tool, created}), "") << tool;
    EXPECT_EQ(shipped_for({"/x/.git/hooks/a.sample", tool, created, true, model::ElfType::unknown}), "")
        << tool;
  }
  // A program instead of a library, and what replaces the image's own.
  EXPECT_EQ(shipped_for({"/tmp/jna1.tmp", java, created, true, pie}), "");
  EXPECT_EQ(shipped_for({"/tmp/_MEIa1b2c3/x", "/app/tool", created, true, executable}), "");
  EXPECT_EQ(shipped_for({"/tmp/libnetty_1.so", java, modified}), "");
  EXPECT_EQ(shipped_for({"/tmp/x/lib_netty_1.so", java, created}), "");
  EXPECT_EQ(shipped_for({"/opt/x/jna1.tmp", java, created}), "");
  EXPECT_EQ(shipped_for({"/src/.git/hooks/pre-push", "/usr/bin/git", created, true, model::ElfType::unknown}),
            "")
      << "a hook that runs";
  EXPECT_EQ(shipped_for({"/bin/x", "/bin/sh", created, true, pie, "docker.io/evil/kaniko-project/executor"}),
            "");
}

TEST(Index, HoldsAFindingAgainstFewOfMany) {
  Index index;
  for (int i = 0; i < 10'000; ++i) {
    const std::string number = std::to_string(i);
    switch (i % 4) {
      case 0:
        index.add({.path = {"/opt/" + number + "/**"}});
        break;
      case 1:
        index.add({.image = {"docker.io/acme/" + number}});
        break;
      case 2:
        index.add({.name_space = {"n" + number}});
        break;
      default:
        index.add({.path = {"/srv/" + number}});
    }
  }
  auto event = shop_event();
  event.file.path = "/opt/400/bin/x";
  EXPECT_EQ(index.size(), 10'000U);
  EXPECT_LE(index.count_candidates(Facts(event)), 4U);
  const auto any = [](std::size_t) { return true; };
  EXPECT_EQ(index.find(Facts(event), any), 400U);
  event.container.pod->name_space = "n2";
  EXPECT_EQ(index.find(Facts(event), any), 2U) << "the first of those that match";
}

TEST(SplitImage, KnowsAPortFromATag) {
  const auto split = [](std::string_view name) { return split_image(name); };
  using Parts = std::pair<std::string_view, std::string_view>;
  EXPECT_EQ(split("nginx"), Parts("nginx", ""));
  EXPECT_EQ(split("nginx:1.25"), Parts("nginx", "1.25"));
  EXPECT_EQ(split("host:5000/nginx"), Parts("host:5000/nginx", ""));
  EXPECT_EQ(split("host:5000/nginx:1@sha256:aa"), Parts("host:5000/nginx", "1"));
  EXPECT_EQ(split(""), Parts("", ""));
}

}  // namespace
}  // namespace dropwarden::policy
