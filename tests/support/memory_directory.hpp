// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "support/temporary_directory.hpp"

namespace dropwarden::test {

// A tmpfs of its own that goes away with this object, and with it all that is mounted below it: for upper
// directories, which cannot be on an overlay, as /var/tmp may be.
class MemoryDirectory {
 public:
  // Throws SystemError.
  MemoryDirectory();

  // Of what is called `name` in it.
  std::string path(const std::string& name = {}) const;

 private:
  TemporaryDirectory directory_;
};

}  // namespace dropwarden::test
