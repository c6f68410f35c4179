// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <linux/fuse.h>
#include <map>
#include <string>
#include <string_view>

namespace dropwarden::test {

// What the server of a FUSE file system holds, and its answers (<linux/fuse.h>): a tree in memory that can do
// all that overlayfs asks of an upper directory, whiteouts and attributes included. Nothing is to be kept in
// the kernel's caches, so that everything is asked.
class FuseTree {
 public:
  // With one program in its root, `/tool`.
  explicit FuseTree(std::string program);

  struct Reply {
    int error = 0;
    std::string body{};
  };
  Reply answer(const fuse_in_header& in, std::string_view body);

 private:
  struct Node {
    std::uint32_t mode = 0;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::uint32_t links = 1;
    std::string data{};
    std::map<std::string, std::uint64_t> entries{};
    std::map<std::string, std::string> attributes{};
  };

  Node& node_of(const fuse_in_header& in) { return nodes_.at(in.nodeid); }
  fuse_attr attributes_of(std::uint64_t number) const;
  std::string entry_of(std::uint64_t number);
  Reply look_up(const Node& directory, std::string_view name);
  Reply make(const fuse_in_header& in, std::uint32_t mode, std::string_view name);
  Reply link(Node& directory, std::uint64_t number, std::string_view name);
  Reply remove(Node& directory, std::string_view name);
  Reply rename(Node& from, const fuse_rename2_in& how, std::string_view names);
  Reply change(const fuse_in_header& in, const fuse_setattr_in& how);
  Reply list(std::uint64_t number, const fuse_read_in& how) const;
  static Reply told(const std::string& value, std::uint32_t room);
  static Reply list_attributes(const Node& node, std::uint32_t room);
  Reply write(Node& node, const fuse_write_in& how, std::string_view bytes);

  std::map<std::uint64_t, Node> nodes_;
  std::uint64_t last_ = FUSE_ROOT_ID;
};

}  // namespace dropwarden::test
