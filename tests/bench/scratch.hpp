// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "support/temporary_directory.hpp"

namespace dropwarden::test {

// A large tmpfs that goes away with this object, and with it all that is mounted below it. Names in it are
// short, since a hundred of them have to go into the options of a mount.
class Scratch {
 public:
  // Throws sys::SystemError.
  Scratch();

  std::string make_directory() const;

 private:
  TemporaryDirectory directory_;
  mutable int count_ = 0;
};

}  // namespace dropwarden::test
