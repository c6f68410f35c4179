// SPDX-License-Identifier: Apache-2.0
#include "merge.hpp"

namespace dropwarden::container {
namespace {

template <class T>
void fill(T& into, const T& from) {
  if (into == T{}) into = from;
}

}  // namespace

int rank_of(model::Metadata metadata) {
  switch (metadata) {
    case model::Metadata::complete:
      return 2;
    case model::Metadata::pending:
      return 1;
    case model::Metadata::none:
      break;
  }
  return 0;
}

void fill_gaps(model::Container& into, const model::Container& from) {
  fill(into.name, from.name);
  fill(into.runtime, from.runtime);
  fill(into.image.name, from.image.name);
  fill(into.image.digest, from.image.digest);
  fill(into.labels, from.labels);
  fill(into.upperdir, from.upperdir);
  fill(into.lowerdirs, from.lowerdirs);
  fill(into.started, from.started);
  into.is_sandbox = into.is_sandbox || from.is_sandbox;
  if (into.pod && from.pod) {
    fill(into.pod->name, from.pod->name);
    fill(into.pod->name_space, from.pod->name_space);
    fill(into.pod->uid, from.pod->uid);
  } else if (!into.pod) {
    into.pod = from.pod;
  }
  if (rank_of(from.metadata) > rank_of(into.metadata)) into.metadata = from.metadata;
}

}  // namespace dropwarden::container
