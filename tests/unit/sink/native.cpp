// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/sink/format.hpp"
#include "dropwarden/util/escape.hpp"

#include "printed.hpp"
#include "sample.hpp"

namespace dropwarden::sink {
namespace {

namespace json = boost::json;
using namespace std::string_literals;
using testing::ElementsAre;

json::value parsed(const model::Finding& finding) {
  return parse_printed(format_native(finding), max_native_bytes);
}

// The field names and their order are a contract with whoever parses this.
TEST(Native, IsSchemaOneToTheLetter) {
  EXPECT_EQ(
      format_native(sample_finding()),
      R"({"schema":"dropwarden.finding/1","id":"0123456789abcdef0123456789abcdef","revision":2,"status":"final",)"
      R"("time":"2026-11-23T04:00:00.123456789Z","detected_by":"close_write",)"
      R"("signature":{"id":"TRC-1022","name":"New executable dropped","event_name":"dropped_executable",)"
      R"("version":"1","severity":2,"description":"What it means.","category":"defense-evasion","mitre":{"tactic":"Defense Evasion","technique":"Masquerading",)"
      R"("technique_id":"T1036","stix_id":"attack-pattern--1"}},)"
      R"("decision":{"verdict":"excepted","severity":"medium","grounds":["setuid"],"tags":["team-shop"],)"
      R"("mitre":[{"tactic_id":"TA0005","tactic":"Stealth","former_tactic":"Defense Evasion",)"
      R"("technique_id":"T1036","technique":"Masquerading"}],"rule":"shop",)"
      R"("exception":{"name":"updater","reason":"It updates itself."},"generation":3,"held_back":0,"assessment":1},)"
      R"("event":{"name":"magic_write","header":"f0VMRgI=","node":"node-7",)"
      R"("container":{"id":"c0ffee0000000000000000000000000000000000000000000000000000000001","name":"web",)"
      R"("runtime":"containerd","image":{"name":"docker.io/library/nginx:1.25","digest":"sha256:aa"},)"
      R"("labels":{"app":"shop","tier":""},"pod":{"name":"web-1","namespace":"prod",)"
      R"("uid":"8f3e1c4e-3f7a-4a52-9a8a-0f4f7f0c8d11"},"metadata":"complete"},)"
      R"("file":{"path":"/tmp/x","path_state":"live","kind":"elf","elf":{"type":"pie","class":64,)"
      R"("endian":"little","machine":"x86_64","interpreter":"/lib64/ld-linux-x86-64.so.2","static":false,)"
      R"("os_abi":null,"stripped":null,"kernel_module":null,"module_signature":null,"ebpf":false,)"
      R"("appimage":null,"malformed":[],"packed":[]},"registration":null,)"
      R"("size":16384,"mode":"4755","uid":1000,"gid":1001,"capabilities":false,"mtime":"2026-11-22T00:00:00.000000001Z",)"
      R"("ctime":"2026-11-22T00:00:01.000000000Z","inode":18446744073709551615,"device":"0:53",)"
      R"("mount":"rootfs","origin":"new","sha256":{"value":")" +
          std::string(64, 'd') + R"(","status":"done"},"capture":{"status":"done","path":"/copies/)" +
          std::string(64, 'd') +
          R"("}},"process":{"pid":4711,"pid_in_container":9,"container":"same","state":"running","name":"curl",)"
          R"("exe":"/usr/bin/curl","cmdline":["curl","-o","/tmp/x"],"uid":33,"loginuid":1002,)"
          R"("start_time":"2026-11-21T00:00:00.000000000Z","ancestors":[{"pid":4700,"name":"sh","exe":"/bin/dash"},)"
          R"({"pid":4690,"name":"nginx","exe":null}]}},"data":{"path":"/tmp/x"}})");
}

TEST(Native, SaysNullForWhatIsNotKnownAndKeepsEveryKey) {
  const auto known = parsed(sample_finding());
  model::Finding finding;
  finding.event.file.kind.emplace();  // a finding has one
  const auto unknown = parsed(finding);
  EXPECT_EQ(text_at(unknown, "/status"), "open");
  for (const std::string pointer :
       {"/event/node", "/event/container/id", "/event/container/name", "/event/container/image/name",
        "/event/container/image/digest", "/event/container/pod", "/event/file/path",
        "/event/file/sha256/value", "/event/process/pid", "/event/process/pid_in_container",
        "/event/process/name", "/event/process/exe", "/event/process/uid", "/event/process/loginuid",
        "/event/process/start_time", "/event/file/capabilities", "/decision/rule", "/decision/exception",
        "/data/path"}) {
    EXPECT_TRUE(unknown.at_pointer(pointer).is_null()) << pointer;
    EXPECT_FALSE(known.at_pointer(pointer).is_null()) << pointer;
  }
  for (const std::string pointer :
       {"", "/signature", "/decision", "/event", "/event/container", "/event/file", "/event/process"}) {
    std::vector<std::string> keys;
    std::vector<std::string> expected;
    for (const auto& pair : unknown.at_pointer(pointer).as_object()) keys.emplace_back(pair.key());
    for (const auto& pair : known.at_pointer(pointer).as_object()) expected.emplace_back(pair.key());
    EXPECT_EQ(keys, expected);
  }
  EXPECT_TRUE(unknown.at_pointer("/event/container/labels").as_object().empty());
  EXPECT_TRUE(unknown.at_pointer("/event/process/cmdline").as_array().empty());
}

TEST(Native, DescribesAScriptUnderItsOwnKey) {
  auto finding = sample_finding();
  finding.event.file.kind = {
      .format = model::Format::script, .elf = {}, .script = model::ScriptFacts{"/bin/sh", ""}};
  const auto value = parsed(finding);
  EXPECT_EQ(text_at(value, "/event/file/kind"), "script");
  EXPECT_EQ(text_at(value, "/event/file/script/interpreter"), "/bin/sh");
  EXPECT_TRUE(value.at_pointer("/event/file/script/argument").is_null());
  EXPECT_FALSE(value.at_pointer("/event/file").as_object().contains("elf"));
}

// What kind_json gives for a kind of each format.
TEST(Native, HasTheFactsOfEveryFormatInAFixedOrder) {
  const auto facts = [](model::FileKind kind) {
    auto finding = sample_finding();
    finding.event.file.kind = std::move(kind);
    const auto value = parsed(finding);
    const auto& file = value.at_pointer("/event/file").as_object();
    return json::serialize(file.at(text_at(value, "/event/file/kind")));
  };
  using model::Format;
  EXPECT_EQ(facts({.format = Format::script, .script = model::ScriptFacts{"/usr/bin/env", "sh", "sh"}}),
            R"({"interpreter":"/usr/bin/env","argument":"sh","program":"sh"})");
  EXPECT_EQ(facts({.format = Format::pe, .pe = model::PeFacts{model::PeType::library, 64, "x86_64", true}}),
            R"({"type":"library","class":64,"machine":"x86_64","dotnet":true})");
  EXPECT_EQ(facts({.format = Format::mach_o,
                   .mach_o = model::MachOFacts{model::MachOType::universal, 0, {"x86_64", "aarch64"}}}),
            R"({"type":"universal","class":null,"machines":["x86_64","aarch64"]})");
  EXPECT_EQ(facts({.format = Format::ape, .ape = model::ApeFacts{true, false}}),
            R"({"pe":true,"elf":false})");
  EXPECT_EQ(facts({.format = Format::java_class, .java_class = model::JavaClassFacts{61, 0}}),
            R"({"major":61,"minor":0})");
  EXPECT_EQ(facts({.format = Format::jar, .jar = model::JarFacts{true, false}}),
            R"({"manifest":true,"classes":false})");
  EXPECT_EQ(facts({.format = Format::python_bytecode, .python_bytecode = model::PythonFacts{3495, "3.11"}}),
            R"({"magic":3495,"version":"3.11"})");
  EXPECT_EQ(facts({.format = Format::wasm, .wasm = model::WasmFacts{true}}), R"({"component":true})");
  EXPECT_EQ(facts({.format = Format::bflt, .bflt = model::BfltFacts{4, true}}),
            R"({"version":4,"compressed":true})");
  EXPECT_EQ(facts({.format = Format::archive, .archive = model::ArchiveFacts{false, "a.o"}}),
            R"({"thin":false,"first_member":"a.o"})");
  EXPECT_EQ(facts({.format = Format::executable_text}), "{}");
  EXPECT_EQ(facts({.format = Format::binfmt_misc, .registration = model::Registration{"wine", "/w", ""}}),
            "{}");
  model::FileKind elf;
  elf.elf.emplace() = {.machine = "bpf",
                       .interpreter = "",
                       .os_abi = "sysv",
                       .is_stripped = true,
                       .is_kernel_module = true,
                       .has_module_signature = false,
                       .is_ebpf = true,
                       .appimage_type = 2,
                       .defects = {model::ElfDefect::version},
                       .packing = {model::PackingSign::upx}};
  EXPECT_EQ(
      facts(elf),
      R"({"type":"unknown","class":null,"endian":"little","machine":"bpf","interpreter":null,"static":false,)"
      R"("os_abi":"sysv","stripped":true,"kernel_module":true,"module_signature":false,"ebpf":true,)"
      R"("appimage":2,"malformed":["version"],"packed":["upx"]})");
}

TEST(Native, NamesTheRegistrationThatRunsAFile) {
  auto finding = sample_finding();
  finding.event.file.kind->registration = model::Registration{"qemu\n", "/usr/bin/qemu", "OCF"};
  EXPECT_EQ(json::serialize(parsed(finding).at_pointer("/event/file/registration")),
            R"({"name":"qemu\\n","interpreter":"/usr/bin/qemu","flags":"OCF"})");
}

TEST(Native, PrintsPermissionsAsFourOctalDigits) {
  auto finding = sample_finding();
  for (const auto& [mode, text] : {std::pair{0100000U, "0000"}, {0100644U, "0644"}, {0107777U, "7777"}}) {
    finding.event.file.mode = mode;
    EXPECT_EQ(text_at(parsed(finding), "/event/file/mode"), text);
  }
}

TEST(Native, KeepsEveryByteOfAHostileNameReadable) {
  std::string low;
  std::string high;
  for (int byte = 127; byte > 0; --byte) {
    low += static_cast<char>(byte);
    high += static_cast<char>(byte + 128);
  }
  const std::vector<std::string> names{low,         high,        "\"},\"severity\":0,{\"", "a\nb",
                                       "\x1b[2J",   "\xff\xfe",  "\u202egpj.elf",          "\\u0041",
                                       "nul\0nul"s, "größe/文件"};
  for (const auto& name : names) {
    auto finding = sample_finding();
    finding.event.node = finding.event.container.name = finding.event.container.image.name = name;
    finding.event.container.labels = {{name, name}};
    finding.event.container.pod = model::Pod{name, name, "u"};
    finding.event.file.path = finding.event.file.kind->elf->interpreter = name;
    finding.event.process.name = finding.event.process.exe = name;
    finding.event.process.command_line = {name};
    finding.event.process.ancestors = {{{1}, "x", name}};
    const auto value = parsed(finding);
    for (const std::string pointer :
         {"/event/file/path", "/data/path", "/event/file/elf/interpreter", "/event/process/exe",
          "/event/process/cmdline/0", "/event/process/ancestors/0/exe", "/event/container/name",
          "/event/container/image/name", "/event/container/pod/name"}) {
      EXPECT_EQ(util::unescape(text_at(value, pointer)), name) << pointer;
    }
    const auto& labels = value.at_pointer("/event/container/labels").as_object();
    ASSERT_EQ(labels.size(), 1U);
    EXPECT_EQ(util::unescape(std::string_view(labels.begin()->key())), name);
  }
}

TEST(Native, BoundsALabelOfAMegabyteAndSaysSo) {
  auto finding = sample_finding();
  finding.event.container.labels = {{"big", std::string(1U << 20U, 'x')}, {"small", "kept"}};
  const auto value = parsed(finding);
  const auto big = text_at(value, "/event/container/labels/big");
  EXPECT_LT(big.size(), 8192U);
  EXPECT_TRUE(big.ends_with("…"));
  EXPECT_EQ(text_at(value, "/event/container/labels/small"), "kept");
}

TEST(Native, BoundsTheNumberOfLabelsAndSaysHowManyAreMissing) {
  auto finding = sample_finding();
  finding.event.container.labels.clear();
  for (int i = 0; i < 100000; ++i) finding.event.container.labels["k" + std::to_string(i)] = "v";
  const auto value = parsed(finding);
  const auto& labels = value.at_pointer("/event/container/labels").as_object();
  EXPECT_LE(labels.size(), 300U);
  EXPECT_EQ(labels.at("…").as_string(), std::to_string(100000 - (labels.size() - 1)) + " more");
}

TEST(Native, CountsLabelsWhoseKeysAreCutToTheSameText) {
  auto finding = sample_finding();
  finding.event.container.labels = {{std::string(2000, 'k') + "1", "v"}, {std::string(2000, 'k') + "2", "w"}};
  const auto value = parsed(finding);
  const auto& labels = value.at_pointer("/event/container/labels").as_object();
  EXPECT_EQ(labels.at("…").as_string(), "1 more");
}

TEST(Native, StaysWithinItsBoundWhateverItIsGiven) {
  for (const std::string unit : {"\xff", "\\", "\"", "x", "€"}) {
    std::string huge;
    while (huge.size() < (1U << 20U)) huge += unit;
    model::Finding finding;
    finding.id = finding.event.node = huge;
    finding.decision.rule = huge;
    finding.decision.exception = model::ExceptedBy{huge, huge};
    finding.decision.tags.assign(1000, huge.substr(0, 1000));
    finding.event.header.resize(1U << 20U);
    finding.event.container.id = {huge};
    finding.event.container.name = finding.event.container.image.name = finding.event.container.image.digest =
        huge;
    finding.event.container.pod = model::Pod{huge, huge, huge};
    for (int i = 0; i < 300; ++i)
      finding.event.container.labels[std::to_string(i) + huge.substr(0, 300)] = huge.substr(0, 300);
    finding.event.file.path = finding.event.file.sha256.value = huge;
    finding.event.file.kind.emplace().elf = model::ElfFacts{.machine = huge, .interpreter = huge};
    finding.event.process.name = finding.event.process.exe = huge;
    finding.event.process.command_line.assign(1000, huge.substr(0, 1000));
    finding.event.process.ancestors.assign(1000, {{1}, huge.substr(0, 9000), huge.substr(0, 9000)});
    const auto value = parsed(finding);
    EXPECT_EQ(value.at_pointer("/event/process/ancestors").as_array().size(), 16U);
    EXPECT_EQ(value.at_pointer("/event/process/cmdline").as_array().back().as_string(), "…");
    EXPECT_TRUE(text_at(value, "/data/path").ends_with("…"));

    auto& kind = finding.event.file.kind.emplace();
    kind.format = model::Format::script;
    kind.script = model::ScriptFacts{huge, huge};
    parsed(finding);
  }
}

TEST(Native, SaysThatItHasCutTheCommandLine) {
  auto finding = sample_finding();
  finding.event.process.command_line.assign(66, "a");
  const auto cut = parsed(finding);
  const auto& arguments = cut.at_pointer("/event/process/cmdline").as_array();
  EXPECT_EQ(arguments.size(), 66U);
  EXPECT_EQ(arguments.back().as_string(), "…");
  finding.event.process.command_line.resize(65);
  const auto whole = parsed(finding);
  EXPECT_EQ(whole.at_pointer("/event/process/cmdline").as_array().back().as_string(), "a");
}

// Sets each value of an enumeration and reads the word back.
template <class Value>
std::vector<std::string> words(Value last, std::string_view pointer,
                               const std::function<void(model::Finding&, Value)>& set) {
  std::vector<std::string> found;
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    auto finding = sample_finding();
    set(finding, static_cast<Value>(i));
    found.push_back(text_at(parsed(finding), pointer));
  }
  return found;
}

TEST(Native, UsesTheWordsOfTheSchema) {
  using F = model::Finding;
  EXPECT_THAT(words<bool>(true, "/status", [](F& f, bool v) { f.is_final = v; }),
              ElementsAre("open", "final"));
  EXPECT_THAT(words<model::Sensor>(model::Sensor::second_look, "/detected_by",
                                   [](F& f, auto v) { f.event.detected_by = v; }),
              ElementsAre("close_write", "scan", "exec", "upper_layer", "second_look"));
  EXPECT_THAT(words<model::Verdict>(model::Verdict::held_back, "/decision/verdict",
                                    [](F& f, auto v) { f.decision.verdict = v; }),
              ElementsAre("shown", "excepted", "held_back"));
  EXPECT_THAT(words<model::Severity>(model::Severity::critical, "/decision/severity",
                                     [](F& f, auto v) { f.decision.severity = v; }),
              ElementsAre("info", "low", "medium", "high", "critical"));
  EXPECT_THAT(words<model::Metadata>(model::Metadata::none, "/event/container/metadata",
                                     [](F& f, auto v) { f.event.container.metadata = v; }),
              ElementsAre("complete", "pending", "none"));
  EXPECT_THAT(
      words<model::Runtime>(model::Runtime::nspawn, "/event/container/runtime",
                            [](F& f, auto v) { f.event.container.runtime = v; }),
      ElementsAre("unknown", "containerd", "cri-o", "docker", "podman", "garden", "lxc", "systemd-nspawn"));
  EXPECT_THAT(words<model::PathState>(model::PathState::too_long, "/event/file/path_state",
                                      [](F& f, auto v) { f.event.file.path_state = v; }),
              ElementsAre("live", "deleted", "unnamed", "too_long"));
  EXPECT_THAT(words<model::Place>(model::Place::tmpfs, "/event/file/mount",
                                  [](F& f, auto v) { f.event.file.place = v; }),
              ElementsAre("rootfs", "volume", "tmpfs"));
  EXPECT_THAT(words<model::Origin>(model::Origin::unknown, "/event/file/origin",
                                   [](F& f, auto v) { f.event.file.origin = v; }),
              ElementsAre("new", "modified", "unchanged", "unknown"));
  EXPECT_THAT(words<model::HashStatus>(model::HashStatus::skipped, "/event/file/sha256/status",
                                       [](F& f, auto v) { f.event.file.sha256.status = v; }),
              ElementsAre("done", "pending", "too_large", "changed", "gone", "unreadable", "skipped"));
  EXPECT_THAT(
      words<model::CaptureStatus>(model::CaptureStatus::failed, "/event/file/capture/status",
                                  [](F& f, auto v) { f.event.file.capture.status = v; }),
      ElementsAre("off", "pending", "done", "changed", "skipped", "too_large", "quota", "gone", "failed"));
  EXPECT_THAT(words<model::Belonging>(model::Belonging::unknown, "/event/process/container",
                                      [](F& f, auto v) { f.event.process.container = v; }),
              ElementsAre("same", "other", "host", "unknown"));
  EXPECT_THAT(words<model::ProcessState>(model::ProcessState::exited, "/event/process/state",
                                         [](F& f, auto v) { f.event.process.state = v; }),
              ElementsAre("running", "exited"));
  EXPECT_THAT(words<model::ElfType>(model::ElfType::unknown, "/event/file/elf/type",
                                    [](F& f, auto v) { f.event.file.kind->elf->type = v; }),
              ElementsAre("executable", "pie", "shared", "relocatable", "core", "unknown"));
}

TEST(FinishNative, MakesTheLastRecordOfAnOpenOne) {
  auto finding = sample_finding();
  finding.is_final = false;
  finding.event.file.sha256 = {};
  finding.event.file.capture = {model::CaptureStatus::pending, {}};
  finding.event.container.metadata = model::Metadata::pending;
  const auto finished = finish_native(format_native(finding), finding.revision + 1);
  ++finding.revision;
  finding.is_final = true;
  finding.event.file.sha256.status = model::HashStatus::gone;
  finding.event.file.capture.status = model::CaptureStatus::gone;
  finding.event.container.metadata = model::Metadata::none;
  EXPECT_EQ(finished, format_native(finding));
  EXPECT_EQ(finish_native("{", 2), std::nullopt);
  EXPECT_EQ(finish_native(R"({"size":1e999})", 2), std::nullopt) << "infinity is no JSON";
  EXPECT_EQ(finish_native(R"({"uid":4444446444444444444440})", 2), std::nullopt) << "another one each time";
}

TEST(FinishNative, ChangesNothingElse) {
  const auto finding = sample_finding();
  EXPECT_EQ(finish_native(format_native(finding), finding.revision), format_native(finding));
}

}  // namespace
}  // namespace dropwarden::sink
