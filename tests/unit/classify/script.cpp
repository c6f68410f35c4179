// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "dropwarden/classify/classify.hpp"

#include "bytes.hpp"

namespace dropwarden::classify {
namespace {

using namespace std::string_literals;

std::optional<model::ScriptFacts> script(std::string_view text) {
  const auto kind = classify_header(to_bytes(text));
  if (!kind) return std::nullopt;
  EXPECT_EQ(kind->format, model::Format::script);
  EXPECT_FALSE(kind->elf);
  EXPECT_TRUE(kind->script);
  EXPECT_TRUE(looks_executable(to_bytes(text)));
  return kind->script;
}

testing::AssertionResult is_script(std::string_view text, std::string_view interpreter,
                                   std::string_view argument = {}) {
  const auto facts = script(text);
  if (!facts) return testing::AssertionFailure() << "not a script";
  if (facts->interpreter == interpreter && facts->argument == argument) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "[" << facts->interpreter << "] [" << facts->argument << "]";
}

TEST(Script, TakesTheFirstWordAndTheRestAsOneArgument) {
  EXPECT_TRUE(is_script("#!/bin/sh\necho\n", "/bin/sh"));
  EXPECT_TRUE(is_script("#! \t/usr/bin/env -S python3 -u \t\nx", "/usr/bin/env", "-S python3 -u"));
  EXPECT_TRUE(is_script("#!/bin/sh", "/bin/sh")) << "a file that ends without a line feed";
  EXPECT_TRUE(is_script("#!sh\n", "sh"));
  EXPECT_TRUE(is_script("#!/bin/sh\r\n", "/bin/sh\r"))
      << "the kernel looks for a file with a carriage return";
}

TEST(Script, IsOnlyAtTheVeryStart) {
  for (const auto* text :
       {" #!/bin/sh\n", "\n#!/bin/sh\n", "\xef\xbb\xbf#!/bin/sh\n", "#", "# !/bin/sh\n", "!#"}) {
    EXPECT_FALSE(looks_executable(to_bytes(text))) << text;
    EXPECT_FALSE(script(text)) << text;
  }
}

TEST(Script, NeedsAnInterpreter) {
  for (const auto& text :
       {"#!"s, "#!\n"s, "#! \t \n/bin/sh\n"s, "#!   "s, "#!\0/bin/sh\n"s, "#!" + std::string(400, ' ')}) {
    EXPECT_FALSE(script(text)) << text;
  }
}

TEST(Script, EndsAtANulAsAStringDoes) {
  EXPECT_TRUE(is_script("#!/bin/sh\0 -e\n"s, "/bin/sh"));
  EXPECT_TRUE(is_script("#!/bin/sh -e\0x\n"s, "/bin/sh", "-e"));
}

TEST(Script, KnowsTheLengthOfTheKernelsBuffer) {
  const auto interpreter = [](std::size_t length) { return "/" + std::string(length - 1, 'x'); };
  EXPECT_TRUE(is_script("#!" + interpreter(253) + "\n", interpreter(253)));
  EXPECT_TRUE(is_script("#!" + interpreter(253) + " -e\n", interpreter(253)));
  EXPECT_FALSE(script("#!" + interpreter(254) + "\n")) << "the line feed is the byte past the buffer";
  EXPECT_FALSE(script("#!" + interpreter(4000) + "\n"));
  EXPECT_TRUE(is_script("#!" + interpreter(253), interpreter(253))) << "the file ends within the buffer";
  EXPECT_FALSE(script("#!" + interpreter(254))) << "as far as the kernel can see, it may go on";
  EXPECT_TRUE(is_script("#!" + interpreter(253) + "\0"s + "x", interpreter(253)));
  EXPECT_TRUE(is_script("#!/bin/sh " + std::string(500, 'a') + "\n", "/bin/sh", std::string(245, 'a')))
      << "a long argument is cut";
}

struct Line {
  std::string line;  // behind `#!`
  std::string program;
};

class Program : public testing::TestWithParam<Line> {};

TEST_P(Program, ReadsTheScript) {
  const auto facts = script("#!" + GetParam().line + "\n");
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->program, GetParam().program);
}

INSTANTIATE_TEST_SUITE_P(Named, Program,
                         testing::Values(Line{"/bin/sh", "sh"}, Line{"/bin/sh -e", "sh"}, Line{"sh", "sh"},
                                         Line{"/usr/bin/python3 -u", "python3"},
                                         Line{"/opt/environment x", "environment"}, Line{"/bin/", ""}));

// As coreutils' env understands its first argument.
INSTANTIATE_TEST_SUITE_P(
    ByEnv, Program,
    testing::Values(Line{"/usr/bin/env python3", "python3"}, Line{"/usr/bin/env -S python3 -u", "python3"},
                    Line{"/usr/bin/env -Spython3 -u", "python3"}, Line{"/usr/bin/env -vS python3", "python3"},
                    Line{"/usr/bin/env -iS python3", "python3"},
                    Line{"/usr/bin/env --split-string=python3 -u", "python3"},
                    Line{"/usr/bin/env -S A=1 B=2 /opt/perl -w", "perl"},
                    Line{"/usr/bin/env -S -i -u HOME -C /tmp ruby", "ruby"},
                    Line{"/usr/bin/env -S -uHOME --unset=X --chdir /tmp ruby", "ruby"},
                    Line{"/usr/bin/env -S -- node x", "node"}, Line{"/usr/bin/env -S -S lua", "lua"},
                    Line{"/usr/bin/env -S 'my perl' -w", "my perl"},
                    Line{"/usr/bin/env -S \"a\\_b\" x", "a b"}, Line{"/usr/bin/env -S a\\_b", "a"},
                    Line{"/usr/bin/env -S # no", ""}, Line{"/usr/bin/env -S awk\\c -f", "awk"},
                    Line{"/usr/bin/env python3 -u", "python3 -u"}, Line{"/usr/bin/env", ""},
                    Line{"/usr/bin/env -S", ""}, Line{"/usr/bin/env -i", ""}, Line{"/usr/bin/env A=1", ""},
                    Line{"/usr/bin/env -S-S-S-S-S-S-S-S-S-S-S x", ""}));

}  // namespace
}  // namespace dropwarden::classify
