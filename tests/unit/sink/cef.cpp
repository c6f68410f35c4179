// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "dropwarden/sink/format.hpp"
#include "dropwarden/util/text.hpp"
#include "dropwarden/util/utf8.hpp"

#include "published_facts.hpp"
#include "sample.hpp"

namespace dropwarden::sink {
namespace {

struct Parsed {
  std::vector<std::string> header;
  std::map<std::string, std::string> extension;
};

// As a receiver reads it: seven bars that are not escaped, then keys, each behind a space and before `=`.
std::vector<std::string> split_header(std::string_view& rest) {
  std::vector<std::string> parts(1);
  while (!rest.empty() && parts.size() < 8) {
    const char c = rest.front();
    rest.remove_prefix(1);
    if (c == '\\' && !rest.empty()) {
      parts.back() += rest.front();
      rest.remove_prefix(1);
    } else if (c == '|') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  parts.pop_back();
  return parts;
}

std::map<std::string, std::string> parse_extension(std::string_view rest) {
  std::map<std::string, std::string> fields;
  std::string key;
  std::string value;
  bool has_key = false;
  const auto end_field = [&] {
    if (!has_key) return;
    EXPECT_TRUE(fields.emplace(key, value).second) << key << " is there twice";
  };
  std::string word;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '\\' && i + 1 < rest.size()) {
      word += rest[++i];
      continue;
    }
    if (rest[i] == '=') {
      const auto space = word.rfind(' ');
      value += space == std::string::npos ? "" : word.substr(0, space);
      end_field();
      key = word.substr(space == std::string::npos ? 0 : space + 1);
      value.clear();
      word.clear();
      has_key = true;
      continue;
    }
    word += rest[i];
  }
  value += word;
  end_field();
  return fields;
}

Parsed parsed(const std::string& line) {
  EXPECT_LE(line.size(), max_foreign_bytes);
  EXPECT_EQ(line.find_first_of("\n\r"), std::string::npos);
  for (std::string_view rest = line; !rest.empty();) {
    const auto code_point = util::decode_utf8(rest);
    if (!code_point) {
      ADD_FAILURE() << "not UTF-8: " << line;
      break;
    }
    EXPECT_FALSE(util::is_deceptive(code_point->value)) << line;
    rest.remove_prefix(code_point->length);
  }
  std::string_view rest = line;
  Parsed out;
  out.header = split_header(rest);
  out.extension = parse_extension(rest);
  return out;
}

struct Key {
  bool is_number = false;
  std::size_t length = 0;
};

// The producer's dictionary of CEF version 0: key, type, length.
const std::map<std::string, Key> dictionary{{"act", {false, 63}},
                                            {"cat", {false, 1023}},
                                            {"cn1", {true, 0}},
                                            {"cn1Label", {false, 1023}},
                                            {"cs1", {false, 4000}},
                                            {"cs1Label", {false, 1023}},
                                            {"cs2", {false, 4000}},
                                            {"cs2Label", {false, 1023}},
                                            {"cs3", {false, 4000}},
                                            {"cs3Label", {false, 1023}},
                                            {"cs4", {false, 4000}},
                                            {"cs4Label", {false, 1023}},
                                            {"cs5", {false, 4000}},
                                            {"cs5Label", {false, 1023}},
                                            {"cs6", {false, 4000}},
                                            {"cs6Label", {false, 1023}},
                                            {"deviceFacility", {false, 1023}},
                                            {"dvchost", {false, 100}},
                                            {"externalId", {false, 40}},
                                            {"fileHash", {false, 255}},
                                            {"fileId", {false, 1023}},
                                            {"fileModificationTime", {true, 0}},
                                            {"filePath", {false, 1023}},
                                            {"filePermission", {false, 1023}},
                                            {"fileType", {false, 1023}},
                                            {"fname", {false, 1023}},
                                            {"fsize", {true, 0}},
                                            {"msg", {false, 1023}},
                                            {"rt", {true, 0}},
                                            {"spid", {true, 0}},
                                            {"sproc", {false, 1023}},
                                            {"suid", {false, 1023}}};

void expect_of_dictionary(const std::map<std::string, std::string>& extension) {
  for (const auto& [key, value] : extension) {
    const auto known = dictionary.find(key);
    if (known == dictionary.end()) {
      ADD_FAILURE() << "no key of the dictionary: " << key;
    } else if (known->second.is_number) {
      EXPECT_TRUE(util::parse_number<std::uint64_t>(value)) << key << "=" << value;
    } else {
      EXPECT_LE(value.size(), known->second.length) << key;
    }
  }
}

TEST(Cef, PrintsAHeaderOfSevenPartsAndKeysOfTheDictionary) {
  for (const auto& finding : telling_findings()) {
    for (const auto& line : {parsed(format_cef(finding)), parsed(format_cef(finding.event))}) {
      ASSERT_EQ(line.header.size(), 7U);
      EXPECT_EQ(line.header[0], "CEF:0");
      for (const std::string& part : line.header) EXPECT_NE(part, "");
      const auto severity = util::parse_number<unsigned>(line.header[6]);
      ASSERT_TRUE(severity);
      EXPECT_LE(*severity, 10U);
      expect_of_dictionary(line.extension);
    }
  }
}

TEST(Cef, HasTheFacts) {
  const auto line = parsed(format_cef(sample_finding()));
  EXPECT_EQ(line.header[4], "TRC-1022");
  EXPECT_EQ(line.header[5], "New executable dropped");
  EXPECT_EQ(line.header[6], "6");
  EXPECT_EQ(line.extension.at("externalId"), sample_finding().id);
  EXPECT_EQ(line.extension.at("filePath"), "/tmp/x");
  EXPECT_EQ(line.extension.at("fileHash"), std::string(64, 'd'));
  EXPECT_EQ(line.extension.at("cs3"), "docker.io/library/nginx:1.25");
  EXPECT_EQ(line.extension.at("cs4"), "prod/web-1");
  EXPECT_EQ(line.extension.at("rt"), "1795406400123");
  EXPECT_EQ(line.extension.at("cn1"), "2");
}

TEST(Cef, LetsNoNameAddAKey) {
  auto finding = sample_finding();
  finding.event.file.path = "/tmp/x act=allowed|1|\\= cn1=7";
  const auto line = parsed(format_cef(finding));
  EXPECT_EQ(line.extension.at("filePath"), "/tmp/x act=allowed|1|\\\\= cn1=7") << "a backslash is escaped";
  EXPECT_EQ(line.extension.at("act"), "final");
  EXPECT_EQ(line.extension.at("cn1"), "2");
}

}  // namespace
}  // namespace dropwarden::sink
