// SPDX-License-Identifier: Apache-2.0
// file(1) has looked at more formats than we have. On what is ELF we must agree, for every file of this
// machine.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <set>
#include <unistd.h>

#include <gtest/gtest.h>

#include "dropwarden/classify/classify.hpp"
#include "dropwarden/sys/file.hpp"

namespace dropwarden::classify {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> regular_files(const fs::path& top) {
  std::vector<std::string> files;
  std::error_code error;
  constexpr auto options = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator it(top, options, error), end; it != end; it.increment(error)) {
    const std::string name = it->path();
    // A list of files has one a line.
    if (it->is_symlink(error) || !it->is_regular_file(error) || name.find('\n') != std::string::npos)
      continue;
    files.push_back(name);
  }
  return files;
}

// The MIME type of each, by file(1): one process for all, only with the tests that tell ELF, on the bytes
// that those look at.
std::map<std::string, std::string> mime_types(const std::string& list) {
  const std::string command =
      "file --mime-type -00 -P bytes=1024 -e tar -e json -e csv -e text -e encoding -e tokens -e compress "
      "-e cdf -e apptype --files-from " +
      list + " 2>/dev/null";
  std::map<std::string, std::string> types;
  // A fixed command line of the test itself.
  const std::unique_ptr<FILE, int (*)(FILE*)> out(::popen(command.c_str(), "re"),  // NOLINT(cert-env33-c)
                                                  ::pclose);
  if (!out) return types;
  char* text = nullptr;
  std::size_t capacity = 0;
  std::string name;
  for (bool is_name = true; ::getdelim(&text, &capacity, '\0', out.get()) > 0; is_name = !is_name) {
    if (is_name) {
      name = text;
    } else {
      types[name] = text;
    }
  }
  std::free(text);  // NOLINT(cppcoreguidelines-no-malloc): getdelim(3) gave it
  return types;
}

bool is_elf_type(const std::string& type) {
  static const std::set<std::string> types{"application/x-executable", "application/x-pie-executable",
                                           "application/x-sharedlib", "application/x-object",
                                           "application/x-coredump"};
  return types.contains(type);
}

std::optional<model::FileKind> classify_path(const std::string& file) {
  const auto fd = sys::open_path(file, O_RDONLY | O_NONBLOCK);
  const auto status = fd ? sys::read_status(fd->number()) : std::unexpected(fd.error());
  if (!status) return std::nullopt;
  const auto read_part = [&](std::uint64_t offset, std::span<std::byte> into) {
    return sys::read_at(fd->number(), into, offset).value_or(0);
  };
  std::array<std::byte, head_bytes> head;
  const auto got = read_part(0, head);
  return classify_file({.size = status->size}, std::span(head).first(got), read_part);
}

// Of every other file, from `first` on: on a processor of its own.
std::map<std::string, std::string> mime_types_of_half(const std::vector<std::string>& files,
                                                      std::size_t first) {
  std::string list = "/var/tmp/dropwarden-files-XXXXXX";
  const sys::Fd fd(::mkostemp(list.data(), O_CLOEXEC));
  if (!fd) return {};
  {
    std::ofstream out(list);
    for (std::size_t i = first; i < files.size(); i += 2) out << files[i] << '\n';
  }
  auto types = mime_types(list);
  fs::remove(list);
  return types;
}

TEST(Agreement, WithFileOnWhatIsElfHoldsForAllOfUsr) {
  if (std::system("command -v file >/dev/null") != 0)  // NOLINT(bugprone-command-processor)
    GTEST_SKIP() << "SKIP runtime: no file(1) here";
  const auto files = regular_files("/usr");
  auto half = std::async(std::launch::async, mime_types_of_half, std::cref(files), 1);
  auto types = mime_types_of_half(files, 0);
  types.merge(half.get());
  std::size_t elves = 0;
  std::size_t compared = 0;
  for (const auto& file : files) {
    const auto type = types.find(file);
    // Removed, or not to be read, in the meantime.
    if (type == types.end() || !fs::exists(file) || type->second.starts_with("cannot")) continue;
    const auto kind = classify_path(file);
    const bool is_elf = kind && kind->format == model::Format::elf;
    EXPECT_EQ(is_elf, is_elf_type(type->second)) << file << ": " << type->second;
    if (is_elf) {
      EXPECT_NE(kind->elf->bits, 0U) << file;
      EXPECT_TRUE(kind->elf->packing.empty()) << file << " is not packed";
    }
    ++compared;
    elves += is_elf ? 1 : 0;
  }
  EXPECT_GT(elves, 50U);
  EXPECT_GT(compared, files.size() * 9 / 10);
  RecordProperty("compared", static_cast<int>(compared));
}

}  // namespace
}  // namespace dropwarden::classify
