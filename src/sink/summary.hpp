// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dropwarden/model/finding.hpp"

namespace dropwarden::sink {

// One sentence for a person: what came into which container, and by whom. Texts from outside are escaped and
// bounded (util::escape). Pure, as all here.
std::string summarize(const model::WriteEvent& event);
// The same, or how many findings it stands for.
std::string summarize(const model::Finding& finding);

// The parts of a path that other formats have fields for: raw bytes, empty where there is none.
std::string_view file_name_of(std::string_view path);
std::string_view directory_of(std::string_view path);

// `docker.io/library/nginx:1.25@sha256:aa` in its parts, https://github.com/distribution/reference: the tag
// follows the last colon behind the last slash.
struct ImageName {
  std::string_view repository;
  std::string_view tag;  // empty when there is none
};
ImageName parse_image_name(std::string_view name);

// The labels as JSON can hold them, cut to bounds: those that do not fit any more are left out.
std::vector<std::pair<std::string, std::string>> shown_labels(const model::Container& container);

// The arguments, with a space between two.
std::string joined(const std::vector<std::string>& arguments);

}  // namespace dropwarden::sink
