// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/daemon/output_format.hpp"

namespace dropwarden::daemon {

sink::Format format_of(const config::Output& output, bool is_terminal) {
  if (!output.has_format) return is_terminal ? sink::Format::text : sink::Format::native;
  switch (output.format) {
    case config::Format::native:
      return sink::Format::native;
    case config::Format::tracee:
      return sink::Format::tracee;
    case config::Format::falco:
      return sink::Format::falco;
    case config::Format::ecs:
      return sink::Format::ecs;
    case config::Format::ocsf:
      return sink::Format::ocsf;
    case config::Format::cef:
      return sink::Format::cef;
    case config::Format::text:
      break;
  }
  return sink::Format::text;
}

}  // namespace dropwarden::daemon
