// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "support/archive.hpp"

namespace dropwarden::test {

// A container image made here, without a registry.
struct Image {
  std::string name;       // `localhost/dropwarden-test:1`
  std::string id;         // `sha256:…` of the configuration: what docker and podman call the image's ID
  std::string digest;     // `sha256:…` of the manifest
  std::string file_name;  // within the directory it was written to
};

struct ImageSpec {
  std::string name;
  std::string file_name;
  std::vector<std::string> command;  // the default command
};

// Puts into a layer busybox with its applets, a second time as /opt/tool, an empty /opt/script, and a
// writable /tmp. Needs a static /bin/busybox.
void add_busybox(Archive& layer);

// Writes the image of one layer into `directory`, as an archive that is at once an OCI image layout
// (image-spec 1.0) and what `docker save` writes: `ctr images import`, `docker load` and `podman load` all
// take it.
Image write_image(const std::string& directory, const ImageSpec& spec, const std::string& layer);

// The two images of every runtime test: one to run things in, and one for the sandbox of a pod.
struct TestImages {
  explicit TestImages(const std::string& directory);

  std::string directory;
  Image busybox;
  Image pause;

  std::string archive_of(const Image& image) const { return directory + "/" + image.file_name; }
};

}  // namespace dropwarden::test
