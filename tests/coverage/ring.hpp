// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/io_uring.h>
#include <string>

#include "dropwarden/sys/fd.hpp"

namespace dropwarden::test {

// An io_uring of one entry (io_uring_setup(2)), without a library, so that guests need none. Throws
// sys::SystemError: ENOSYS or EPERM where it is switched off.
class Ring {
 public:
  Ring();
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  // Room for one direct descriptor, which has number 0.
  void make_room_for_direct_descriptor();
  // Memory that the kernel keeps pinned, which has number 0. It must outlive this object.
  void register_buffer(std::string& bytes);
  // Submits, waits, and gives the result; throws when that is an error.
  int run(const struct io_uring_sqe& entry);

 private:
  struct io_uring_params parameters_{};
  sys::Fd ring_;
  void* queues_ = nullptr;
  void* entries_ = nullptr;
};

}  // namespace dropwarden::test
