// SPDX-License-Identifier: Apache-2.0
#include "process_reader.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>

#include "dropwarden/attribute/process.hpp"
#include "dropwarden/container/cgroup_directory.hpp"
#include "dropwarden/container/cgroup_path.hpp"
#include "dropwarden/layer/compare.hpp"
#include "dropwarden/layer/image.hpp"
#include "dropwarden/layer/program.hpp"
#include "dropwarden/sys/pidfd.hpp"

#include "process_root.hpp"

namespace dropwarden::monitor {
namespace {

constexpr std::size_t capacity = 4096;
// As long as a batch of events or two takes: what the facts of a process are late by anyhow.
constexpr std::chrono::milliseconds keep_last{10};
// To compare a program with the image's: a fraction of what findings wait for their process.
constexpr layer::Budget program_budget{.max_bytes = std::uint64_t{64} << 20U,
                                       .max_time = std::chrono::milliseconds{100}};

using attribute::ProcFile;
using privilege::ProcessFile;

ProcessFile file_of(ProcFile file) {
  switch (file) {
    case ProcFile::cgroup:
      return ProcessFile::cgroup;
    case ProcFile::cmdline:
      return ProcessFile::cmdline;
    case ProcFile::exe:
      return ProcessFile::exe;
    case ProcFile::exe_identity:
      return ProcessFile::exe_identity;
    case ProcFile::host_name:
      return ProcessFile::host_name;
    case ProcFile::loginuid:
      return ProcessFile::loginuid;
    case ProcFile::mount_namespace:
      return ProcessFile::mount_namespace;
    case ProcFile::pid_namespace:
      return ProcessFile::pid_namespace;
    case ProcFile::stat:
      return ProcessFile::stat;
    case ProcFile::status:
      break;
  }
  return ProcessFile::status;
}

std::vector<ProcessFile> files_of(const std::vector<ProcFile>& files) {
  std::vector<ProcessFile> wanted(files.size());
  std::ranges::transform(files, wanted.begin(), file_of);
  return wanted;
}

// With `mountinfo`, that of the process is read along with its other files.
attribute::ReadProc reader_of(privilege::Privilege& privilege, std::string* mountinfo = nullptr) {
  return [&privilege, mountinfo](const attribute::ProcQuestion& question) {
    auto files = files_of(question.files);
    const bool is_of_process = std::ranges::find(question.files, ProcFile::loginuid) != question.files.end();
    const bool has_more = mountinfo != nullptr && is_of_process;
    if (has_more) files.push_back(ProcessFile::mountinfo);
    std::vector<attribute::ProcAnswer> answers;
    for (auto& texts : privilege.read_processes(question.pid.value, files, files_of(question.of_ancestors)))
      answers.push_back({.pid = {texts.pid}, .files = std::move(texts.files)});
    if (has_more) {
      *mountinfo = std::move(answers.front().files.back()).value_or(std::string{});
      answers.front().files.pop_back();
    }
    return answers;
  };
}

bool is_same_container(std::string_view cgroup, std::string_view parent_cgroup) {
  const auto own = container::parse_process_cgroup(cgroup);
  const auto parent = container::parse_process_cgroup(parent_cgroup);
  // Two that are in none are both the host's.
  if (!own || !parent) return !own && !parent;
  return own->id == parent->id;
}

}  // namespace

ProcessReader::ProcessReader(boost::asio::io_context& loop, privilege::Privilege& privilege,
                             OnAnswer on_answer)
    : privilege_(privilege),
      hierarchies_(container::hierarchies_here()),
      worker_(capacity, [this, &loop, on_answer = std::move(on_answer)](Job job, Turn&) {
        Answer answer = read(job);
        answer.image_programs = find_programs(job.programs);
        boost::asio::post(loop, [on_answer, serial = job.serial, answer = std::move(answer)]() mutable {
          on_answer(serial, std::move(answer));
        });
      }) {}

std::shared_ptr<const ProcessReader::Last> ProcessReader::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

void ProcessReader::set_last(std::shared_ptr<const Last> last) {
  const std::lock_guard lock(mutex_);
  last_ = std::move(last);
}

// A process that lives has had its number all the time, and goes by another name or owner if it executed
// something else or gave up privileges meanwhile.
bool ProcessReader::is_last(const Last& last, const model::ProcessInfo& first, bool wants_root) {
  const bool looks_same =
      last.first.name == first.name && last.first.uid == first.uid && (!wants_root || last.answer.root);
  if (!looks_same || std::chrono::steady_clock::now() - last.read > keep_last) return false;
  return is_running_same(last, first);
}

bool ProcessReader::is_running_same(const Last& last, const model::ProcessInfo& first) {
  const bool looks_same =
      last.first.pid == first.pid && last.first.exe == first.exe && last.first.exe_file == first.exe_file;
  if (!looks_same || !last.process || last.first.exe.empty()) return false;
  const auto has_exited = sys::has_exited(last.process.number());
  return has_exited && !*has_exited;
}

std::optional<ProcessReader::Answer> ProcessReader::recall(const model::ProcessInfo& first,
                                                           bool wants_root) const {
  const auto known = last();
  return known && is_last(*known, first, wants_root) ? std::optional(known->answer) : std::nullopt;
}

ProcessReader::Answer ProcessReader::read(const Job& job) {
  const auto before = last();
  if (before && is_last(*before, job.first, job.wants_root)) return before->answer;
  // Not even its owner can change the file of a program that runs (ETXTBSY, execve(2)), so it is looked at
  // once.
  const auto judged = before && is_running_same(*before, job.first) ? before->answer.process.program
                                                                    : model::ProgramState::unknown;
  const model::Pid pid = job.first.pid;
  auto process = sys::open_pidfd(pid.value);
  const auto now = std::make_shared<Last>(Last{.process = process ? std::move(*process) : sys::Fd{},
                                               .read = std::chrono::steady_clock::now(),
                                               .first = job.first,
                                               .answer = {}});
  Answer& answer = now->answer;
  std::string mountinfo;
  answer.process = attribute::read_process(reader_of(privilege_, job.wants_root ? &mountinfo : nullptr),
                                           is_same_container, pid);
  if (const auto root = root_mount_in(mountinfo)) answer.root = root->device;
  const auto directory = container::cgroup_directory(answer.process.cgroup, hierarchies_);
  if (!directory.empty()) answer.process.cgroup_id = container::read_cgroup_id(directory).value_or(0);
  // After what goes away with the process.
  answer.process.program = judged != model::ProgramState::unknown ? judged : judge(job);
  // One that was stuck in a read and is late is too old to be recalled.
  set_last(now);
  return answer;
}

model::ProgramState ProcessReader::judge(const Job& job) const {
  if (!job.layers.layers || !job.first.exe_file) return model::ProgramState::unknown;
  layer::Image image(privilege_, job.layers.layers, job.layers.mounts);
  return layer::judge_program(privilege_, image, job.first.exe, job.first.exe_file->inode, program_budget);
}

std::vector<std::string> ProcessReader::find_programs(const Programs& programs) const {
  std::vector<std::string> found;
  if (programs.paths.empty() || !programs.layers.layers) return found;
  layer::Image image(privilege_, programs.layers.layers, programs.layers.mounts);
  for (const std::string& path : programs.paths) {
    if (layer::has_untouched_program(image, path)) found.push_back(path);
  }
  return found;
}

model::ProcessInfo ProcessReader::glimpse(model::Pid pid) const {
  return attribute::glimpse_process(reader_of(privilege_), pid);
}

}  // namespace dropwarden::monitor
