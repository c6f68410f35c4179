// SPDX-License-Identifier: Apache-2.0
// dropwarden.yaml(5) says of each key what the program says of it.
#include "support/man_page.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/config/config.hpp"

#include "document.hpp"
#include "schema.hpp"

namespace dropwarden::config {
namespace {

using test::ManItem;
using testing::AnyOf;
using testing::HasSubstr;

const test::ManPage& page() {
  static const test::ManPage page("dropwarden.yaml.5");
  return page;
}

// Every value of a key in the shipped file, in its order: several inside a list.
using Values = std::map<std::string, std::vector<std::string>>;

void collect_values(const Node& node, const std::string& path, Values& values) {
  if (node.kind == NodeKind::scalar) values[path].push_back(node.text);
  for (std::size_t i = 0; node.kind == NodeKind::list && i < node.children.size(); ++i)
    collect_values(node.children[i], path, values);
  for (std::size_t i = 0; node.kind == NodeKind::mapping && i < node.children.size(); i += 2) {
    const std::string& name = node.children[i].text;
    collect_values(node.children[i + 1], path.empty() ? name : (std::string(path) += '.') += name, values);
  }
}

Values shipped_values() {
  std::ifstream in(DROPWARDEN_CONFIG_FILE);
  const Source source("shipped", {std::istreambuf_iterator<char>(in), {}});
  Diagnostics diagnostics(source);
  Values values;
  if (const auto root = parse_document(source, diagnostics)) collect_values(*root, "", values);
  return values;
}

std::string part(const ManItem& item, const std::string& name) {
  const auto found = std::ranges::find(item.items, name, &ManItem::head);
  return found == item.items.end() ? "" : found->text;
}

std::string default_of(const Key& key, const Values& values) {
  if (key.is_required) return "none, required";
  const auto found = values.find(key.path);
  return found == values.end() ? "" : found->second.front();
}

// What to paste into the page for a key that it lacks.
std::string draft_of(const Key& key, const Values& values) {
  if (key.shape == Shape::mapping) return ".It Ic " + key.path + "\nWhat it is about.\n";
  return ".It Ic " + key.path + "\n.Bl -tag -width default -compact\n.It allowed\n" + key.allowed +
         "\n.It default\n" + default_of(key, values) +
         "\n.It reload\nat once\n.El\n.Pp\nWhat it does, and why one would change it.\n";
}

TEST(ManPage, HasEveryKeyAndNoOther) {
  const Values values = shipped_values();
  std::set<std::string> in_page;
  for (const ManItem& item : page().section("KEYS").items) {
    const std::string key = item.marked("Ic");
    EXPECT_TRUE(in_page.insert(key).second) << "man/dropwarden.yaml.5: " << key << " stands there twice";
    if (find_key(key) == nullptr)
      ADD_FAILURE() << "man/dropwarden.yaml.5: `.It " << item.head
                    << "` is no key of src/config/schema.cpp: remove it";
  }
  for (const Key& key : schema()) {
    if (!in_page.contains(key.path))
      ADD_FAILURE() << "man/dropwarden.yaml.5 lacks the key " << key.path << ": add below KEYS\n"
                    << draft_of(key, values);
  }
}

TEST(ManPage, SaysOfEveryKeyWhatIsAllowedItsDefaultAndWhenItIsReadAgain) {
  const Values values = shipped_values();
  for (const ManItem& item : page().section("KEYS").items) {
    const Key* key = find_key(item.marked("Ic"));
    if (key == nullptr) continue;  // the test above
    const std::string place = "man/dropwarden.yaml.5, " + key->path;
    EXPECT_NE(item.text, "") << place << ": say what it does and why one would change it";
    if (key->shape == Shape::mapping) continue;
    EXPECT_EQ(part(item, "allowed"), key->allowed) << place << ": write this below `.It allowed`";
    EXPECT_THAT(part(item, "reload"), AnyOf("at once", "at the next start"))
        << place << ": write one of these below `.It reload`";
    if (key->shape == Shape::value) {
      EXPECT_EQ(part(item, "default"), default_of(*key, values))
          << place << ": write this below `.It default`";
      continue;
    }
    for (const Key* inner : keys_of(key->path)) {
      const auto found = values.find(inner->path);
      ASSERT_NE(found, values.end()) << inner->path;
      for (const std::string& value : found->second) {
        EXPECT_THAT(part(item, "default"), HasSubstr(value))
            << place << ": name it below `.It default`, it is in conf/dropwarden.yaml";
      }
    }
  }
}

TEST(ManPage, RefersToNoKeyThatThereIsNot) {
  for (const char* name : {"dropwarden.1", "dropwarden-findings.5", "dropwarden.yaml.5"}) {
    const test::ManPage page(name);
    for (const auto& section : page.sections()) {
      for (const std::string& line : section.lines) {
        const std::string key = test::marked_in(line, "Ic");
        if (!key.empty() && find_key(key) == nullptr)
          ADD_FAILURE() << "man/" << name << ", " << section.name << ": there is no key " << key;
      }
    }
  }
}

// The displays of a section.
std::string display(const std::string& section) {
  std::string text;
  for (const std::string& line : page().section(section).literal) text += line + "\n";
  return text;
}

TEST(ManPage, HasAnExampleThatIsRight) {
  EXPECT_NE(parse(display("EXAMPLES"), "man/dropwarden.yaml.5"), defaults());
}

TEST(ManPage, ShowsAMessageAsItIs) {
  try {
    parse("classify:\n  scripts: yes\n", "a.yaml");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_EQ(display("DIAGNOSTICS"), std::string(error.what()) + "\n");
  }
}

}  // namespace
}  // namespace dropwarden::config
