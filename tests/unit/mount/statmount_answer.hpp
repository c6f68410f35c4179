// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>
#include <string>
#include <string_view>

#include "dropwarden/sys/statmount_abi.hpp"

namespace dropwarden::mount {

namespace abi = sys::statmount_abi;

// An answer of statmount(2), as the kernel lays it out.
struct AnswerMaker {
  AnswerMaker() { answer.mask = abi::superblock | abi::mount; }

  void put(std::uint64_t bit, std::uint32_t& begin, std::string_view text) {
    answer.mask |= bit;
    begin = static_cast<std::uint32_t>(texts.size());
    texts.append(text) += '\0';
  }
  std::string bytes() {
    answer.size = static_cast<std::uint32_t>(sizeof answer + texts.size());
    std::string all(sizeof answer, '\0');
    std::memcpy(all.data(), &answer, sizeof answer);
    return all + texts;
  }

  abi::Answer answer{};
  std::string texts{};
};

inline AnswerMaker make_tmpfs(std::string_view mount_point, std::uint32_t id = 1) {
  AnswerMaker maker;
  maker.answer.id = id;
  maker.answer.old_id = id;
  maker.put(abi::root, maker.answer.root, "/");
  maker.put(abi::mount_point, maker.answer.mount_point, mount_point);
  maker.put(abi::type, maker.answer.type, "tmpfs");
  return maker;
}

}  // namespace dropwarden::mount
