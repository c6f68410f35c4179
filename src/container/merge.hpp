// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dropwarden/model/container.hpp"

namespace dropwarden::container {

// Gives `into` each descriptive field that it lacks and `from` has, and the better metadata. Leaves state and
// init alone: they change while a container lives. Pure.
void fill_gaps(model::Container& into, const model::Container& from);

// complete 2, pending 1, none 0.
int rank_of(model::Metadata metadata);

}  // namespace dropwarden::container
