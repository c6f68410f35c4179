// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"

#include "request_filter.hpp"

namespace dropwarden::privilege {

// The other end of a conversation with `runtime`, which is connected and does not block: what is written to
// it goes through `filter`, what the runtime answers comes as it is, unread. A thread of its own passes both
// on until either side has closed or the filter says no; it holds at most 64 KiB each way. EAGAIN when there
// are as many as there may be, which is 64.
sys::Result<sys::Fd> relay(sys::Fd runtime, std::unique_ptr<RequestFilter> filter);

}  // namespace dropwarden::privilege
