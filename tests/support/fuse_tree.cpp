// SPDX-License-Identifier: Apache-2.0
#include "support/fuse_tree.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <utility>
#include <vector>

namespace dropwarden::test {
namespace {

constexpr std::size_t longest_entry = 512;

template <class T>
std::string bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

// The struct that a request begins with; what follows it stays.
template <class T>
T take(std::string_view& body, std::size_t size = sizeof(T)) {
  T value{};
  std::memcpy(&value, body.data(), std::min(size, body.size()));
  body.remove_prefix(std::min(size, body.size()));
  return value;
}

// A name that ends with a zero.
std::string take_name(std::string_view& body) {
  const std::string name(body.substr(0, body.find('\0')));
  body.remove_prefix(std::min(body.size(), name.size() + 1));
  return name;
}

std::string open_out() {
  return bytes_of(fuse_open_out{});
}

FuseTree::Reply describe() {
  fuse_init_out out{};
  out.major = FUSE_KERNEL_VERSION;
  out.minor = FUSE_KERNEL_MINOR_VERSION;
  out.max_write = 4096;
  return {.body = bytes_of(out)};
}

FuseTree::Reply describe_space() {
  fuse_statfs_out out{};
  out.st.namelen = 255;
  out.st.bsize = 4096;
  return {.body = bytes_of(out)};
}

void append_entry(std::string& out, std::uint64_t number, std::uint32_t mode, std::string_view name,
                  std::uint64_t next) {
  fuse_dirent entry{};
  entry.ino = number;
  entry.off = next;
  entry.namelen = static_cast<std::uint32_t>(name.size());
  entry.type = IFTODT(mode);
  out += bytes_of(entry);
  out += name;
  out.resize(FUSE_DIRENT_ALIGN(out.size()), '\0');
}

}  // namespace

FuseTree::FuseTree(std::string program) {
  nodes_[FUSE_ROOT_ID] = {.mode = S_IFDIR | 0755, .links = 2};
  nodes_[++last_] = {.mode = S_IFREG | 0755, .data = std::move(program)};
  nodes_[FUSE_ROOT_ID].entries["tool"] = last_;
}

fuse_attr FuseTree::attributes_of(std::uint64_t number) const {
  const Node& node = nodes_.at(number);
  fuse_attr out{};
  out.ino = number;
  out.mode = node.mode;
  out.nlink = node.links;
  out.uid = node.uid;
  out.gid = node.gid;
  out.size = node.data.size();
  out.blksize = 4096;
  return out;
}

std::string FuseTree::entry_of(std::uint64_t number) {
  fuse_entry_out out{};
  out.nodeid = number;
  out.attr = attributes_of(number);
  return bytes_of(out);
}

FuseTree::Reply FuseTree::look_up(const Node& directory, std::string_view name) {
  const auto found = directory.entries.find(std::string(name));
  if (found == directory.entries.end()) return {.error = ENOENT};
  return {.body = entry_of(found->second)};
}

FuseTree::Reply FuseTree::make(const fuse_in_header& in, std::uint32_t mode, std::string_view name) {
  if (node_of(in).entries.contains(std::string(name))) return {.error = EEXIST};
  const std::uint64_t number = ++last_;
  nodes_[number] = {.mode = mode, .uid = in.uid, .gid = in.gid};
  node_of(in).entries[std::string(name)] = number;
  return {.body = entry_of(number)};
}

FuseTree::Reply FuseTree::link(Node& directory, std::uint64_t number, std::string_view name) {
  if (!directory.entries.emplace(name, number).second) return {.error = EEXIST};
  ++nodes_.at(number).links;
  return {.body = entry_of(number)};
}

// The node stays: it may be open.
FuseTree::Reply FuseTree::remove(Node& directory, std::string_view name) {
  const auto found = directory.entries.find(std::string(name));
  if (found == directory.entries.end()) return {.error = ENOENT};
  Node& node = nodes_.at(found->second);
  if (!node.entries.empty()) return {.error = ENOTEMPTY};
  --node.links;
  directory.entries.erase(found);
  return {};
}

FuseTree::Reply FuseTree::rename(Node& from, const fuse_rename2_in& how, std::string_view names) {
  const std::string old_name = take_name(names);
  const std::string new_name = take_name(names);
  Node& to = nodes_.at(how.newdir);
  const auto source = from.entries.find(old_name);
  if (source == from.entries.end()) return {.error = ENOENT};
  const std::uint64_t number = source->second;
  const auto target = to.entries.find(new_name);
  if (target != to.entries.end() && (how.flags & RENAME_NOREPLACE) != 0) return {.error = EEXIST};
  if ((how.flags & RENAME_EXCHANGE) != 0) {
    if (target == to.entries.end()) return {.error = ENOENT};
    std::swap(source->second, target->second);
    return {};
  }
  from.entries.erase(source);
  to.entries[new_name] = number;
  if ((how.flags & RENAME_WHITEOUT) != 0) {
    nodes_[++last_] = {.mode = S_IFCHR};
    from.entries[old_name] = last_;
  }
  return {};
}

FuseTree::Reply FuseTree::change(const fuse_in_header& in, const fuse_setattr_in& how) {
  Node& node = node_of(in);
  if ((how.valid & FATTR_MODE) != 0) node.mode = (node.mode & S_IFMT) | (how.mode & ~unsigned{S_IFMT});
  if ((how.valid & FATTR_UID) != 0) node.uid = how.uid;
  if ((how.valid & FATTR_GID) != 0) node.gid = how.gid;
  if ((how.valid & FATTR_SIZE) != 0) node.data.resize(how.size);
  fuse_attr_out out{};
  out.attr = attributes_of(in.nodeid);
  return {.body = bytes_of(out)};
}

FuseTree::Reply FuseTree::list(std::uint64_t number, const fuse_read_in& how) const {
  std::vector<std::pair<std::string, std::uint64_t>> all{{".", number}, {"..", FUSE_ROOT_ID}};
  const auto& entries = nodes_.at(number).entries;
  all.insert(all.end(), entries.begin(), entries.end());
  std::string out;
  for (std::size_t i = how.offset; i < all.size() && out.size() + longest_entry <= how.size; ++i)
    append_entry(out, all[i].second, nodes_.at(all[i].second).mode, all[i].first, i + 1);
  return {.body = std::move(out)};
}

FuseTree::Reply FuseTree::told(const std::string& value, std::uint32_t room) {
  if (room == 0) {
    fuse_getxattr_out out{};
    out.size = static_cast<std::uint32_t>(value.size());
    return {.body = bytes_of(out)};
  }
  if (value.size() > room) return {.error = ERANGE};
  return {.body = value};
}

FuseTree::Reply FuseTree::list_attributes(const Node& node, std::uint32_t room) {
  std::string names;
  for (const auto& [name, value] : node.attributes) names += name + '\0';
  return told(names, room);
}

FuseTree::Reply FuseTree::write(Node& node, const fuse_write_in& how, std::string_view bytes) {
  if (node.data.size() < how.offset + bytes.size()) node.data.resize(how.offset + bytes.size());
  std::ranges::copy(bytes, node.data.begin() + static_cast<std::ptrdiff_t>(how.offset));
  fuse_write_out out{};
  out.size = static_cast<std::uint32_t>(bytes.size());
  return {.body = bytes_of(out)};
}

FuseTree::Reply FuseTree::answer(const fuse_in_header& in, std::string_view body) {
  if (in.opcode == FUSE_INIT) return describe();
  if (in.opcode == FUSE_STATFS) return describe_space();
  if (!nodes_.contains(in.nodeid)) return {.error = ESTALE};
  Node& node = node_of(in);
  switch (in.opcode) {
    case FUSE_LOOKUP:
      return look_up(node, take_name(body));
    case FUSE_GETATTR:
      return change(in, {});
    case FUSE_SETATTR:
      return change(in, take<fuse_setattr_in>(body));
    case FUSE_MKDIR: {
      const auto how = take<fuse_mkdir_in>(body);
      return make(in, S_IFDIR | how.mode, take_name(body));
    }
    case FUSE_MKNOD: {
      const auto how = take<fuse_mknod_in>(body);
      return make(in, how.mode, take_name(body));
    }
    case FUSE_LINK: {
      const auto how = take<fuse_link_in>(body);
      return link(node, how.oldnodeid, take_name(body));
    }
    case FUSE_UNLINK:
    case FUSE_RMDIR:
      return remove(node, take_name(body));
    case FUSE_RENAME: {
      const auto how = take<fuse_rename_in>(body);
      return rename(node, {.newdir = how.newdir, .flags = 0, .padding = 0}, body);
    }
    case FUSE_RENAME2: {
      const auto how = take<fuse_rename2_in>(body);
      return rename(node, how, body);
    }
    case FUSE_SETXATTR: {
      const auto how = take<fuse_setxattr_in>(body, FUSE_COMPAT_SETXATTR_IN_SIZE);
      const std::string name = take_name(body);
      node.attributes[name] = std::string(body.substr(0, how.size));
      return {};
    }
    case FUSE_GETXATTR: {
      const auto how = take<fuse_getxattr_in>(body);
      const auto found = node.attributes.find(take_name(body));
      return found == node.attributes.end() ? Reply{.error = ENODATA} : told(found->second, how.size);
    }
    case FUSE_LISTXATTR:
      return list_attributes(node, take<fuse_getxattr_in>(body).size);
    case FUSE_REMOVEXATTR:
      return node.attributes.erase(take_name(body)) == 0 ? Reply{.error = ENODATA} : Reply{};
    case FUSE_OPEN:
    case FUSE_OPENDIR:
      return {.body = open_out()};
    case FUSE_READ: {
      const auto how = take<fuse_read_in>(body);
      return {.body = how.offset < node.data.size() ? node.data.substr(how.offset, how.size) : std::string()};
    }
    case FUSE_WRITE: {
      const auto how = take<fuse_write_in>(body);
      return write(node, how, body.substr(0, how.size));
    }
    case FUSE_READDIR:
      return list(in.nodeid, take<fuse_read_in>(body));
    case FUSE_RELEASE:
    case FUSE_RELEASEDIR:
    case FUSE_FLUSH:
    case FUSE_FSYNC:
    case FUSE_ACCESS:
      return {};
    default:
      return {.error = ENOSYS};
  }
}

}  // namespace dropwarden::test
