// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/attribute/process.hpp"

#include <cerrno>
#include <chrono>

#include "dropwarden/sys/clock.hpp"
#include "dropwarden/sys/pidfd.hpp"
#include "dropwarden/util/text.hpp"

#include "proc_text.hpp"

namespace dropwarden::attribute {
namespace {

// One process as the parent chain needs it.
struct Link {
  Stat stat;
  Status status;
};

std::string text_or_empty(sys::Result<std::string> text) {
  return text ? std::move(*text) : std::string{};
}

std::optional<Stat> read_stat(const ReadProc& read_proc, model::Pid pid) {
  const auto text = read_proc(pid, ProcFile::stat);
  return text ? parse_stat(*text) : std::nullopt;
}

std::uint64_t read_namespace(const ReadProc& read_proc, model::Pid pid, ProcFile file) {
  return parse_namespace(text_or_empty(read_proc(pid, file)));
}

// The number of the parent in the innermost pid namespace of its child. 0 when it is outside: the parent of
// what `docker exec` and its like start is the runtime's.
model::Pid read_parent_in_container(const ReadProc& read_proc, const Stat& stat, const Status& status) {
  const model::Pid parent{stat.parent};
  if (parent.value <= 0 || status.numbers.empty()) return {};
  const auto parent_stat = read_stat(read_proc, parent);
  // On a number that was reused since the child was asked.
  if (!parent_stat || parent_stat->start_ticks > stat.start_ticks) return {};
  const auto numbers = parse_status(text_or_empty(read_proc(parent, ProcFile::status))).numbers;
  const std::size_t depth = status.numbers.size();
  return {numbers.size() < depth ? 0 : numbers[depth - 1]};
}

// To the tick, since the boot time moves by microseconds from one reading to the next: one process keeps one
// start.
util::WallTime start_time(std::uint64_t ticks) {
  const auto tick = sys::clock_tick();
  constexpr std::uint64_t longest = std::uint64_t{1} << 38U;  // 87 years at 100 Hz, far from an overflow
  if (ticks > longest) return {};
  const auto since_epoch = sys::read_boot_time().time_since_epoch() + tick / 2;
  return util::WallTime{since_epoch - since_epoch % tick + tick * static_cast<std::int64_t>(ticks)};
}

bool is_top_init(const Status& status) {
  return status.numbers.size() == 2 && status.numbers.back() == 1;
}

std::vector<model::Ancestor> read_ancestors(const ReadProc& read_proc,
                                            const IsSameContainer& is_same_container, Link link,
                                            const std::string& own_cgroup) {
  std::vector<model::Ancestor> ancestors;
  if (own_cgroup.empty()) return ancestors;
  while (ancestors.size() < max_ancestors && link.stat.parent > 0 && !is_top_init(link.status)) {
    const model::Pid pid{link.stat.parent};
    auto stat = read_stat(read_proc, pid);
    if (!stat || stat->start_ticks > link.stat.start_ticks) break;
    const auto cgroup = read_proc(pid, ProcFile::cgroup);
    if (!cgroup || !is_same_container(own_cgroup, *cgroup)) break;
    ancestors.push_back({pid, stat->name, text_or_empty(read_proc(pid, ProcFile::exe))});
    link = {std::move(*stat), parse_status(text_or_empty(read_proc(pid, ProcFile::status)))};
  }
  return ancestors;
}

bool is_running(const sys::Result<sys::Fd>& pidfd, const std::optional<Stat>& stat_now) {
  if (pidfd) {
    // Not the state of `stat`: a leader that has ended is a zombie there while other threads go on.
    const auto exited = sys::has_exited(pidfd->number());
    return exited && !*exited;
  }
  return stat_now && stat_now->state != 'Z' && stat_now->state != 'X';
}

}  // namespace

std::optional<model::FileNumber> parse_identity(std::string_view text) {
  const auto major = util::parse_number<std::uint32_t>(util::take_until(text, ':'));
  const auto minor = util::parse_number<std::uint32_t>(util::take_until(text, ':'));
  const auto inode = util::parse_number<std::uint64_t>(text);
  if (!major || !minor || !inode) return std::nullopt;
  return model::FileNumber{{*major, *minor}, *inode};
}

std::uint64_t parse_namespace(std::string_view link) {
  util::take_until(link, '[');
  if (!link.ends_with(']')) return 0;
  link.remove_suffix(1);
  return util::parse_number<std::uint64_t>(link).value_or(0);
}

model::ProcessInfo read_process(const ReadProc& read_proc, const IsSameContainer& is_same_container,
                                model::Pid pid) {
  model::ProcessInfo process;
  process.pid = pid;
  if (pid.value <= 0) return process;  // outside our pid namespace, fanotify(7)
  const auto pidfd = sys::open_pidfd(pid.value);
  // Any other failure (EMFILE, a seccomp filter) leaves the start times.
  if (!pidfd && pidfd.error().number == ESRCH) return process;

  // What goes first comes first: the memory, and with it exe and cmdline, is given up early in exit, then the
  // namespaces, then the version 1 cgroup; the rest stays until a parent waits.
  const auto stat = read_stat(read_proc, pid);
  if (!stat) return process;
  process.name = stat->name;
  process.start_time = start_time(stat->start_ticks);
  std::string exe = text_or_empty(read_proc(pid, ProcFile::exe));
  const auto exe_file = parse_identity(text_or_empty(read_proc(pid, ProcFile::exe_identity)));
  std::string command_line = text_or_empty(read_proc(pid, ProcFile::cmdline));
  const auto mount_namespace = read_namespace(read_proc, pid, ProcFile::mount_namespace);
  const auto pid_namespace = read_namespace(read_proc, pid, ProcFile::pid_namespace);
  std::string host_name = text_or_empty(read_proc(pid, ProcFile::host_name));
  std::string cgroup = text_or_empty(read_proc(pid, ProcFile::cgroup));
  Status status = parse_status(text_or_empty(read_proc(pid, ProcFile::status)));
  const auto login_uid = parse_login_uid(text_or_empty(read_proc(pid, ProcFile::loginuid)));
  const auto parent_in_container = read_parent_in_container(read_proc, *stat, status);
  auto ancestors = read_ancestors(read_proc, is_same_container, {*stat, status}, cgroup);

  // A process that is alive now had its number all the time.
  if (pidfd && is_running(pidfd, std::nullopt)) {
    process.state = model::ProcessState::running;
  } else {
    const auto stat_now = read_stat(read_proc, pid);
    if (stat_now && stat_now->start_ticks != stat->start_ticks) return process;
    if (is_running(pidfd, stat_now)) process.state = model::ProcessState::running;
  }
  process.exe = std::move(exe);
  process.exe_file = exe_file;
  process.command_line = parse_command_line(command_line);
  process.mount_namespace = mount_namespace;
  process.pid_namespace = pid_namespace;
  process.host_name = std::move(host_name);
  process.cgroup = std::move(cgroup);
  process.uid = status.uid;
  process.login_uid = login_uid;
  if (!status.numbers.empty()) process.pid_in_container = {status.numbers.back()};
  process.parent = {stat->parent};
  process.parent_in_container = parent_in_container;
  process.ancestors = std::move(ancestors);
  return process;
}

model::ProcessInfo glimpse_process(const ReadProc& read_proc, model::Pid pid) {
  model::ProcessInfo process;
  process.pid = pid;
  if (pid.value <= 0) return process;
  const auto stat = read_stat(read_proc, pid);
  if (!stat) return process;
  process.name = stat->name;
  process.start_time = start_time(stat->start_ticks);
  process.parent = {stat->parent};
  process.exe = text_or_empty(read_proc(pid, ProcFile::exe));
  process.exe_file = parse_identity(text_or_empty(read_proc(pid, ProcFile::exe_identity)));
  process.mount_namespace = read_namespace(read_proc, pid, ProcFile::mount_namespace);
  process.pid_namespace = read_namespace(read_proc, pid, ProcFile::pid_namespace);
  process.cgroup = text_or_empty(read_proc(pid, ProcFile::cgroup));
  const Status status = parse_status(text_or_empty(read_proc(pid, ProcFile::status)));
  process.uid = status.uid;
  if (!status.numbers.empty()) process.pid_in_container = {status.numbers.back()};
  return process;
}

model::ProcessInfo complete_process(const model::ProcessInfo& first, model::ProcessInfo later) {
  // The number was free at the first look: who has it now came after the event.
  if (first.start_time == util::WallTime{}) return first;
  const bool is_another = later.start_time != util::WallTime{} && later.start_time != first.start_time;
  if (is_another) return first;
  if (later.name.empty()) later.name = first.name;
  if (later.exe.empty()) {
    later.exe = first.exe;
    later.exe_file = first.exe_file;
  }
  if (later.cgroup.empty()) later.cgroup = first.cgroup;
  if (!later.uid) later.uid = first.uid;
  if (later.pid_in_container.value == 0) later.pid_in_container = first.pid_in_container;
  // The first parent is the one that started it; a later one adopted it (PR_SET_CHILD_SUBREAPER).
  if (first.parent.value != 0 && first.parent != later.parent) {
    later.parent = first.parent;
    later.parent_in_container = {};
  }
  if (later.mount_namespace == 0) later.mount_namespace = first.mount_namespace;
  if (later.pid_namespace == 0) later.pid_namespace = first.pid_namespace;
  later.start_time = first.start_time;
  return later;
}

}  // namespace dropwarden::attribute
