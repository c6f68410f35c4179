// SPDX-License-Identifier: Apache-2.0
#include "filter_machine.hpp"

#include <cstring>
#include <linux/seccomp.h>
#include <stdexcept>

namespace dropwarden::sandbox {
namespace {

std::uint32_t load(const struct seccomp_data& data, std::uint32_t offset) {
  if (offset % 4 != 0 || offset > sizeof data - 4) throw std::logic_error("a load beyond the call");
  std::uint32_t word = 0;
  std::memcpy(&word, reinterpret_cast<const char*>(&data) + offset, sizeof word);
  return word;
}

bool holds(std::uint16_t code, std::uint32_t accumulator, std::uint32_t operand) {
  switch (BPF_OP(code)) {
    case BPF_JEQ:
      return accumulator == operand;
    case BPF_JGT:
      return accumulator > operand;
    case BPF_JGE:
      return accumulator >= operand;
    case BPF_JSET:
      return (accumulator & operand) != 0;
    default:
      throw std::logic_error("an unknown jump");
  }
}

}  // namespace

std::uint32_t run_filter(std::span<const struct sock_filter> program, const SeenCall& call) {
  struct seccomp_data data{};
  data.nr = static_cast<int>(call.number);
  data.arch = call.architecture;
  for (std::size_t i = 0; i < call.arguments.size(); ++i) data.args[i] = call.arguments[i];
  std::uint32_t accumulator = 0;
  for (std::size_t at = 0; at < program.size(); ++at) {  // jumps go forward only
    const struct sock_filter& step = program[at];
    if (step.code == (BPF_LD | BPF_W | BPF_ABS)) {
      accumulator = load(data, step.k);
    } else if (step.code == (BPF_ALU | BPF_AND | BPF_K)) {
      accumulator &= step.k;
    } else if (step.code == (BPF_JMP | BPF_JA)) {
      at += step.k;
    } else if (BPF_CLASS(step.code) == BPF_JMP && BPF_SRC(step.code) == BPF_K) {
      at += holds(step.code, accumulator, step.k) ? step.jt : step.jf;
    } else if (step.code == (BPF_RET | BPF_K)) {
      return step.k;
    } else {
      throw std::logic_error("an unknown instruction");
    }
  }
  throw std::logic_error("a program without an end");
}

}  // namespace dropwarden::sandbox
