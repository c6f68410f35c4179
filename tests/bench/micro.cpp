// SPDX-License-Identifier: Apache-2.0
// What pure parts of the way of an event cost. Names are the nouns of ARCHITECTURE.md; `tests/bench/run
// micro`.
#include <array>
#include <benchmark/benchmark.h>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <span>
#include <string>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

#include <openssl/evp.h>

#include "dropwarden/attribute/hash.hpp"
#include "dropwarden/classify/classify.hpp"
#include "dropwarden/container/cgroup_path.hpp"
#include "dropwarden/policy/engine.hpp"
#include "dropwarden/sink/format.hpp"
#include "dropwarden/sys/fd.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/watch/decoder.hpp"

#include "support/file.hpp"
#include "unit/sink/sample.hpp"

namespace dropwarden::test {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// For every event.
void looks_executable(benchmark::State& state, const std::string& first) {
  for (auto unused : state) benchmark::DoNotOptimize(classify::looks_executable(bytes_of(first)));
}

void looks_like_text(benchmark::State& state, const std::string& first) {
  for (auto unused : state) benchmark::DoNotOptimize(classify::looks_like_text(bytes_of(first)));
}

std::string first_of(std::string text, char fill) {
  text.resize(classify::first_bytes, fill);
  return text;
}

BENCHMARK_CAPTURE(looks_executable, text, first_of("2026-11-27 a line of a log\n", 'x'));
BENCHMARK_CAPTURE(looks_executable, elf, first_of("\177ELF\2\1\1", '\0'));
BENCHMARK_CAPTURE(looks_like_text, text, first_of("2026-11-27 a line of a log\n", 'x'));
BENCHMARK_CAPTURE(looks_like_text, zeros, first_of({}, '\0'));

// For a candidate, with its file in memory.
void classify_file(benchmark::State& state, const char* path) {
  const std::string text = read_file(path);
  const auto bytes = bytes_of(text);
  const auto read_at = [&](std::uint64_t offset, std::span<std::byte> into) -> std::size_t {
    if (offset >= bytes.size()) return 0;
    const auto part = bytes.subspan(offset, std::min(into.size(), bytes.size() - offset));
    std::memcpy(into.data(), part.data(), part.size());
    return part.size();
  };
  const auto head = bytes.first(std::min(bytes.size(), classify::head_bytes));
  for (auto unused : state) {
    benchmark::DoNotOptimize(
        classify::classify_file({.size = bytes.size(), .is_executable = true}, head, read_at));
  }
}
BENCHMARK_CAPTURE(classify_file, elf, "/proc/self/exe");

// All that one read(2) of the group gives.
void decode(benchmark::State& state) {
  constexpr std::size_t records = 341;
  std::vector<struct fanotify_event_metadata> buffer(records, {.event_len = FAN_EVENT_METADATA_LEN,
                                                               .vers = FANOTIFY_METADATA_VERSION,
                                                               .reserved = 0,
                                                               .metadata_len = FAN_EVENT_METADATA_LEN,
                                                               .mask = FAN_CLOSE_WRITE,
                                                               .fd = 7,
                                                               .pid = 4711});
  for (auto unused : state) {
    watch::Decoder decoder(std::as_bytes(std::span(buffer)));
    while (auto event = decoder.next()) benchmark::DoNotOptimize(event);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(records) * state.iterations());
}
BENCHMARK(decode);

void cgroup_text(benchmark::State& state, const std::string& text) {
  for (auto unused : state) benchmark::DoNotOptimize(container::parse_process_owners(text));
}
const std::string container_id(64, 'c');
BENCHMARK_CAPTURE(cgroup_text, docker_v2, "0::/system.slice/docker-" + container_id + ".scope\n");
BENCHMARK_CAPTURE(cgroup_text, kubernetes_v1,
                  "11:memory:/kubepods/burstable/pod8f3e1c4e-3f7a-4a52-9a8a-0f4f7f0c8d11/" + container_id +
                      "\n10:cpuset:/kubepods/burstable/pod8f3e1c4e-3f7a-4a52-9a8a-0f4f7f0c8d11/" +
                      container_id + "\n0::/\n");
BENCHMARK_CAPTURE(cgroup_text, host, "0::/user.slice/user-1000.slice/session-3.scope\n");

template <class Format>
void format(benchmark::State& state, const Format& format) {
  const model::Finding finding = sink::sample_finding();
  std::size_t bytes = 0;
  for (auto unused : state) bytes += format(finding).size();
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}
BENCHMARK_CAPTURE(format, native, [](const model::Finding& finding) { return sink::format_native(finding); });
BENCHMARK_CAPTURE(format, tracee, [](const model::Finding& finding) { return sink::format_tracee(finding); });
BENCHMARK_CAPTURE(format, text, [](const model::Finding& finding) { return sink::format_text(finding, {}); });

// The decision on a finding that none of so many exceptions covers, each with an image and a path of its own.
void decide(benchmark::State& state) {
  policy::Policy policy;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    const std::string name = "app" + std::to_string(i);
    policy.exceptions.push_back(
        {.name = name,
         .reason = "bench",
         .when = {.image = {"example.com/team/" + name}, .path = {"/opt/" + name + "/**"}}});
  }
  const policy::Engine engine(policy, 1);
  const model::WriteEvent event = sink::sample_finding().event;
  for (auto unused : state) benchmark::DoNotOptimize(engine.decide(event, {}));
}
BENCHMARK(decide)->RangeMultiplier(10)->Range(10, 10'000);

// A file in the page cache, as the daemon hashes it, against the digest alone of memory, in the blocks of
// openssl-speed(1): the first is to be 0.9 of the second at least.
constexpr std::size_t large_file = std::size_t{64} << 20U;

void hash_file(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const sys::Fd file(::memfd_create("bench", MFD_CLOEXEC));
  const std::string content(size, 'h');
  if (::write(file.number(), content.data(), size) != static_cast<ssize_t>(size))
    return state.SkipWithError("cannot write the file");
  for (auto unused : state) benchmark::DoNotOptimize(attribute::hash_file(file.number(), size, {}));
  state.SetBytesProcessed(state.range(0) * state.iterations());
}
BENCHMARK(hash_file)->Arg(16 << 10)->Arg(large_file)->Unit(benchmark::kMicrosecond);

void sha256_of_memory(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const std::string block(std::size_t{16} << 10U, 'h');
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  EVP_MD_CTX* const context = ::EVP_MD_CTX_new();
  for (auto unused : state) {
    ::EVP_DigestInit_ex(context, ::EVP_sha256(), nullptr);
    for (std::size_t done = 0; done < size; done += block.size())
      ::EVP_DigestUpdate(context, block.data(), block.size());
    ::EVP_DigestFinal_ex(context, digest.data(), nullptr);
  }
  ::EVP_MD_CTX_free(context);
  state.SetBytesProcessed(state.range(0) * state.iterations());
}
BENCHMARK(sha256_of_memory)->Arg(16 << 10)->Arg(large_file)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace dropwarden::test

BENCHMARK_MAIN();
