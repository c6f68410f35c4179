// SPDX-License-Identifier: Apache-2.0
#include "support/image.hpp"

#include <boost/json.hpp>

#include "dropwarden/util/text.hpp"

#include "support/command.hpp"
#include "support/file.hpp"
#include "support/sha256.hpp"

namespace dropwarden::test {
namespace {

namespace json = boost::json;

constexpr const char* busybox_path = "/bin/busybox";
constexpr const char* epoch = "1970-01-01T00:00:00Z";

const char* architecture() {
#if defined(__x86_64__)
  return "amd64";
#elif defined(__aarch64__)
  return "arm64";
#else
#error "add the name that Go gives this architecture"
#endif
}

std::string digest_of(const std::string& content) {
  return "sha256:" + sha256(content);
}

// Where an OCI image layout keeps what has this digest.
std::string blob_path(const std::string& digest) {
  return "blobs/sha256/" + digest.substr(std::string("sha256:").size());
}

json::object describe(const char* media_type, const std::string& content) {
  return {{"mediaType", media_type}, {"digest", digest_of(content)}, {"size", content.size()}};
}

std::string make_configuration(const ImageSpec& spec, const std::string& layer) {
  return json::serialize(json::object{
      {"created", epoch},
      {"architecture", architecture()},
      {"os", "linux"},
      {"config", {{"Env", {"PATH=/bin"}}, {"Cmd", json::array(spec.command.begin(), spec.command.end())}}},
      {"rootfs", {{"type", "layers"}, {"diff_ids", json::array{digest_of(layer)}}}},
      {"history", json::array{json::object{{"created", epoch}}}}});
}

std::string make_manifest(const std::string& configuration, const std::string& layer) {
  return json::serialize(
      json::object{{"schemaVersion", 2},
                   {"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                   {"config", describe("application/vnd.oci.image.config.v1+json", configuration)},
                   {"layers", json::array{describe("application/vnd.oci.image.layer.v1.tar", layer)}}});
}

std::string make_index(const ImageSpec& spec, const std::string& manifest) {
  auto entry = describe("application/vnd.oci.image.manifest.v1+json", manifest);
  const auto tag = spec.name.substr(spec.name.rfind(':') + 1);
  entry["annotations"] = {{"io.containerd.image.name", spec.name},
                          {"org.opencontainers.image.ref.name", tag}};
  return json::serialize(json::object{{"schemaVersion", 2}, {"manifests", json::array{std::move(entry)}}});
}

}  // namespace

void add_busybox(Archive& layer) {
  for (const char* name : {"bin", "dev", "etc", "proc", "root", "sys", "var"}) layer.add_directory(name);
  layer.add_directory("tmp", 01777);
  layer.add_file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
  layer.add_file("etc/group", "root:x:0:\n");
  layer.add_file("bin/busybox", read_file(busybox_path), 0755);
  // Executables that nothing runs, and so can be written (ETXTBSY, open(2)).
  layer.add_directory("opt");
  layer.add_file("opt/tool", read_file(busybox_path), 0755);
  layer.add_file("opt/script", "#!/bin/sh\n", 0755);
  const auto applets = require_command({busybox_path, "--list"});
  for (const auto applet : util::split(applets, '\n')) {
    if (applet != "busybox") layer.add_link("bin/" + std::string(applet), "busybox");
  }
}

Image write_image(const std::string& directory, const ImageSpec& spec, const std::string& layer) {
  const auto configuration = make_configuration(spec, layer);
  const auto manifest = make_manifest(configuration, layer);
  const Image image{spec.name, digest_of(configuration), digest_of(manifest), spec.file_name};
  // The file that `docker load` begins with; it may point to any path of the archive.
  const json::object saved{{"Config", blob_path(image.id)},
                           {"RepoTags", json::array{spec.name}},
                           {"Layers", json::array{blob_path(digest_of(layer))}}};
  Archive archive;
  archive.add_file("oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
  archive.add_file("index.json", make_index(spec, manifest));
  archive.add_file("manifest.json", json::serialize(json::array{saved}));
  for (const auto* blob : {&configuration, &manifest, &layer}) {
    archive.add_file(blob_path(digest_of(*blob)), *blob);
  }
  write_file(directory + "/" + spec.file_name, archive.bytes());
  return image;
}

TestImages::TestImages(const std::string& target) : directory(target) {
  Archive archive;
  add_busybox(archive);
  const auto layer = archive.bytes();
  busybox = write_image(directory, {"localhost/dropwarden-busybox:1", "busybox.tar", {"sh"}}, layer);
  // The first process of a sandbox has to stay until it is killed, and no more.
  pause =
      write_image(directory, {"localhost/dropwarden-pause:1", "pause.tar", {"sleep", "2147483647"}}, layer);
}

}  // namespace dropwarden::test
