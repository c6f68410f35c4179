// SPDX-License-Identifier: Apache-2.0
// dropwarden(1) and README.md have every verb, option and argument that --help has, and no other.
#include "support/man_page.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "invoke.hpp"

namespace dropwarden::cli {
namespace {

using test::ManItem;
using testing::SizeIs;
using Names = std::set<std::string>;

const std::string page_name = "man/dropwarden.1";
constexpr const char* all_verbs = "";  // what stands in front of a verb

const test::ManPage& page() {
  static const test::ManPage page("dropwarden.1");
  return page;
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

// What a verb takes: options with both dashes, arguments by their names; each with the fixed words that it
// may have.
using Usage = std::map<std::string, Names>;

// `TEXT:{native,text}`
Names choices_in(const std::string& text) {
  const auto begin = text.find('{');
  if (begin == std::string::npos) return {};
  std::string list = text.substr(begin + 1, text.find('}') - begin - 1);
  std::ranges::replace(list, ',', ' ');
  const auto words = words_of(list);
  return {words.begin(), words.end()};
}

// What --help lists below `title`, each entry indented by two and its description, or the next lines, by
// more.
std::vector<std::string> entries_of_help(const std::string& help, const std::string& title) {
  std::istringstream in(help);
  std::vector<std::string> entries;
  std::string line;
  while (std::getline(in, line) && line != title) {
  }
  while (std::getline(in, line) && !line.empty()) {
    if (line.starts_with("  ") && line[2] != ' ') entries.push_back(line.substr(2));
  }
  return entries;
}

// `findings show`: a verb may have further ones.
std::string help_of(const std::string& verb) {
  auto arguments = words_of(verb);
  arguments.emplace_back("--help");
  return invoke(arguments).out;
}

Names verbs_of_help() {
  Names verbs;
  for (const auto& entry : entries_of_help(help_of(all_verbs), "Verbs:")) {
    const std::string verb = words_of(entry)[0];
    verbs.insert(verb);
    for (const auto& further : entries_of_help(help_of(verb), "Verbs:"))
      verbs.insert(verb + " " + words_of(further)[0]);
  }
  return verbs;
}

Usage usage_in_help(const std::string& verb) {
  Usage usage;
  const std::string help = help_of(verb);
  for (const auto& entry : entries_of_help(help, "Options:")) {
    std::string names = words_of(entry)[0];
    std::ranges::replace(names, ',', ' ');
    // The choices stand before the first gap.
    for (const auto& name : words_of(names)) usage[name] = choices_in(entry.substr(0, entry.find("  ")));
  }
  for (const auto& entry : entries_of_help(help, "Positionals:")) usage[words_of(entry)[0]] = {};
  if (verb != all_verbs) {
    usage.erase("-h");
    usage.erase("--help");
  }
  return usage;
}

// `-config Ar FILE` after `Fl`, `native | text` after `Cm`: the words of one kind.
Names names_of(const std::string& words, const std::string& prefix) {
  Names names;
  for (const std::string& word : words_of(words)) {
    if (word != "|" && word != "...") names.insert(prefix + word);
  }
  return names;
}

Usage usage_of(const std::vector<ManItem>& items, const std::string& place) {
  Usage usage;
  for (const ManItem& item : items) {
    const Names options = names_of(item.marked("Fl"), "-");
    for (const auto& name : options) usage[name] = names_of(item.marked("Cm"), "");
    if (options.empty())
      for (const auto& name : names_of(item.marked("Ar"), "")) usage[name] = {};
    EXPECT_NE(item.text, "") << place << ": say what `.It " << item.head << "` does";
    EXPECT_TRUE(!options.empty() || item.head.starts_with("Ar "))
        << place << ": `.It " << item.head << "` is neither an option, Fl, nor an argument, Ar";
  }
  return usage;
}

std::string draft_of(const std::string& name, const Names& choices) {
  if (!name.starts_with('-')) return ".It Ar " + name + "\nWhat it is.\n";
  std::string draft = ".It Fl " + name.substr(1);
  for (const auto& choice : choices)
    draft += (draft.find(" Cm ") == std::string::npos ? " Cm " : " | ") + choice;
  return draft + "\nWhat it does. (With Ar VALUE behind it where it takes one.)\n";
}

void expect_usage(const Usage& in_page, const Usage& in_help, const std::string& place) {
  for (const auto& [name, choices] : in_help) {
    const auto found = in_page.find(name);
    if (found == in_page.end()) {
      ADD_FAILURE() << place << " lacks " << name << ": add\n" << draft_of(name, choices);
    } else {
      EXPECT_EQ(found->second, choices) << place << ", " << name << ": these are the words that it takes";
    }
  }
  for (const auto& [name, choices] : in_page) {
    if (!in_help.contains(name))
      ADD_FAILURE() << place << " has " << name << ", and --help has not: remove it";
  }
}

TEST(ManPage, HasEveryVerbAndNoOther) {
  Names in_page;
  for (const ManItem& item : page().section("VERBS").items) {
    const std::string verb = item.marked("Cm");
    EXPECT_TRUE(in_page.insert(verb).second) << page_name << ": " << verb << " stands there twice";
    EXPECT_NE(item.text, "") << page_name << ": say what " << verb << " does";
    if (!verbs_of_help().contains(verb))
      ADD_FAILURE() << page_name << ": there is no verb `" << verb << "`: remove it";
  }
  for (const auto& verb : verbs_of_help()) {
    if (in_page.contains(verb)) continue;
    ADD_FAILURE() << page_name << " lacks a verb: add below VERBS and to SYNOPSIS\n.It Cm " << verb
                  << "\nWhat it does, with a list of its options.\n";
  }
}

TEST(ManPage, HasEveryOptionAndArgumentOfAVerbAndNoOther) {
  for (const ManItem& item : page().section("VERBS").items) {
    const std::string place = page_name + ", VERBS, " + item.marked("Cm");
    expect_usage(usage_of(item.items, place), usage_in_help(item.marked("Cm")), place);
  }
  const std::string place = page_name + ", OPTIONS";
  expect_usage(usage_of(page().section("OPTIONS").items, place), usage_in_help(all_verbs), place);
}

// A paragraph of the SYNOPSIS begins with `.Nm`; behind it the verb, if it is that of one.
std::map<std::string, Names> synopses() {
  std::map<std::string, Names> synopses;
  std::string verb;
  for (const std::string& line : page().section("SYNOPSIS").lines) {
    if (line == ".Nm") {
      verb = all_verbs;
    } else if (line.starts_with(".Cm ")) {
      verb = line.substr(4);
      synopses[verb];
    } else {
      const Names options = names_of(test::marked_in(line, "Fl"), "-");
      synopses[verb].insert(options.begin(), options.end());
      // The value of an option is no argument.
      if (options.empty()) synopses[verb].merge(names_of(test::marked_in(line, "Ar"), ""));
    }
  }
  return synopses;
}

TEST(ManPage, HasASynopsisOfEveryVerb) {
  const auto in_page = synopses();
  Names verbs = verbs_of_help();
  verbs.insert(all_verbs);
  for (const auto& verb : verbs) {
    ASSERT_TRUE(in_page.contains(verb)) << page_name << ", SYNOPSIS lacks the verb " << verb;
    Names in_help;
    for (const auto& [name, choices] : usage_in_help(verb)) in_help.insert(name);
    EXPECT_EQ(in_page.at(verb), in_help) << page_name << ", SYNOPSIS of " << verb;
  }
  EXPECT_THAT(in_page, SizeIs(verbs.size()));
}

TEST(ManPage, HasTheExitStatusesOfTheHelp) {
  Names in_page;
  for (const ManItem& item : page().section("EXIT STATUS").items) in_page.insert(item.head);
  Names in_help;
  for (const auto& entry : entries_of_help(help_of(all_verbs), "Exit status:"))
    in_help.insert(words_of(entry)[0]);
  EXPECT_EQ(in_page, in_help) << page_name << ", EXIT STATUS";
  EXPECT_THAT(in_help, SizeIs(4));
}

// The lines `dropwarden VERB …` of README.md, without the description behind two blanks.
std::map<std::string, Usage> commands_in_readme() {
  std::ifstream in(DROPWARDEN_README_FILE);
  std::map<std::string, Usage> commands;
  bool is_table = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("#")) is_table = line == "## Using it";
    if (!is_table || !line.starts_with("dropwarden ")) continue;
    const std::string text = line.substr(0, line.find("  "));
    const auto words = words_of(text);
    const std::string both = words.size() > 2 ? words[1] + " " + words[2] : "";
    Usage& usage = commands[verbs_of_help().contains(both) ? both : words[1]];
    for (std::string word : words_of(text)) {
      std::erase_if(word, [](char c) { return c == '[' || c == ']'; });
      if (word.starts_with('-')) usage[word] = {};
    }
  }
  return commands;
}

TEST(Readme, HasEveryVerbAndOnlyOptionsThatThereAre) {
  const auto commands = commands_in_readme();
  Names in_readme;
  for (const auto& [verb, usage] : commands) {
    in_readme.insert(verb);
    for (const auto& [option, choices] : usage)
      if (!usage_in_help(verb).contains(option))
        ADD_FAILURE() << "README.md, Using it: " << verb << " has no " << option;
  }
  EXPECT_EQ(in_readme, verbs_of_help()) << "README.md, Using it";
}

}  // namespace
}  // namespace dropwarden::cli
