// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "box.hpp"

namespace dropwarden::test {

// What containers do, each an honest piece of work in /job of a Box: tight loops that are all events, and
// work with tools as people have it. `scale` is how much of the usual size is done, from 1 down to nearly
// nothing. What a job needs that this host has not (gcc, python3) makes it be left out; `left_out` gets a
// line that says so. `packages` is a directory with .deb files for the one that installs packages, empty for
// none.
std::vector<Job> make_jobs(double scale, const std::string& packages, std::vector<std::string>& left_out);

// Removes all that is in /job.
void clear_job();

// Creates so many files in /job, each with a name of its own and 100 bytes of text, not faster than at this
// rate (0: as fast as it goes).
void create_files(std::uint64_t count, std::uint64_t each_second = 0);

// Writes so many programs of this size in /job, so many directories below it, new ones or over those of the
// call before.
void write_programs(std::uint64_t count, std::size_t size, unsigned depth = 0);

}  // namespace dropwarden::test
