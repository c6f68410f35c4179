// SPDX-License-Identifier: Apache-2.0
#include "queue_limit.hpp"

#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/text.hpp"

namespace dropwarden::test {

std::size_t read_queue_limit() {
  const auto text = sys::value_or_throw(sys::read_file("/proc/sys/fs/fanotify/max_queued_events", 64));
  return util::parse_number<std::size_t>(util::trim(text)).value();
}

}  // namespace dropwarden::test
