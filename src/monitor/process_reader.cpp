// SPDX-License-Identifier: Apache-2.0
#include "process_reader.hpp"

#include <utility>

#include <boost/asio/post.hpp>

#include "dropwarden/attribute/process.hpp"
#include "dropwarden/container/cgroup_path.hpp"

#include "process_root.hpp"

namespace dropwarden::monitor {
namespace {

constexpr std::size_t capacity = 4096;

privilege::ProcessFile to_process_file(attribute::ProcFile file) {
  switch (file) {
    case attribute::ProcFile::cgroup:
      return privilege::ProcessFile::cgroup;
    case attribute::ProcFile::cmdline:
      return privilege::ProcessFile::cmdline;
    case attribute::ProcFile::exe:
      return privilege::ProcessFile::exe;
    case attribute::ProcFile::loginuid:
      return privilege::ProcessFile::loginuid;
    case attribute::ProcFile::stat:
      return privilege::ProcessFile::stat;
    case attribute::ProcFile::status:
      break;
  }
  return privilege::ProcessFile::status;
}

attribute::ReadProc reader_of(privilege::Privilege& privilege) {
  return [&privilege](model::Pid pid, attribute::ProcFile file) {
    return privilege.read_process_file(pid.value, to_process_file(file));
  };
}

bool is_same_container(std::string_view cgroup, std::string_view parent_cgroup) {
  const auto own = container::parse_process_cgroup(cgroup);
  const auto parent = container::parse_process_cgroup(parent_cgroup);
  return own && parent && own->id == parent->id;
}

}  // namespace

ProcessReader::ProcessReader(boost::asio::io_context& loop, privilege::Privilege& privilege,
                             OnAnswer on_answer)
    : privilege_(privilege),
      worker_(capacity, [this, &loop, on_answer = std::move(on_answer)](Job job, const std::stop_token&) {
        Answer answer;
        if (job.wants_root) {
          if (const auto root = read_root_mount(privilege_, job.pid)) answer.root = root->device;
        }
        answer.process = attribute::read_process(reader_of(privilege_), is_same_container, job.pid);
        boost::asio::post(loop, [on_answer, serial = job.serial, answer = std::move(answer)]() mutable {
          on_answer(serial, std::move(answer));
        });
      }) {}

model::ProcessInfo ProcessReader::glimpse(model::Pid pid) const {
  return attribute::glimpse_process(reader_of(privilege_), pid);
}

}  // namespace dropwarden::monitor
