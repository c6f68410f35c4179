// SPDX-License-Identifier: Apache-2.0
#include <ctime>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/config/config.hpp"

namespace dropwarden::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

Config parse(const std::string& yaml) {
  return config::parse(yaml, "f.yaml");
}

std::string error_of(const std::string& yaml) {
  try {
    parse(yaml);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(Parse, TakesTheDefaultsForWhatIsNotThere) {
  for (const char* text : {"", "\n", "# only a comment\n", "---\n", "---\n...\n", "{}", "~", "watch:\n",
                           "\xef\xbb\xbf", "watch:\n  # all commented out\nlogging: {}\n"}) {
    EXPECT_EQ(parse(text), defaults()) << text;
  }
}

TEST(Parse, SetsEveryKey) {
  const Config config = parse(R"(
runtimes:
  sockets:
    - {type: docker, socket: "/a b"}
    - type: cri
      socket: '/c'
  timeout: 250ms
watch:
  unidentified_overlays: false
  volumes: false
  tmpfs: false
  exec: false
  second_look: false
  metadata_wait: 0ms
  hash_inline_bytes: 1024
  hash_max_bytes: 2GiB
classify: {executables: false, shared_objects: false, scripts: false, objects: true, core_dumps: true}
outputs:
  - type: stdout
    format: text
    events: magic_write
    queue: 16
logging:
  level: critical
control:
  socket: /x/y.sock
store:
  path: /x/y.db
  fsync: full
)");
  EXPECT_THAT(config.runtimes.sockets,
              ElementsAre(RuntimeSocket{RuntimeType::docker, "/a b"}, RuntimeSocket{RuntimeType::cri, "/c"}));
  EXPECT_EQ(config.runtimes.timeout, 250ms);
  EXPECT_EQ(config.watch, (Watch{.unidentified_overlays = false,
                                 .volumes = false,
                                 .tmpfs = false,
                                 .exec = false,
                                 .second_look = false,
                                 .metadata_wait = 0ms,
                                 .hash_inline_bytes = 1024,
                                 .hash_max_bytes = std::uint64_t{2} << 30U}));
  Classify classify;
  classify.executables = classify.shared_objects = classify.scripts = false;
  classify.objects = classify.core_dumps = true;
  EXPECT_EQ(config.classify, classify);
  Output output;
  output.has_format = true;
  output.format = Format::text;
  output.queue = 16;
  output.events = Events::magic_write;
  EXPECT_THAT(config.outputs, ElementsAre(output));
  EXPECT_EQ(config.logging.level, LogLevel::critical);
  EXPECT_EQ(config.control.socket, "/x/y.sock");
  EXPECT_EQ(config.store, (Store{.path = "/x/y.db", .fsync = Fsync::full}));
}

TEST(Parse, TakesNoDatabaseAndNoFileThatIsNone) {
  EXPECT_EQ(parse("store: {path: none}").store.path, "");
  for (const char* path : {"x.db", "/etc/passwd", "/.db", "\"/x\\0.db\""})
    EXPECT_THAT(error_of(std::string("store: {path: ") + path + "}"), HasSubstr("f.yaml:1:15: store.path"))
        << path;
}

TEST(Parse, ReplacesAListThatIsGiven) {
  EXPECT_TRUE(parse("runtimes: {sockets: []}").runtimes.sockets.empty());
  EXPECT_THAT(parse("outputs: [{type: stdout, format: auto}]").outputs, ElementsAre(Output{}));
  Output native;
  native.has_format = true;
  EXPECT_THAT(parse("outputs: [{type: stdout, format: native}]").outputs, ElementsAre(native));
}

TEST(Parse, PointsAtTheErrorInTheFile) {
  EXPECT_EQ(error_of("watch:\n  hash_max_bytes: 5 apples\n"),
            "f.yaml:2:19: watch.hash_max_bytes: \"5 apples\" is not a size; allowed: a size from 0 to 1TiB, "
            "in bytes or "
            "with one of KiB, MiB, GiB, TiB, like 64KiB\n"
            "    hash_max_bytes: 5 apples\n"
            "                    ^");
}

TEST(Parse, CountsColumnsInCharactersAndPlacesTheCaretBelow) {
  EXPECT_THAT(error_of("{öä: 1, wätch: 2}"), HasSubstr("f.yaml:1:9: unknown key \"wätch\""));
  EXPECT_THAT(error_of("{öä: 1, wätch: 2}"), HasSubstr("\n  {öä: 1, wätch: 2}\n          ^"));
  EXPECT_THAT(error_of("{ \t watch: 2}"), HasSubstr("\n  { \\t watch: 2}\n              ^"))
      << "a tab is shown as \\t";
  EXPECT_THAT(error_of("watch:\r\n  hash_max_bytes: x\r\n"), HasSubstr("f.yaml:2:19:"));
  EXPECT_THAT(error_of("\xef\xbb\xbfwatch: 2"), HasSubstr("f.yaml:1:8:"));
}

TEST(Parse, ShowsALongLineInPart) {
  const std::string error = error_of("x" + std::string(100'000, 'a') + ": 1\n");
  EXPECT_LT(error.size(), 600U);
  EXPECT_THAT(error, HasSubstr("…"));
}

TEST(Parse, TakesADirectoryOfCopiesThatIsNotInTheDatabasesOwn) {
  EXPECT_EQ(parse("capture: {directory: /a/b, max_bytes: 2MiB}").capture,
            (Capture{.directory = "/a/b", .max_bytes = std::uint64_t{2} << 20U}));
  EXPECT_EQ(parse("capture: {directory: none}").capture.directory, "");
  for (const char* path : {"a/b", "/a/", "\"/a\\0b\"", "''"})
    EXPECT_THAT(error_of(std::string("capture: {directory: ") + path + "}"),
                HasSubstr("f.yaml:1:22: capture.directory"));
  for (const char* path : {"/a", "/a/copies"})
    EXPECT_THAT(error_of(std::string("store: {path: /a/x.db}\ncapture: {directory: ") + path + "}"),
                HasSubstr("is in the directory of store.path, which holds nothing else"));
  EXPECT_EQ(parse("store: {path: /a/x.db}\ncapture: {directory: /ab}").capture.directory, "/ab");
}

TEST(Parse, GuessesWhatAnUnknownKeyWasMeantToBe) {
  EXPECT_THAT(
      error_of("logging: {levle: info}"),
      HasSubstr("f.yaml:1:11: unknown key \"levle\" in logging, did you mean level?; allowed: level\n"));
  EXPECT_THAT(
      error_of("output: []"),
      HasSubstr("f.yaml:1:1: unknown key \"output\" in the file, did you mean outputs?; "
                "allowed: runtimes, watch, scan, classify, outputs, policy, logging, control, metrics, "
                "store, capture\n"));
  EXPECT_THAT(error_of("watch: {colour: blue}"), HasSubstr("unknown key \"colour\" in watch; allowed: "));
  EXPECT_THAT(error_of("watch.hash_max_bytes: 1"), HasSubstr("unknown key \"watch.hash_max_bytes\""));
  EXPECT_THAT(error_of("runtimes: {sockets.type: cri}"),
              HasSubstr("unknown key \"sockets.type\" in runtimes"));
  EXPECT_THAT(error_of("\"\": 1"), HasSubstr("unknown key \"\""));
  EXPECT_THAT(error_of("<<: {}"), HasSubstr("unknown key \"<<\""));
}

TEST(Parse, RefusesAKeyThatIsSetTwice) {
  EXPECT_THAT(
      error_of("logging:\n  level: info\n  level: debug\n"),
      HasSubstr("f.yaml:3:3: logging.level is set a second time, first on line 2; allowed: each key once\n"));
  EXPECT_THAT(error_of("watch: {}\nwatch: {}\n"), HasSubstr("f.yaml:2:1: watch is set a second time"));
  EXPECT_THAT(error_of("watch: {}\n\"watch\": {}\n"), HasSubstr("watch is set a second time"));
  EXPECT_THAT(error_of("outputs: [{type: stdout, type: stdout}]"),
              HasSubstr("outputs.type is set a second time"));
}

std::string nothing_wanted() {
  std::string text = "classify: {";
  for (const auto& key : policy::kind_keys) text += std::string(key.name) + ": false, ";
  return text + "}";
}

struct Wrong {
  std::string yaml;
  std::string error;
};

class WrongValue : public testing::TestWithParam<Wrong> {};

TEST_P(WrongValue, IsAnErrorThatNamesTheKeyAndWhatIsAllowed) {
  const std::string error = error_of(GetParam().yaml);
  EXPECT_THAT(error, HasSubstr(GetParam().error)) << GetParam().yaml;
  EXPECT_THAT(error, HasSubstr("; allowed: "));
  EXPECT_EQ(count(error, "f.yaml:"), 1U) << "one error each\n" << error;
}

INSTANTIATE_TEST_SUITE_P(
    Types, WrongValue,
    testing::Values(
        Wrong{"- a\n", "f.yaml:1:1: the file is a list"},
        Wrong{"text", "f.yaml:1:1: the file is a single value"},
        Wrong{"watch: 1", "f.yaml:1:8: watch is a single value; allowed: a mapping"},
        Wrong{"watch: []", "watch is a list; allowed: a mapping"},
        Wrong{"outputs: {}", "outputs is a mapping; allowed: a list"},
        Wrong{"logging: {}\noutputs:\nwatch: {}", "f.yaml:2:1: outputs is empty; allowed: a list"},
        Wrong{"logging: {level: [info]}", "logging.level is a list; allowed: debug, info"},
        Wrong{"logging: {level: }", "f.yaml:1:11: logging.level is empty"},
        Wrong{"logging: {level: ~}", "logging.level is empty"},
        Wrong{"outputs: [stdout]", "f.yaml:1:11: an element of outputs is a single value"},
        Wrong{"outputs: [{type: stdout}, ]\nlogging: {[a]: b}", "f.yaml:2:11: a key of logging is a list"},
        Wrong{"watch: {unidentified_overlays: yes}", "\"yes\" is not a boolean; allowed: true, false"},
        Wrong{"watch: {unidentified_overlays: 'true'}", "\"true\" is not a boolean"},
        Wrong{"outputs: [{type: stdout, queue: '1'}]", "\"1\" is not a whole number"},
        Wrong{"outputs: [{type: stdout, queue: 1.5}]", "\"1.5\" is not a whole number"}));

INSTANTIATE_TEST_SUITE_P(
    Ranges, WrongValue,
    testing::Values(Wrong{"runtimes: {timeout: 99ms}",
                          "runtimes.timeout: \"99ms\" is out of range; allowed: a time from 100ms to 1m"},
                    Wrong{"runtimes: {timeout: 2m}", "\"2m\" is out of range"},
                    Wrong{"runtimes: {timeout: 2}", "\"2\" is not a time"},
                    Wrong{"runtimes: {timeout: -2s}", "\"-2s\" is not a time"},
                    Wrong{"watch: {hash_max_bytes: 2TiB}", "\"2TiB\" is out of range"},
                    Wrong{"watch: {metadata_wait: 61s}", "\"61s\" is out of range"},
                    Wrong{"watch: {hash_inline_bytes: 65MiB}", "\"65MiB\" is out of range"},
                    Wrong{"outputs: [{type: stdout, queue: 0}]",
                          "\"0\" is out of range; allowed: a whole number from 1 to 1048576"},
                    Wrong{"outputs: [{type: stdout, queue: 99999999999999999999}]",
                          "is not a whole number"}));

INSTANTIATE_TEST_SUITE_P(
    Meanings, WrongValue,
    testing::Values(
        Wrong{"logging: {level: verbose}",
              "logging.level: \"verbose\" is not known; allowed: debug, info, warn, error, critical"},
        Wrong{"outputs: []", "f.yaml:1:1: outputs: findings would go nowhere"},
        Wrong{"outputs: [{type: stdout}, {type: stdout}]", "standard output is listed twice"},
        Wrong{"outputs: [{format: text}]", "f.yaml:1:11: outputs.type is missing; allowed: stdout"},
        Wrong{"outputs: [{type: file}]", "output \"file\" (file) lacks a path"},
        Wrong{"outputs: [{type: webhook}]", "output \"webhook\" (webhook) lacks a url"},
        Wrong{"outputs: [{type: file, path: /x}, {type: file, path: /y}]", "two outputs are named \"file\""},
        Wrong{"outputs: [{type: file, path: /x}, {type: file, name: b, path: /x}]",
              "two outputs write the file \"/x\""},
        Wrong{"outputs: [{type: file, path: /x, url: \"http://h\"}]", "output \"file\" (file) has no url"},
        Wrong{"outputs: [{type: file, path: x}]", "\"x\" is not the absolute path of a file"},
        Wrong{"outputs: [{type: webhook, url: \"ftp://h\"}]", "is not a URL of http or https"},
        Wrong{"outputs: [{type: webhook, url: \"http://u:p@h\"}]", "a URL has no user"},
        Wrong{"outputs: [{type: syslog, address: \"tcp://\"}]", "\"tcp://\" names no host"},
        Wrong{"outputs: [{type: syslog, name: a b}]", "\"a b\" is not a name"},
        Wrong{"outputs: [{type: file, path: /x, events: magic_write}]", "(file) has no events"},
        Wrong{"outputs: [{type: stdout, revisions: last}]",
              "f.yaml:1:37: outputs.revisions: \"last\" is not known; allowed: auto, first, all"},
        Wrong{"outputs: [{type: stdout, format: xml}]",
              "outputs.format: \"xml\" is not known; allowed: auto, native, text"},
        Wrong{"runtimes: {sockets: [{type: cri}]}",
              "runtimes.sockets.socket is missing; allowed: an absolute path"},
        Wrong{"runtimes: {sockets: [{type: rkt, socket: /x}]}",
              "runtimes.sockets.type: \"rkt\" is not known; allowed: cri, docker"},
        Wrong{"runtimes: {sockets: [{type: cri, socket: x}]}", "\"x\" is not the absolute path of a socket"},
        Wrong{"runtimes: {sockets: [{type: cri, socket: /x}, {type: docker, socket: /x}]}",
              "\"/x\" is listed twice"},
        Wrong{"control: {socket: /run/}", "\"/run/\" is not the absolute path of a socket"},
        Wrong{"control: {socket: \"/a\\0b\"}", "\"/a\\x00b\" holds a NUL"},
        Wrong{nothing_wanted(), "f.yaml:1:1: classify: no kind of file would be reported"}));

INSTANTIATE_TEST_SUITE_P(
    Text, WrongValue,
    testing::Values(Wrong{"watch: {}\nlogging:\n\tlevel: info\n",
                          "f.yaml:3:1: a tab in the indentation; allowed: spaces"},
                    Wrong{"watch:\n  \thash_max_bytes: 1\n", "f.yaml:2:3: a tab in the indentation"},
                    Wrong{"watch: {}\n# \xff\n", "f.yaml:2:3: not UTF-8"},
                    Wrong{"# gr\xf6\xdf"
                          "e\n",
                          "f.yaml:1:5: not UTF-8"},
                    Wrong{"watch: {}\n\x04\noutputs: []\n", "f.yaml:2:1: a character that does not show"},
                    Wrong{"watch: {}\r# lone carriage return", "f.yaml:1:10: a character that does not show"},
                    Wrong{"control: {socket: /\u202ex}", "f.yaml:1:20: a character that does not show"},
                    Wrong{"---\nwatch: {}\n---\nlogging: {}\n",
                          "a second document; allowed: one document a file"},
                    Wrong{"watch: &a {}\n", "an anchor or alias; allowed: each value written out"},
                    Wrong{"watch: !!map {}\n", "f.yaml:1:8: a tag; allowed: values without tags"},
                    Wrong{"logging: {level: !x info}\n", "a tag"}, Wrong{"watch: {\n", "not YAML"},
                    Wrong{"watch: {}\n  logging: {}\n", "f.yaml:2:3: not YAML"}, Wrong{"a: b: c", "not YAML"},
                    Wrong{"@", "not YAML"}, Wrong{"watch: *nothing", "not YAML"}));

TEST(Parse, KeepsTextOfAnyLengthInBounds) {
  EXPECT_THAT(error_of("control: {socket: /" + std::string(107, 'x') + "}"), HasSubstr("is too long"));
  EXPECT_EQ(parse("control: {socket: /" + std::string(106, 'x') + "}").control.socket.size(), 107U);
  EXPECT_THAT(error_of("logging: {level: " + std::string(100'000, 'x') + "}"), HasSubstr("…\" is not known"));
}

TEST(Parse, CollectsAllErrorsUpToTwenty) {
  const std::string two = error_of("watch:\n  hash_max_bytes: x\nlogging:\n  level: loud\n");
  EXPECT_EQ(count(two, "f.yaml:"), 2U);
  EXPECT_LT(two.find("f.yaml:2:"), two.find("f.yaml:4:"));

  std::string many;
  for (int i = 0; i < 33; ++i) many += "k" + std::to_string(i) + ": 1\n";
  const std::string error = error_of(many);
  EXPECT_EQ(count(error, "unknown key"), 20U);
  EXPECT_TRUE(error.ends_with("\nf.yaml: 13 more errors are not shown")) << error;
}

TEST(Parse, EndsSoonOnTextThatGrowsOrNests) {
  const auto repeat = [](const std::string& part) {
    std::string text;
    while (text.size() + part.size() <= std::size_t{1} << 20U) text += part;
    return text;
  };
  for (const char* part : {"[", "{", "- ", "? ", "{a: ", "[{", "a:\n", "? - ", "[a,", "{a,", "\"", "'", "|\n",
                           "- a\n", "# \n", "&a "}) {
    const std::clock_t start = std::clock();
    const std::string error = error_of(repeat(part));
    EXPECT_LT(error.size(), 20'000U) << part;
    // Processor time: far above what it takes, below what a quadratic parser would need.
    EXPECT_LT(std::clock() - start, 20 * CLOCKS_PER_SEC) << part;
  }
  EXPECT_THAT(error_of(repeat("[")), HasSubstr("nested too deep; allowed: 16 levels"));
  EXPECT_THAT(error_of(repeat("- ")), HasSubstr("nested too deep"));
  EXPECT_THAT(error_of(repeat("- a\n")), HasSubstr("too many values; allowed: 200000 values"));
  EXPECT_THAT(error_of(std::string((std::size_t{4} << 20U) + 1, '#')),
              HasSubstr("f.yaml:1:1: the file is too large; allowed: 4 MiB"));
  EXPECT_THAT(error_of("a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n"), HasSubstr("an anchor or alias"));
  std::string sockets = "runtimes: {sockets: [";
  for (int i = 0; i < 33; ++i) sockets += "{type: cri, socket: /" + std::to_string(i) + "},";
  EXPECT_THAT(error_of(sockets + "]}"),
              HasSubstr("runtimes.sockets is too long; allowed: a list of at most 32"));
}

}  // namespace
}  // namespace dropwarden::config
