// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace dropwarden::test {

// A tar archive (ustar, POSIX.1-1988 `pax`) made in memory. All belongs to root, and all is of the epoch: the
// same content gives the same bytes, hence the same digests. Names hold at most 100 bytes: longer ones throw
// std::length_error.
class Archive {
 public:
  void add_directory(std::string_view name, unsigned mode = 0755);
  void add_file(std::string_view name, std::string_view content, unsigned mode = 0644);
  void add_link(std::string_view name, std::string_view target);  // symbolic

  // The archive with its end mark.
  std::string bytes() const;

 private:
  void add(std::string_view name, char type, unsigned mode, std::string_view target,
           std::string_view content);

  std::string bytes_;
};

}  // namespace dropwarden::test
