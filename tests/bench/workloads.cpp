// SPDX-License-Identifier: Apache-2.0
#include "workloads.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <ratio>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>

#include "support/file.hpp"

namespace dropwarden::test {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t names_in_turn = 1000;
constexpr std::size_t logs = 100;

void write_anew(const std::string& path, int flags, std::string_view content, mode_t mode = 0644) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | flags, mode);
  require(file >= 0, "open");
  require(::write(file, content.data(), content.size()) == static_cast<ssize_t>(content.size()), "write");
  ::close(file);
}

std::string name_of(std::string_view what, std::uint64_t number) {
  return fmt::format("/job/{}{}", what, number);
}

void create(std::uint64_t count) {
  const std::string content(100, 'x');
  for (std::uint64_t i = 0; i < count; ++i)
    write_anew(name_of("f", i % names_in_turn), O_CREAT | O_TRUNC, content);
}

void rewrite(std::uint64_t count) {
  const std::string content(4096, 'y');
  for (std::uint64_t i = 0; i < count; ++i) write_anew(name_of("f", i % logs), O_CREAT, content);
}

void append(std::uint64_t count) {
  const std::string line(80, 'z');
  for (std::uint64_t i = 0; i < count; ++i) write_anew(name_of("log", i % logs), O_CREAT | O_APPEND, line);
}

// A text like a source's, of a few KiB: compressible, and never the same twice.
std::string make_source(std::uint64_t number) {
  std::string text = "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n";
  const std::uint64_t functions = 10 + number % 70;
  for (std::uint64_t i = 0; i < functions; ++i) {
    text += fmt::format(
        "int part_{0}_{1}(const char* text, int count) {{\n"
        "  char buffer[64];\n  int sum = {2};\n"
        "  for (int i = 0; i < count && text[i] != 0; ++i) sum = sum * 31 + text[i];\n"
        "  snprintf(buffer, sizeof buffer, \"%d\", sum);\n  return (int)strlen(buffer) + atoi(text);\n}}\n",
        number, i, (number * 7919 + i * 104729) % 65521);
  }
  return text;
}

void make_tree(const std::string& directory, std::uint64_t files) {
  for (std::uint64_t i = 0; i < files; ++i) {
    const std::string below = fmt::format("{}/part{}", directory, i / 30);
    fs::create_directories(below);
    const std::string path = fmt::format("{}/source{}.c", below, i);
    write_file(path, make_source(i));
    fs::permissions(path, fs::perms{0644});  // by its mode a text may be a program
  }
}

void make_archive(std::uint64_t files) {
  if (fs::exists("/srv/bench.tar.gz")) return;
  fs::create_directories("/srv/tree");
  make_tree("/srv/tree", files);
  run_program({"tar", "-C", "/srv", "-czf", "/srv/bench.tar.gz", "tree"});
}

void make_sources(std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) write_file(name_of("source", i) + ".c", make_source(i));
}

// Two at a time, as make -j2 has it.
void build() {
  run_program({"sh", "-c",
               "cd /job && ls *.c | sed 's/\\.c$//' | xargs -P 2 -I @ gcc -O1 -c @.c -o @.o && "
               "gcc -shared -o library.so *.o"});
}

std::uint64_t scaled(double scale, std::uint64_t count) {
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(scale * static_cast<double>(count)));
}

Job loop(const char* name, const char* operation, std::uint64_t operations, void (*body)(std::uint64_t)) {
  return {.name = name,
          .operation = operation,
          .operations = operations,
          .prepare =
              [body] {
                clear_job();
                body(names_in_turn);
              },
          .body = body};
}

Job once(const char* name, const char* operation, std::function<void()> prepare, std::function<void()> body) {
  return {.name = name,
          .operation = operation,
          .prepare =
              [prepare = std::move(prepare)] {
                clear_job();
                if (prepare) prepare();
              },
          .body = [body = std::move(body)](std::uint64_t) { body(); }};
}

bool has(const char* program) {
  return fs::exists(std::string("/usr/bin/") + program);
}

}  // namespace

void clear_job() {
  for (const auto& entry : fs::directory_iterator("/job")) fs::remove_all(entry.path());
}

void create_files(std::uint64_t count, std::uint64_t each_second) {
  const std::string content(100, 'x');
  const auto start = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < count; ++i) {
    if (each_second != 0)
      std::this_thread::sleep_until(start + std::chrono::nanoseconds{std::nano::den} * i / each_second);
    write_anew(name_of("p", i), O_CREAT | O_TRUNC, content);
  }
}

void write_programs(std::uint64_t count, std::size_t size, unsigned depth) {
  std::string content = read_file("/usr/bin/env");
  content.resize(size);
  std::string directory = "/job";
  for (unsigned i = 0; i < depth; ++i) directory += "/d";
  fs::create_directories(directory);
  for (std::uint64_t i = 0; i < count; ++i) {
    // None is like another, as their hashes must not be.
    std::memcpy(content.data() + size / 2, &i, sizeof i);
    write_anew(fmt::format("{}/program{}", directory, i), O_CREAT | O_TRUNC, content, 0755);
  }
}

std::vector<Job> make_jobs(double scale, const std::string& packages, std::vector<std::string>& left_out) {
  std::vector<Job> jobs;
  jobs.push_back(loop("tight creates", "create", scaled(scale, 20'000), create));
  jobs.push_back(loop("rewrites", "rewrite", scaled(scale, 20'000), rewrite));
  jobs.push_back(loop("appends to 100 logs", "append", scaled(scale, 20'000), append));
  const std::uint64_t files = scaled(scale, 3000);
  jobs.push_back(once(
      "untar", "archive", [files] { make_archive(files); },
      [] { run_program({"tar", "-xzf", "/srv/bench.tar.gz", "-C", "/job"}); }));
  if (has("gcc")) {
    const std::uint64_t sources = scaled(scale, 30);
    jobs.push_back(once("parallel C build", "build", [sources] { make_sources(sources); }, build));
  } else {
    left_out.emplace_back("parallel C build: this host has no gcc");
  }
  constexpr std::size_t program_bytes = std::size_t{16} << 10U;
  jobs.push_back({.name = "executables dropped",
                  .operation = "drop",
                  .operations = scaled(scale, 10'000),
                  .prepare = clear_job,
                  .body = [](std::uint64_t count) { write_programs(count, program_bytes); }});
  jobs.push_back(
      {.name = "exec-heavy shell loop",
       .operation = "exec",
       .operations = scaled(scale, 1000),
       .prepare = clear_job,
       .body = [](std::uint64_t count) {
         run_program(
             {"sh", "-c", fmt::format("i=0; while [ $i -lt {} ]; do /bin/true; i=$((i+1)); done", count)});
       }});
  if (run_is_possible({"/usr/bin/python3", "-c", "import ensurepip, venv"})) {
    jobs.push_back(once("Python venv", "venv", {},
                        [] { run_program({"/usr/bin/python3", "-m", "venv", "/job/venv"}); }));
  } else {
    left_out.emplace_back("Python venv: this host has no python3 with venv and ensurepip (python3-venv)");
  }
  if (!packages.empty()) {
    jobs.push_back(once("apt-get install", "install", {}, [] {
      run_program({"sh", "-c",
                   "DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-download --reinstall "
                   "--allow-downgrades /srv/packages/*.deb"});
    }));
  } else {
    left_out.emplace_back("apt-get install: only with --long");
  }
  return jobs;
}

}  // namespace dropwarden::test
