// SPDX-License-Identifier: Apache-2.0
// conf/dropwarden.yaml is what people read to learn the keys and their defaults: it must not lie.
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <unistd.h>

#include <gtest/gtest.h>

#include "dropwarden/config/config.hpp"
#include "dropwarden/config/format_names.hpp"
#include "dropwarden/sys/error.hpp"

#include "document.hpp"
#include "schema.hpp"

namespace dropwarden::config {
namespace {

using namespace std::string_view_literals;

const std::filesystem::path shipped = DROPWARDEN_CONFIG_FILE;

std::string read_all(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

void collect_paths(const Node& node, const std::string& path, std::set<std::string>& paths) {
  if (node.kind == NodeKind::list) {
    for (const Node& element : node.children) collect_paths(element, path, paths);
  }
  if (node.kind != NodeKind::mapping) return;
  for (std::size_t i = 0; i < node.children.size(); i += 2) {
    const std::string inner = path.empty() ? node.children[i].text : path + "." + node.children[i].text;
    paths.insert(inner);
    collect_paths(node.children[i + 1], inner, paths);
  }
}

TEST(ShippedFile, HoldsTheDefaults) {
  EXPECT_EQ(load(shipped), defaults());
}

TEST(ShippedFile, HoldsEveryKeyOfTheSchema) {
  const Source source("shipped", read_all(shipped));
  Diagnostics diagnostics(source);
  const auto root = parse_document(source, diagnostics);
  ASSERT_TRUE(root);
  std::set<std::string> in_file;
  collect_paths(*root, "", in_file);
  std::set<std::string> in_schema;
  for (const Key& key : schema()) EXPECT_TRUE(in_schema.insert(key.path).second) << key.path << " twice";
  EXPECT_EQ(in_file, in_schema);
}

// A value that equals its default only because the file is never applied would pass `HoldsTheDefaults`.
TEST(ShippedFile, HasAnEffectForEveryValue) {
  std::map<std::string, std::string> others{{"type: docker", "type: cri"},
                                            {"/run/docker.sock", "/run/other.sock"},
                                            {"2s", "3s"},
                                            {"unidentified_overlays: true", "unidentified_overlays: false"},
                                            {"volumes: true", "volumes: false"},
                                            {"tmpfs: true", "tmpfs: false"},
                                            {"exec: true", "exec: false"},
                                            {"second_look: true", "second_look: false"},
                                            {"256KiB", "1KiB"},
                                            {"1GiB", "2GiB"},
                                            {"format: auto", "format: text"},
                                            {"events: none", "events: magic_write"},
                                            {"queue: 8192", "queue: 1"},
                                            {"level: info", "level: debug"},
                                            {"socket: /run/dropwarden/control.sock", "socket: /x"},
                                            {"path: /var/lib/dropwarden/state.db", "path: none"},
                                            {"fsync: normal", "fsync: full"},
                                            {"max_findings: 100000", "max_findings: 100"},
                                            {"max_age: 90d", "max_age: 1d"},
                                            {"max_size: 256MiB", "max_size: 4MiB"}};
  for (const auto& key : policy::kind_keys) {
    const std::string name = std::string("  ") + key.name + ": ";
    const bool is_on = defaults().classify.*key.member;
    others[name + (is_on ? "true" : "false")] = name + (is_on ? "false" : "true");
  }
  for (const auto& [from, to] : others) {
    std::string text = read_all(shipped);
    const auto at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    EXPECT_NE(parse(text.replace(at, from.size(), to), "changed"), defaults()) << from;
  }
}

TEST(ShippedFile, ExplainsEveryKey) {
  const std::string text = read_all(shipped);
  for (const Key& key : schema()) {
    // What each element of a list must have is explained above the list.
    if (key.shape != Shape::value || key.is_required) continue;
    const auto at = text.rfind(" " + std::string(last_part(key.path)) + ": ");
    ASSERT_NE(at, std::string::npos) << key.path;
    const auto line = text.rfind('\n', at);
    const auto line_before = text.rfind('\n', line - 1) + 1;
    const std::string before = text.substr(line_before, line - line_before);
    EXPECT_TRUE(before.find("# ") == before.find_first_not_of(' ')) << key.path << " comes after: " << before;
  }
}

TEST(ShippedFile, NamesEveryFormat) {
  const std::string text = read_all(shipped);
  for (const FormatName& name : format_names()) {
    EXPECT_NE(text.find("`" + std::string(name.name) + "`"), std::string::npos) << name.name;
  }
}

// Random damage to the shipped file, seeded so that a failure comes back: either it is still a configuration,
// or a ConfigError says why not, and nothing else happens.
TEST(ShippedFile, StandsRandomDamage) {
  std::mt19937 random(20261123);
  const std::string original = read_all(shipped);
  constexpr std::string_view marks = "[]{}:,-?&*!|>'\"%@`#~ \n\t\r\\\0\x04\xff"sv;
  int wrong = 0;
  constexpr int rounds = 3000;
  for (int round = 0; round < rounds; ++round) {
    std::string text = original;
    for (std::size_t i = 1 + random() % 4; i > 0; --i) {
      const std::size_t at = random() % text.size();
      const char mark = marks[random() % marks.size()];
      switch (random() % 4) {
        case 0:
          text[at] = mark;
          break;
        case 1:
          text.insert(at, 1 + random() % 3, mark);
          break;
        case 2:
          text.erase(at, 1 + random() % 40);
          break;
        default:
          text.insert(at, text.substr(random() % text.size(), random() % 80));
          break;
      }
    }
    try {
      parse(text, "damaged");
    } catch (const ConfigError& error) {
      ++wrong;
      ASSERT_TRUE(std::string_view(error.what()).starts_with("damaged:")) << error.what();
    }
  }
  EXPECT_GT(wrong, rounds / 10);
  EXPECT_LT(wrong, rounds);
}

TEST(Load, SaysWhichFileCannotBeRead) {
  try {
    load("/nonexistent/dropwarden.yaml");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(), "open(\"/nonexistent/dropwarden.yaml\"): No such file or directory");
  }
}

TEST(Load, RefusesALargeFileWithoutReadingAllOfIt) {
  std::string name = "/var/tmp/dropwarden-config-XXXXXX";
  const int fd = ::mkostemp(name.data(), O_CLOEXEC);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(::ftruncate(fd, off_t{1} << 40U), 0);
  ::close(fd);
  EXPECT_THROW(load(name), ConfigError);
  std::filesystem::remove(name);
}

}  // namespace
}  // namespace dropwarden::config
