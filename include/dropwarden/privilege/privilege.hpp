// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"
#include "dropwarden/sys/file_handle.hpp"

namespace dropwarden::privilege {

// How a container's root file system is reached.
struct MountPoint {
  std::string path;  // in the mount namespace that the mount table comes from
};
struct ProcessRoot {
  std::int32_t pid;  // through /proc/PID/root: late, but independent of mount propagation
};
using RootPath = std::variant<MountPoint, ProcessRoot>;

// A directory, whatever it is called.
struct DirectoryIdentity {
  std::uint32_t device_major = 0;
  std::uint32_t device_minor = 0;
  std::uint64_t inode = 0;

  friend bool operator==(const DirectoryIdentity&, const DirectoryIdentity&) = default;
};
// The one that an overlay writes to. Nothing where it writes to none, or nobody knows which.
using ProvenUpper = std::optional<DirectoryIdentity>;

// What was found at a RootPath when it was marked.
struct RootIdentity {
  std::uint64_t mount_id = 0;  // stx_mnt_id
  std::uint32_t device_major = 0;
  std::uint32_t device_minor = 0;
  std::uint64_t file_system_type = 0;  // f_type
  std::uint64_t file_system_id = 0;    // f_fsid
  // By `mark_mounts`: to nobody who acts in the user namespace of the process, which some user has made. What
  // others do there is none of the container's doing.
  bool belongs_to_others = false;
  // By `mark_file_system`, of the root of a process. The path in the options of the overlay may have led
  // there only then.
  ProvenUpper upper{};
};

// The root of a process that is about to be marked, as one and the same process shows it.
struct ShownRoot {
  int top = -1;                     // held, O_PATH
  std::string_view mountinfo;       // read since
  std::string_view user_namespace;  // and then this: whoever is in ours by now was so before
  std::uint64_t mask = 0;           // asked for
};

// A mount as a process of a container sees it, to be marked.
struct ContainerMount {
  std::string path;  // its mount point, seen from the root of the process; a file for a file that is bound
  std::uint64_t mount_id = 0;         // and its ID, both from the mountinfo of the process
  std::string type;                   // the file system that it has to be of, as mountinfo names it,
  std::uint64_t type_magic = 0;       // and as fstatfs(2) does
  bool is_whole_file_system = false;  // marks the superblock, and not this mount alone (fanotify_mark(2))
};

// A mount in the host's mount table, by which files of its file system are reached by their handles.
struct HostMount {
  std::string path;            // its mount point
  std::uint64_t mount_id = 0;  // and its ID, both from the host's table
  std::uint64_t type = 0;      // f_type of the file system that it has to be of

  friend bool operator==(const HostMount&, const HostMount&) = default;
};

// Events of a group in FID mode (fanotify_mark(2)).
struct HandleMask {
  std::uint64_t wanted = 0;    // none: the mark is taken away
  std::uint64_t unwanted = 0;  // taken away from a mark that was there before
};

// What a mark in FID mode on the file system under an upper directory tells of what is done in the overlay.
struct UpperEvents {
  bool has_names = false;   // renames, links, attributes
  bool has_writes = false;  // FAN_CLOSE_WRITE as well: since Linux 6.5
};

// Files of /proc/PID that are read for others. `exe` and the namespaces are links, the target is the answer;
// of `exe_identity` it is `MAJOR:MINOR:INODE` of the file that the process runs, in decimal, as the process
// sees it. `host_name` is no file, but the name as the process sees it, of its UTS namespace.
enum class ProcessFile {
  cgroup,
  cmdline,
  exe,
  exe_identity,
  host_name,
  loginuid,
  mount_namespace,  // ns/mnt
  mountinfo,
  pid_namespace,  // ns/pid
  root,           // the link: as its mount namespace names it
  stat,
  status,
  user_namespace  // ns/user
};

// Files of one process.
struct ProcessTexts {
  std::int32_t pid = 0;
  std::vector<sys::Result<std::string>> files;
};

// What overlayfs writes beside a file of a layer (Documentation/filesystems/overlayfs.rst), each at most 4
// KiB.
struct OverlayAttributes {
  std::optional<std::string> metacopy;
  std::optional<std::string> opaque;
  std::optional<std::string> redirect;
  std::optional<std::string> whiteout;
};
enum class AttributeSpace { trusted, user };  // `trusted.overlay.*`; `user.overlay.*` with option userxattr

// What a layer has under a name.
struct LayerEntry {
  sys::Fd file;  // O_PATH
  OverlayAttributes attributes;
};

// What a layer has along some names, each in the one before.
using Way = std::vector<sys::Result<LayerEntry>>;

// What a directory of a layer has under some names.
using Siblings = std::vector<sys::Result<LayerEntry>>;

// A directory of the host, and the mount that it has to be on.
struct TreePlace {
  std::string directory;
  std::uint64_t mount_id = 0;
};
struct Tree {
  sys::Fd top;  // O_PATH
  Way way;      // none on another mount
};

// An entry of binfmt_misc: its name, and what its file holds.
struct RegistrationFile {
  std::string name;
  std::string text;
};

// Everything that needs privilege: opening, marking, /proc of others, sockets of runtimes. The only way to
// it, so that it can become a process of its own; hence only values and descriptors pass. Nothing that is
// asked for is trusted: each operation checks what it opened before it acts. Any thread may call it. Errors
// are the kernel's own.
class Privilege {
 public:
  virtual ~Privilege() = default;

  // Another number than before once somebody else answers, who keeps nothing of what was kept between calls.
  // Any thread, no lock.
  virtual std::uint64_t generation() const { return 0; }

  // For who stands before it and trusts nobody's word: from now on `check` is asked for each process by way
  // of which something is marked or opened, with the mountinfo that it shows while that is held. The number
  // of a process may be another's by then; what is held, and stands in a table that passes, is not. Once,
  // before anything is asked.
  using ProcessCheck = std::function<sys::Result<void>(std::int32_t pid, std::string_view mountinfo)>;
  virtual void set_process_check(ProcessCheck check) { static_cast<void>(check); }
  // Likewise of the root of such a process, before the file system there is asked anything or marked: it
  // answers what goes out as `RootIdentity::upper`.
  using RootCheck = std::function<sys::Result<ProvenUpper>(const ShownRoot& root)>;
  virtual void set_root_check(RootCheck check) { static_cast<void>(check); }

  // fanotify_init(2). Needs CAP_SYS_ADMIN.
  virtual sys::Result<sys::Fd> open_group(unsigned flags, unsigned event_flags) = 0;

  // Puts `mask` on the whole file system that `root` is on, once fstatfs(2) has said that it is of type
  // `allowed_type` (a *_MAGIC): ENOTSUP otherwise. EXDEV when the path is not the root of a mount. Holds
  // nothing open afterwards. Needs CAP_SYS_ADMIN, and CAP_SYS_PTRACE for a ProcessRoot.
  virtual sys::Result<RootIdentity> mark_file_system(int group, const RootPath& root, std::uint64_t mask,
                                                     std::uint64_t allowed_type) = 0;

  // Puts `mask` on mounts of the process `pid`; an answer for each, in their order. Nothing is asked of a
  // file system before its type has been read from the process's mountinfo while the mount is held: a FUSE
  // server may never answer. ESTALE when another mount is there, over it or in its place; ENOTSUP when it is
  // of another type; EAGAIN when somebody who might never answer would have to be asked for the way, or it
  // changes all the time; ENOENT or ESRCH when the process is gone. Holds nothing open afterwards. Needs
  // CAP_SYS_ADMIN and CAP_SYS_PTRACE.
  virtual std::vector<sys::Result<RootIdentity>> mark_mounts(int group, std::int32_t pid,
                                                             const std::vector<ContainerMount>& mounts,
                                                             std::uint64_t mask) = 0;

  // Marks the file system of `mount` for a group in FID mode. ESTALE when another mount is there by now;
  // ENOTSUP when it is of another type; EXDEV where file handles do not tell all of the file system: of btrfs
  // the mount has to show its root; EOPNOTSUPP and ENODEV where it has no handles or no f_fsid. Holds nothing
  // open afterwards. Needs CAP_SYS_ADMIN.
  virtual sys::Result<RootIdentity> mark_by_handle(int group, const HostMount& mount,
                                                   const HandleMask& mask) = 0;
  // No events of `mask` for what is done through this mount (FAN_MARK_IGNORE_SURV, Linux 6.0): of those that
  // know a mount, which attributes and names do not. Errors as above.
  virtual sys::Result<void> ignore_mount(int group, const HostMount& mount, std::uint64_t mask) = 0;
  // For `open_by_handle`. Keeps the mount from being unmounted: to be closed soon. Errors as above.
  virtual sys::Result<sys::Fd> open_handle_mount(const HostMount& mount) = 0;
  // What `handle` stands for, O_PATH: a directory, a file, or anything else. ESTALE when it is gone. Needs
  // CAP_DAC_READ_SEARCH.
  virtual sys::Result<sys::Fd> open_by_handle(int mount, const sys::FileHandle& handle) = 0;
  // The regular file that `handle` stands for, as `open_regular_file` opens it: one question instead of two.
  virtual sys::Result<sys::Fd> open_file_by_handle(int mount, const sys::FileHandle& handle) {
    auto entry = open_by_handle(mount, handle);
    return entry ? open_regular_file(entry->number()) : std::move(entry);
  }
  // These two of each of the handles: one question for what a read brings. An answer for each, in their
  // order; EMFILE for what makes it more than `max_opened`.
  virtual std::vector<sys::Result<sys::Fd>> open_by_handles(int mount,
                                                            const std::vector<sys::FileHandle>& handles);
  virtual std::vector<sys::Result<sys::Fd>> open_files_by_handles(
      int mount, const std::vector<sys::FileHandle>& handles);
  // Tries it with an overlay that nobody else sees. Needs CAP_SYS_ADMIN.
  virtual sys::Result<UpperEvents> probe_upper_events() = 0;

  // Makes an overlay on a tmpfs of its own, which stands in no mount table, marks its superblock with `mask`,
  // and keeps it until the next call, or the end: the one thing that is kept between calls. For the canary,
  // by which the monitor sees that it sees. Needs CAP_SYS_ADMIN.
  virtual sys::Result<RootIdentity> open_canary(int group, std::uint64_t mask) = 0;
  // Writes and closes a file there that looks like an executable; ENOENT where there is no such overlay.
  virtual sys::Result<void> write_canary(std::uint64_t number) = 0;

  // The top of a mount of the process `pid`, O_PATH, checked in the same way. Pins the mount. EPERM where it
  // belongs to others (RootIdentity). ESTALE, ENOTSUP, EAGAIN, ENOENT and ESRCH as above. Needs
  // CAP_SYS_PTRACE.
  virtual sys::Result<sys::Fd> open_mount(std::int32_t pid, const ContainerMount& mount) = 0;

  // Marks the mount namespace that the mount table comes from (FAN_MARK_MNTNS, Linux 6.15): EINVAL before.
  virtual sys::Result<void> mark_mount_namespace(int group, std::uint64_t mask) = 0;
  // The mount namespace of the process `pid`, likewise. Holds nothing open afterwards: an open namespace
  // keeps all mounts in it alive. Needs CAP_SYS_PTRACE as well.
  virtual sys::Result<void> mark_mount_namespace_of(int group, std::int32_t pid, std::uint64_t mask) = 0;

  // The host's mount table, to be read and polled (POLLPRI, proc(5)). /proc/1/mountinfo when dropwarden has a
  // mount namespace of its own and may look into the host's, else its own.
  virtual sys::Result<sys::Fd> open_mount_table() = 0;

  // The mounts in that table by numbers that are never used twice, in its order, and what statmount(2) says
  // of some of them, for mount::decode_statmount: sys::list_mounts and sys::read_mount, with their errors. An
  // answer for each; EMFILE for what makes it more than `max_mounts_at_once`, or more than 8 MiB. ENOSYS and
  // EPERM are common; in a chroot(2) it is another table.
  static constexpr std::size_t max_mounts_at_once = 128;
  virtual sys::Result<std::vector<std::uint64_t>> list_mounts() = 0;
  virtual std::vector<sys::Result<std::string>> read_mounts(const std::vector<std::uint64_t>& numbers) = 0;

  // What the kernel refused when the mount table, and the mount points in it, are not the host's but those of
  // a mount namespace of our own: a container is then reached as ProcessRoot only. Needs CAP_SYS_PTRACE, and
  // no LSM that stands before /proc/1 (AppArmor's `docker-default` does).
  virtual std::optional<sys::Error> host_mounts_problem() = 0;

  // Whether procfs shows the processes of the whole machine: not in a pid namespace other than the first
  // (pid_namespaces(7)), as a pod without `hostPID` has it. Mount table and processes are then the pod's.
  virtual bool sees_all_processes() = 0;

  // The processes of our pid namespace, as many as `max_processes`. Needs CAP_SYS_PTRACE where procfs is
  // mounted with hidepid (proc(5)).
  static constexpr std::size_t max_processes = std::size_t{1} << 20U;
  virtual sys::Result<std::vector<std::int32_t>> list_processes() = 0;

  // Files of the process `pid`, read one after the other; an answer for each, in their order. `cmdline` is
  // cut at `max_command_line`: a process can make it very long. EFBIG for what makes it more than 16 MiB, or
  // more than 16 files of a process; ESRCH or ENOENT when the process is gone. For the host name the calling
  // thread enters the namespace and leaves it again. Needs CAP_SYS_PTRACE for the links, and for the host
  // name, with CAP_SYS_ADMIN in the namespace (setns(2)).
  //
  // Then `of_ancestors` of its parent, of that one's parent, and so on: one question instead of one for each.
  // The way up ends after the first whose `cgroup` is another than that of its child, after `max_ancestors`,
  // and with one of which `stat` and `cgroup` are not read or not asked for. Whether a parent has its number
  // from before its child is for the caller to see.
  static constexpr std::size_t max_command_line = std::size_t{64} << 10U;
  static constexpr std::size_t max_ancestors = 16;
  virtual std::vector<ProcessTexts> read_processes(std::int32_t pid, const std::vector<ProcessFile>& files,
                                                   const std::vector<ProcessFile>& of_ancestors) = 0;
  // Of the process alone.
  std::vector<sys::Result<std::string>> read_process_files(std::int32_t pid,
                                                           const std::vector<ProcessFile>& files) {
    return std::move(read_processes(pid, files, {}).front().files);
  }
  // One of them.
  sys::Result<std::string> read_process_file(std::int32_t pid, ProcessFile file) {
    return std::move(read_process_files(pid, {file}).front());
  }

  // The mountinfo of a process, and only its first `max_mounts_bytes`: a container can make it very long.
  // What is longer is cut, most likely within a line.
  static constexpr std::size_t max_mounts_bytes = std::size_t{512} << 10U;
  virtual sys::Result<std::string> read_process_mounts(std::int32_t pid) = 0;

  // The entries of the host's binfmt_misc, in the order of its directory. None where it is not mounted: that
  // is usual, and where an automount point waits for it, nothing is registered, so it is left alone. At most
  // 1024.
  virtual sys::Result<std::vector<RegistrationFile>> read_registrations() = 0;

  // `relative` below the directory `directory` of the host, by open_beneath's rules: for upperdirs. O_RDONLY.
  // Needs CAP_DAC_READ_SEARCH.
  virtual sys::Result<sys::Fd> open_in_directory(const std::string& directory,
                                                 const std::string& relative) = 0;

  // For reading the layers of overlays. `directory` is an absolute path that a runtime wrote, resolved by the
  // host's rules; EINVAL for a relative one. O_PATH: runs no code of the file system there, which may be one
  // that nobody answers for.
  virtual sys::Result<sys::Fd> open_layer(const std::string& directory) = 0;
  // Several in one question. An answer for each, in their order; EMFILE for what makes it more than
  // `max_opened`.
  static constexpr std::size_t max_opened = 128;
  virtual std::vector<sys::Result<sys::Fd>> open_layers(const std::vector<std::string>& directories);
  // `name` in a directory of a layer, by open_beneath's rules, and not across a mount (EXDEV), since an
  // overlay shows none of those in its layers. Follows nothing, opens nothing: O_PATH. Needs
  // CAP_DAC_READ_SEARCH.
  virtual sys::Result<sys::Fd> open_entry(int directory, const std::string& name) = 0;
  // The same for each of the `directories`, name by name, each of them in the one before, with what the
  // overlay wrote beside it: one question for all layers of an image. A way ends with the first that cannot
  // be opened, or whose attributes cannot be read; EMFILE for what makes it more than `max_opened` in all.
  // Needs CAP_SYS_ADMIN for the trusted attributes.
  using Way = privilege::Way;
  virtual std::vector<Way> open_ways(const std::vector<int>& directories,
                                     const std::vector<std::string>& names, AttributeSpace space) = 0;
  // Each of the names in each of the `directories` itself, directory by directory: one question for several
  // files that lie beside one another. An answer for each; EMFILE for all when they are more than
  // `max_opened`.
  using Siblings = privilege::Siblings;
  virtual std::vector<Siblings> open_siblings(const std::vector<int>& directories,
                                              const std::vector<std::string>& names, AttributeSpace space);
  // `open_layers` and `open_ways` in one question. Nothing is looked up below a directory that is not on its
  // mount: the file system there may be one that nobody answers for. EMFILE, for all, when tops and names are
  // more than `max_opened`.
  virtual std::vector<sys::Result<Tree>> open_trees(const std::vector<TreePlace>& places,
                                                    const std::vector<std::string>& names,
                                                    AttributeSpace space);
  // The regular file that `entry` stands for, O_RDONLY; EINVAL for anything else, such as a device.
  virtual sys::Result<sys::Fd> open_regular_file(int entry) = 0;
  // `open_entry` and `open_regular_file` of each of the names: one question where a scan comes to files that
  // lie beside one another. An answer for each, in their order; EMFILE for what makes it more than
  // `max_opened`.
  virtual std::vector<sys::Result<sys::Fd>> open_regular_files(int directory,
                                                               const std::vector<std::string>& names);
  // The directory that `entry` stands for, to be listed; ENOTDIR for anything else.
  virtual sys::Result<sys::Fd> open_directory(int entry) = 0;

  // sys::is_open_for_write of a file that is open as `file`. Needs CAP_LEASE for files of other users.
  virtual sys::Result<bool> is_open_for_write(int file) = 0;

  // The configuration file (`Options::configuration`), to be read. ENOENT when there is none.
  virtual sys::Result<sys::Fd> open_configuration() = 0;
  // Its drop-ins, `dropwarden.d/*.yaml` beside it, by their paths and in the order of their names: none where
  // there is no such directory. EFBIG when they hold more than 8 MiB together.
  virtual sys::Result<std::vector<RegistrationFile>> read_drop_ins() = 0;
  // A regular file that an output reads, O_RDONLY: a certificate, its key, headers. Links in `path`, which
  // the configuration names, are followed. EINVAL for anything else.
  virtual sys::Result<sys::Fd> open_output_input(const std::string& path) = 0;

  // A connected, non-blocking stream socket. Needs what the socket's mode asks for.
  virtual sys::Result<sys::Fd> connect_unix(const std::string& path) = 0;
};

// Parameters for tests.
struct Options {
  std::string proc = "/proc";     // root of procfs
  std::int32_t host_process = 1;  // whose mount namespace is the host's
  std::string configuration{};    // the path of the configuration file
  // What takes CAP_DAC_OVERRIDE is done at once, so that the process can give it up: the overlays of the
  // canary and of probe_upper_events.
  bool is_prepared = false;
};

// The implementation that does it all in the calling process.
std::unique_ptr<Privilege> make_direct(Options options = {});

}  // namespace dropwarden::privilege
