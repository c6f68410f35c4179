// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/attribute/process.hpp"

#include <cerrno>
#include <chrono>
#include <deque>
#include <iterator>
#include <map>
#include <utility>

#include "dropwarden/sys/clock.hpp"
#include "dropwarden/sys/pidfd.hpp"
#include "dropwarden/util/text.hpp"

#include "proc_text.hpp"

namespace dropwarden::attribute {
namespace {

std::string text_or_empty(sys::Result<std::string> text) {
  return text ? std::move(*text) : std::string{};
}

std::optional<Stat> stat_of(const sys::Result<std::string>& text) {
  return text ? parse_stat(*text) : std::nullopt;
}

std::uint64_t namespace_of(const sys::Result<std::string>& link) {
  return link ? parse_namespace(*link) : 0;
}

std::vector<sys::Result<std::string>> read_one(const ReadProc& read_proc, model::Pid pid,
                                               std::vector<ProcFile> files) {
  return std::move(read_proc({.pid = pid, .files = std::move(files)}).front().files);
}

using Facts = std::map<ProcFile, sys::Result<std::string>>;

const std::vector files_of_ancestors{ProcFile::stat, ProcFile::status, ProcFile::cgroup, ProcFile::exe};

// One process as the parent chain needs it.
struct Relative {
  model::Pid pid;
  Stat stat;
  Status status;
  std::optional<std::string> cgroup;
  std::string exe;
};

// The way up from a process. What was not answered along with it is asked for.
class Ancestors {
 public:
  explicit Ancestors(const ReadProc& read_proc) : read_proc_(read_proc) {}

  Facts read(model::Pid pid, const std::vector<ProcFile>& files) {
    answers_.clear();
    auto texts = ask({.pid = pid, .files = files, .of_ancestors = files_of_ancestors});
    Facts facts;
    for (std::size_t i = 0; i < files.size(); ++i) facts.emplace(files[i], std::move(texts[i]));
    return facts;
  }

  // Nothing on a number that was reused since the child was asked.
  std::optional<Relative> parent_of(const Stat& child) {
    const model::Pid pid{child.parent};
    if (pid.value <= 0) return std::nullopt;
    auto texts = take(pid);
    auto stat = stat_of(texts[0]);
    if (!stat || stat->start_ticks > child.start_ticks) return std::nullopt;
    Relative parent{.pid = pid, .stat = std::move(*stat), .status = {}, .cgroup = {}, .exe = {}};
    parent.status = parse_status(text_or_empty(std::move(texts[1])));
    if (texts[2]) parent.cgroup = std::move(*texts[2]);
    parent.exe = text_or_empty(std::move(texts[3]));
    return parent;
  }

 private:
  using Texts = std::vector<sys::Result<std::string>>;

  // What comes after the first answer is kept.
  Texts ask(const ProcQuestion& question) {
    auto answers = read_proc_(question);
    Texts first = std::move(answers.front().files);
    answers_.assign(std::next(std::make_move_iterator(answers.begin())),
                    std::make_move_iterator(answers.end()));
    return first;
  }
  Texts take(model::Pid pid) {
    if (answers_.empty() || answers_.front().pid != pid)
      return ask({.pid = pid, .files = files_of_ancestors, .of_ancestors = files_of_ancestors});
    Texts texts = std::move(answers_.front().files);
    answers_.pop_front();
    return texts;
  }

  const ReadProc& read_proc_;
  std::deque<ProcAnswer> answers_;
};

// What goes first comes first: the memory, and with it exe and cmdline, is given up early in exit, then the
// namespaces, then the version 1 cgroup; the rest stays until a parent waits.
Facts read_facts(Ancestors& ancestors, model::Pid pid) {
  std::vector files{ProcFile::stat,
                    ProcFile::exe,
                    ProcFile::exe_identity,
                    ProcFile::cmdline,
                    ProcFile::mount_namespace,
                    ProcFile::pid_namespace,
                    ProcFile::host_name,
                    ProcFile::cgroup,
                    ProcFile::status,
                    ProcFile::loginuid};
  Facts facts = ancestors.read(pid, files);
  const auto& stat = facts.at(ProcFile::stat);
  if (stat || stat.error().number != ETIMEDOUT) return facts;
  // The process can make the reading of its memory last for ever, and with it all that comes behind.
  std::erase(files, ProcFile::cmdline);
  facts = ancestors.read(pid, files);
  facts.emplace(ProcFile::cmdline, std::unexpected(sys::Error{"read", "cmdline", ETIMEDOUT}));
  return facts;
}

// The number of the parent in the innermost pid namespace of its child. 0 when it is outside: the parent of
// what `docker exec` and its like start is the runtime's.
model::Pid number_in_container(const std::optional<Relative>& parent, const Status& child) {
  const std::size_t depth = child.numbers.size();
  if (!parent || depth == 0 || parent->status.numbers.size() < depth) return {};
  return {parent->status.numbers[depth - 1]};
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

std::vector<model::Ancestor> list_ancestors(Ancestors& line, const IsSameContainer& is_same_container,
                                            std::optional<Relative> parent, Status child,
                                            const std::string& own_cgroup) {
  std::vector<model::Ancestor> ancestors;
  if (own_cgroup.empty()) return ancestors;
  while (parent && !is_top_init(child)) {
    if (!parent->cgroup || !is_same_container(own_cgroup, *parent->cgroup)) break;
    ancestors.push_back({parent->pid, parent->stat.name, parent->exe});
    if (ancestors.size() == max_ancestors) break;
    child = std::move(parent->status);
    parent = line.parent_of(parent->stat);
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

ReadProc one_by_one(std::function<sys::Result<std::string>(model::Pid pid, ProcFile file)> read) {
  return [read = std::move(read)](const ProcQuestion& question) {
    ProcAnswer answer{.pid = question.pid, .files = {}};
    for (const ProcFile file : question.files) answer.files.push_back(read(question.pid, file));
    std::vector<ProcAnswer> answers;
    answers.push_back(std::move(answer));
    return answers;
  };
}

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

  Ancestors line(read_proc);
  Facts facts = read_facts(line, pid);
  const auto stat = stat_of(facts.at(ProcFile::stat));
  if (!stat) return process;
  process.name = stat->name;
  process.start_time = start_time(stat->start_ticks);
  std::string exe = text_or_empty(std::move(facts.at(ProcFile::exe)));
  const auto exe_file = parse_identity(text_or_empty(std::move(facts.at(ProcFile::exe_identity))));
  const std::string command_line = text_or_empty(std::move(facts.at(ProcFile::cmdline)));
  std::string cgroup = text_or_empty(std::move(facts.at(ProcFile::cgroup)));
  Status status = parse_status(text_or_empty(std::move(facts.at(ProcFile::status))));
  auto parent = line.parent_of(*stat);
  const auto parent_in_container = number_in_container(parent, status);
  auto ancestors = list_ancestors(line, is_same_container, std::move(parent), status, cgroup);

  // A process that is alive now had its number all the time.
  if (pidfd && is_running(pidfd, std::nullopt)) {
    process.state = model::ProcessState::running;
  } else {
    const auto stat_now = stat_of(read_one(read_proc, pid, {ProcFile::stat}).front());
    if (stat_now && stat_now->start_ticks != stat->start_ticks) return process;
    if (is_running(pidfd, stat_now)) process.state = model::ProcessState::running;
  }
  process.exe = std::move(exe);
  process.exe_file = exe_file;
  process.command_line = parse_command_line(command_line);
  process.mount_namespace = namespace_of(facts.at(ProcFile::mount_namespace));
  process.pid_namespace = namespace_of(facts.at(ProcFile::pid_namespace));
  process.host_name = text_or_empty(std::move(facts.at(ProcFile::host_name)));
  process.cgroup = std::move(cgroup);
  process.uid = status.uid;
  process.login_uid = parse_login_uid(text_or_empty(std::move(facts.at(ProcFile::loginuid))));
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
  auto answers = read_one(read_proc, pid,
                          {ProcFile::stat, ProcFile::exe, ProcFile::exe_identity, ProcFile::mount_namespace,
                           ProcFile::pid_namespace, ProcFile::cgroup, ProcFile::status});
  const auto stat = stat_of(answers[0]);
  if (!stat) return process;
  process.name = stat->name;
  process.start_time = start_time(stat->start_ticks);
  process.parent = {stat->parent};
  process.exe = text_or_empty(std::move(answers[1]));
  process.exe_file = parse_identity(text_or_empty(std::move(answers[2])));
  process.mount_namespace = namespace_of(answers[3]);
  process.pid_namespace = namespace_of(answers[4]);
  process.cgroup = text_or_empty(std::move(answers[5]));
  const Status status = parse_status(text_or_empty(std::move(answers[6])));
  process.uid = status.uid;
  if (!status.numbers.empty()) process.pid_in_container = {status.numbers.back()};
  return process;
}

model::ProcessInfo complete_process(const model::ProcessInfo& first, model::ProcessInfo later) {
  // The number was free at the first look: who has it now came after the event.
  if (first.start_time == util::WallTime{}) return first;
  const bool is_another = later.start_time != util::WallTime{} && later.start_time != first.start_time;
  if (is_another) {
    model::ProcessInfo process = first;
    process.program = later.program;
    return process;
  }
  if (later.name.empty()) later.name = first.name;
  if (later.exe.empty()) {
    later.exe = first.exe;
    later.exe_file = first.exe_file;
  }
  // Of the first look. Who runs another program a moment later may have run one more a moment before.
  if (later.exe != first.exe || later.exe_file != first.exe_file) later.program = {};
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
