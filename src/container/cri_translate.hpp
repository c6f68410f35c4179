// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dropwarden/model/container.hpp"

#include "cri.pb.h"
#include "cri_info.hpp"

namespace dropwarden::container {

// A container as CRI tells it, with what only the caller can resolve.
struct CriContainer {
  model::Container container;
  std::string sandbox_id;  // of a container: whose `pod` it is, where its labels do not tell
};

// CRI's answers as our own values, cut to the limits of cri_limits.hpp. Nothing when the id is not fit to be
// one. Pure. Lists do not tell the pid and not always the image's name: `pending` until the status is known,
// save for what has exited, which will never have more.
std::optional<CriContainer> from_list(const proto::cri::Container& listed, model::Runtime runtime);
std::optional<CriContainer> from_list(const proto::cri::PodSandbox& listed, model::Runtime runtime);
// `complete`.
std::optional<CriContainer> from_status(const proto::cri::ContainerStatusResponse& response,
                                        model::Runtime runtime);
std::optional<CriContainer> from_status(const proto::cri::PodSandboxStatusResponse& response,
                                        model::Runtime runtime);

// VersionResponse.runtime_name.
model::Runtime to_runtime(std::string_view runtime_name);

// The digest within an image reference: that of the repository (`name@sha256:…`) or the image's ID
// (`sha256:…`, or with CRI-O 64 digits). Empty when there is none.
std::string digest_of(std::string_view image_ref);

}  // namespace dropwarden::container
