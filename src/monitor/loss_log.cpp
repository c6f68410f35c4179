// SPDX-License-Identifier: Apache-2.0
#include "loss_log.hpp"

#include <string>
#include <system_error>

#include <spdlog/spdlog.h>

#include "dropwarden/util/escape.hpp"

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

constexpr auto pause = 10s;
constexpr std::size_t longest_name = 128;

const char* consequence_of(model::Loss loss) {
  switch (loss) {
    case model::Loss::queue_overflow:
      return "the kernel's queue was full and it dropped events: executables written meanwhile may be "
             "missing";
    case model::Loss::descriptor_limit:
      return "no descriptor was left for an event's file: raise LimitNOFILE; this write was not looked at";
    case model::Loss::lease:
      return "a lease kept a written file from being read (fcntl(2), F_SETLEASE): it may hide an executable";
    case model::Loss::open_failed:
      return "the kernel could not open a written file for us: it was not looked at";
    case model::Loss::mark_failed:
      return "a container's overlay could not be marked: it is not covered";
    case model::Loss::marked_late:
      return "a container was found late: what it wrote before is not reported";
    case model::Loss::output_full:
      return "an output took findings too slowly and lost one";
    case model::Loss::unsettled:
      return "a file that was closed and may change unseen, through a mapping, could not be looked at again";
    case model::Loss::stalled:
      return "a sensor did not get on: executables written meanwhile may be missing";
    case model::Loss::malformed_event:
      break;
  }
  return "the kernel handed over an event that cannot be decoded";
}

}  // namespace

void LossLog::add(const LossRecord& lost, Clock::time_point now) {
  Kind& kind = kinds_[static_cast<std::size_t>(lost.loss)];
  ++kind.unsaid;
  if (now < kind.next) return;
  const std::string why = lost.error == 0 ? "" : ": " + std::generic_category().message(lost.error);
  std::string who;
  if (lost.pid.value != 0) who += " (pid " + std::to_string(lost.pid.value) + ")";
  if (lost.container) who += " in container " + util::escape(lost.container->value, longest_name);
  spdlog::error("lost {} {}: {}{}{}", kind.unsaid, name_of(lost.loss), consequence_of(lost.loss), why, who);
  kind = {.unsaid = 0, .next = now + pause};
}

}  // namespace dropwarden::monitor
