// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/policy/assess.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dropwarden::policy {
namespace {

using model::Ground;
using model::Severity;
using testing::ElementsAre;
using testing::IsEmpty;

model::WriteEvent elf_at(std::string path) {
  model::WriteEvent event;
  event.file.path = std::move(path);
  event.file.kind.emplace().elf.emplace().type = model::ElfType::executable;
  event.file.mode = 0100755;
  event.file.origin = model::Origin::created;
  return event;
}

model::WriteEvent script_at(std::string path, std::string program) {
  auto event = elf_at(std::move(path));
  event.file.kind = model::FileKind{
      .format = model::Format::script,
      .script = model::ScriptFacts{.interpreter = "/bin/" + program, .argument = {}, .program = program}};
  return event;
}

std::vector<std::string> techniques(const Assessment& assessment) {
  std::vector<std::string> ids;
  for (const auto& attack : assessment.attacks) ids.emplace_back(attack.technique_id);
  return ids;
}

TEST(Assess, GivesAnOrdinaryProgramTheSeverityOfItsKind) {
  const auto assessment = assess(elf_at("/srv/app/tool"));
  EXPECT_EQ(assessment.severity, Severity::medium);
  EXPECT_THAT(assessment.grounds, IsEmpty());
  EXPECT_THAT(techniques(assessment), ElementsAre("T1105"));
}

TEST(Assess, WeighsKinds) {
  EXPECT_EQ(assess(script_at("/srv/app/tool", "bash")).severity, Severity::low);
  auto module = elf_at("/srv/m.ko");
  module.file.kind->elf->is_kernel_module = true;
  EXPECT_EQ(assess(module).severity, Severity::critical);
  EXPECT_THAT(techniques(assess(module)), ElementsAre("T1547.006"));
  auto packed = elf_at("/srv/p");
  packed.file.kind->elf->packing = {model::PackingSign::upx};
  EXPECT_EQ(assess(packed).severity, Severity::high);
  EXPECT_THAT(techniques(assess(packed)), ElementsAre("T1027.002"));
}

TEST(Assess, HasAWeightForEveryKindAndGround) {
  // A missing one ends the process.
  for (int format = 0; format <= static_cast<int>(model::Format::binfmt_misc); ++format) {
    model::WriteEvent event;
    event.file.kind.emplace().format = static_cast<model::Format>(format);
    assess(event);
  }
  auto event = elf_at("/etc/.a/ls\x01.png");
  event.file.mode |= 04000U;
  event.file.has_capabilities = true;
  event.file.origin = model::Origin::modified;
  event.file.kind->elf->defects = {model::ElfDefect::version};
  event.detected_by = model::Sensor::exec;
  EXPECT_THAT(assess(event).grounds,
              ElementsAre(Ground::setuid, Ground::capabilities, Ground::modified, Ground::misleading_name,
                          Ground::misleading_extension, Ground::malformed, Ground::executed,
                          Ground::hidden_directory));
}

TEST(Assess, RaisesWhatLiesWhereTheSystemsFilesDo) {
  for (const char* path : {"/bin/x", "/usr/sbin/x", "/usr/local/bin/x", "/lib/libx.so", "/usr/lib64/libx.so",
                           "/usr/lib/x86_64-linux-gnu/libx.so"}) {
    const auto assessment = assess(elf_at(path));
    EXPECT_EQ(assessment.severity, Severity::high) << path;
    EXPECT_THAT(assessment.grounds, ElementsAre(Ground::system_directory)) << path;
    EXPECT_THAT(techniques(assessment), ElementsAre("T1036.005", "T1105")) << path;
  }
  for (const char* path : {"/usr/bin-x/x", "/usr/lib/python3/x.so", "/opt/bin/x", "bin"})
    EXPECT_THAT(assess(elf_at(path)).grounds, IsEmpty()) << path;
}

TEST(Assess, RaisesNativeCodeWithTheNameOfASystemProgramElsewhere) {
  EXPECT_THAT(assess(elf_at("/srv/sshd")).grounds, ElementsAre(Ground::system_name));
  EXPECT_THAT(assess(elf_at("/srv/[kworker0]")).grounds, ElementsAre(Ground::system_name));
  EXPECT_THAT(assess(elf_at("/usr/sbin/sshd")).grounds, ElementsAre(Ground::system_directory));
  EXPECT_THAT(assess(script_at("/srv/service", "sh")).grounds, IsEmpty());
}

TEST(Assess, RaisesWhatHidesItself) {
  EXPECT_THAT(assess(elf_at("/srv/.x")).grounds, ElementsAre(Ground::hidden));
  const auto below = assess(elf_at("/root/.cache/go/x"));
  EXPECT_THAT(below.grounds, ElementsAre(Ground::hidden_directory));
  EXPECT_EQ(below.severity, Severity::medium);
  EXPECT_THAT(assess(elf_at("/srv/invoice.pdf")).grounds, ElementsAre(Ground::misleading_extension));
  EXPECT_THAT(assess(elf_at("/srv/x ")).grounds, ElementsAre(Ground::misleading_name));
  EXPECT_THAT(assess(elf_at("/srv/x\xe2\x80\xae"
                            "fdp"))
                  .grounds,
              ElementsAre(Ground::misleading_name));
  EXPECT_THAT(assess(elf_at("/srv/a\\b")).grounds, IsEmpty());
  EXPECT_THAT(assess(elf_at("/dev/shm/x")).grounds, ElementsAre(Ground::memory_directory));
}

TEST(Assess, JudgesNoNameThatTheKernelMadeUp) {
  auto event = elf_at("/srv/#4711");
  event.file.path_state = model::PathState::unnamed;
  EXPECT_THAT(assess(event).grounds, IsEmpty());
  event.file.path.clear();
  event.file.path_state = model::PathState::too_long;
  EXPECT_EQ(assess(event).severity, Severity::medium);
}

TEST(Assess, KnowsTheTacticsByTheirOldAndNewNames) {
  const auto assessment = assess(elf_at("/srv/.x"));
  ASSERT_FALSE(assessment.attacks.empty());
  EXPECT_EQ(assessment.attacks[0].tactic_id, "TA0005");
  EXPECT_EQ(assessment.attacks[0].tactic, "Stealth");
  EXPECT_EQ(assessment.attacks[0].former_tactic, "Defense Evasion");
}

TEST(Assess, TellsInterpretersApart) {
  EXPECT_THAT(techniques(assess(script_at("/srv/x", "dash"))), ElementsAre("T1059.004"));
  EXPECT_THAT(techniques(assess(script_at("/srv/x", "python3.11"))), ElementsAre("T1059.006"));
  EXPECT_THAT(techniques(assess(script_at("/srv/x", "node"))), ElementsAre("T1059.007"));
  EXPECT_THAT(techniques(assess(script_at("/srv/x", "awk"))), ElementsAre("T1059"));
}

TEST(Assess, PutsWhatIsGravestFirst) {
  auto event = elf_at("/root/.cache/x");
  event.file.has_capabilities = true;
  EXPECT_THAT(assess(event).grounds, ElementsAre(Ground::capabilities, Ground::hidden_directory));
  EXPECT_THAT(techniques(assess(event)), ElementsAre("T1548", "T1564.001", "T1105"));
}

}  // namespace
}  // namespace dropwarden::policy
