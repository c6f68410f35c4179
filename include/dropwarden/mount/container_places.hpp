// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "dropwarden/privilege/places.hpp"
#include "dropwarden/privilege/privilege.hpp"

namespace dropwarden::mount {

// How much processor time goes into looking for what is not there: one part of `share`, and `most` at once. A
// search among a thousand containers takes less than a tenth of a second.
struct SearchLimits {
  int share = 20;
  std::chrono::nanoseconds most = std::chrono::seconds{1};
};

// The places of containers, by the mount tables of the host and of every process whose root directory is not
// the host's, read through `direct`, which outlives the answer. A layer counts when the host's table names
// it; one that only a process's table names does where that process is in our user namespace, or where the
// layer belongs to the user who made the namespace: in one of its own, a container can mount an overlay over
// any path it likes to write. Of what processes show, each user has a share; beyond it nothing is learned,
// and the answer is EPERM. What has gone counts for two more minutes: its last files are still looked at.
// `proc` is the root of procfs.
//
// What is not found is looked for at once in all tables. Where searches without end find nothing, the answer
// beyond `limits` is EBUSY, never a false EPERM.
std::unique_ptr<privilege::Places> make_container_places(privilege::Privilege& direct,
                                                         std::string proc = "/proc",
                                                         const SearchLimits& limits = {});

// Any file, but of an overlay that only a process shows what it writes to is proven: for `scan`.
std::unique_ptr<privilege::Places> make_proving_places(privilege::Privilege& direct);

}  // namespace dropwarden::mount
