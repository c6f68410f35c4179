// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "dropwarden/store/reader.hpp"
#include "dropwarden/sys/directory_watch.hpp"

namespace dropwarden::cli {

// What comes into the store from the construction on, in the order in which it comes. Goes on with the new
// database when a damaged one was set aside.
class FindingFeed {
 public:
  using OnFinding = std::function<bool(const store::FoundFinding&)>;

  // Throws store::CannotOpen. Of the query, time, number and changes are not asked.
  FindingFeed(std::string path, store::Query query);

  // The changes until now: what was stored before.
  std::int64_t beginning() const { return beginning_; }

  // Readable when there may be news; -1: it has to be asked for now and then.
  int descriptor() const { return watch_ ? watch_->descriptor() : -1; }
  // Waits until there may be news, a second at most: some file systems do not tell.
  void wait();
  // Calls `on_finding` with each, until it returns false.
  void read_news(const OnFinding& on_finding);

 private:
  const std::string path_;
  store::Query query_;
  std::optional<sys::DirectoryWatch> watch_;
  std::unique_ptr<store::Reader> reader_;
  std::int64_t beginning_ = 0;
};

}  // namespace dropwarden::cli
