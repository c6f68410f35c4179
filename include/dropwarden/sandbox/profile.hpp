// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dropwarden::sandbox {

// Which of dropwarden's processes: the privileged one, which opens, mounts and marks for the other; and the
// one without privilege, which parses, classifies, hashes, stores and sends.
enum class Profile { marker, monitor };
inline constexpr std::array profiles{Profile::marker, Profile::monitor};
const char* name_of(Profile profile);

// What an argument of a call has to be: `argument & mask == value`, over all 64 bits. A pointer's target
// cannot be asked for (seccomp(2)).
struct Condition {
  unsigned argument = 0;  // counted from 0
  std::uint64_t mask = ~std::uint64_t{0};
  std::uint64_t value = 0;
  std::string_view text;  // the same for people: `domain AF_UNIX`; empty: no condition
};

// What becomes of a call.
enum class Verdict {
  allowed,
  absent,   // ENOSYS, and nothing is said: the C library asks, and has another way
  refused,  // ENOSYS, and said once for each call: nothing that dropwarden does
  fatal     // ends the process: nothing but an intruder asks for it
};
const char* name_of(Verdict verdict);

// A line of a table: the calls of this name whose arguments meet all conditions. Of several lines with one
// name any one is enough.
struct Call {
  std::string_view name;  // as in syscalls(2); one that an architecture has not is of no effect there
  std::array<Condition, 3> conditions{};
  std::string_view reason;  // why it is needed, or what it would be good for
  Verdict verdict = Verdict::allowed;
};

// Whether an output leads out of the machine: else the monitor has no sockets of the Internet.
enum class Network { none, outputs };

// All lines of a profile: what any process of C++ needs, what this one does, and what is fatal. What has no
// line is `refused`. The marker has no network.
std::vector<Call> calls_of(Profile profile, Network network);

// `domain AF_UNIX, type SOCK_DGRAM`; empty where all arguments will do.
std::string text_of_conditions(const Call& call);

}  // namespace dropwarden::sandbox
