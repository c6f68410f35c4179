// SPDX-License-Identifier: Apache-2.0
#include "monitor/upper_places.hpp"

#include <cerrno>
#include <fcntl.h>

#include <gtest/gtest.h>

#include "dropwarden/privilege/places.hpp"
#include "dropwarden/sys/file.hpp"

namespace dropwarden::monitor {
namespace {

UpperPlace place(std::uint64_t mount, const char* directory, const char* container_path) {
  return {.mount = mount, .directory = directory, .container_path = container_path, .merged = {}};
}

// What is found, as text: the mount's serial and the path, or `none`.
std::string find(const UpperPlaces& places, std::string_view path) {
  const auto found = places.find(path);
  return found ? std::to_string(found->place->mount) + " " + found->path : "none";
}

const UpperPlaces& places() {
  static const UpperPlaces all({place(1, "/var/lib/docker/overlay2/a/diff", "/"),
                                place(2, "/srv/volume", "/data"), place(3, "/srv/volume/inner/diff", "/")},
                               {{.id = {7}, .mount = {.path = "/", .mount_id = 21, .type = 1}}});
  return all;
}

TEST(UpperPlaces, SayHowAContainerNamesAPathOfItsUpperDirectory) {
  EXPECT_EQ(find(places(), "/var/lib/docker/overlay2/a/diff/tmp/x"), "1 /tmp/x");
  EXPECT_EQ(find(places(), "/var/lib/docker/overlay2/a/diff"), "1 /");
}

TEST(UpperPlaces, SayHowAContainerNamesAPathOfItsVolume) {
  EXPECT_EQ(find(places(), "/srv/volume/x"), "2 /data/x");
  EXPECT_EQ(find(places(), "/srv/volume"), "2 /data");
}

TEST(UpperPlaces, TakeTheInnermost) {
  EXPECT_EQ(find(places(), "/srv/volume/inner/diff/x"), "3 /x");
  EXPECT_EQ(find(places(), "/srv/volume/inner/workdir/x"), "2 /data/inner/workdir/x");
}

TEST(UpperPlaces, KnowNothingOfWhatIsElsewhere) {
  for (const char* path : {"/", "", "/srv", "/srv/volume-2/x", "/var/lib/docker/overlay2/a/workdir/x",
                           "/var/lib/docker/overlay2/ab/diff", "relative", "srv/volume"})
    EXPECT_EQ(find(places(), path), "none") << path;
}

TEST(UpperPlaces, MayBeTheRootOfTheHost) {
  const UpperPlaces all({place(1, "/", "/host")}, {});
  EXPECT_EQ(find(all, "/etc/x"), "1 /host/etc/x");
  EXPECT_EQ(find(all, "/"), "1 /host");
}

TEST(UpperPlaces, TakeOfTwoWithOneDirectoryTheFirst) {
  const UpperPlaces all({place(1, "/shared", "/a"), place(2, "/shared", "/b")}, {});
  EXPECT_EQ(find(all, "/shared/x"), "1 /a/x");
}

// A container can name any directory of the host in the options of an overlay that it mounts itself.
TEST(UpperPlaces, TakeOfTwoWithOneDirectoryTheOneThatTheHostShows) {
  UpperPlace of_host = place(2, "/var/lib/docker/overlay2/a/diff", "/");
  of_host.is_of_host = true;
  const UpperPlaces all({place(1, "/var/lib/docker/overlay2/a/diff", "/"), of_host,
                         place(3, "/var/lib/docker/overlay2/a/diff", "/")},
                        {});
  EXPECT_EQ(find(all, "/var/lib/docker/overlay2/a/diff/x"), "2 /x");
}

TEST(UpperPlaces, KnowByWhichMountAFileSystemIsReached) {
  ASSERT_NE(places().find(model::FileSystemId{7}), nullptr);
  EXPECT_EQ(places().find(model::FileSystemId{7})->mount.mount_id, 21U);
  EXPECT_EQ(places().find(model::FileSystemId{8}), nullptr);
}

TEST(PathByHandle, IsToldOfWhatIsNotHandedOver) {
  const auto told = [](sys::Result<sys::Fd> opened) { return read_path_by_handle(opened); };
  EXPECT_EQ(told(sys::open_path("/proc", O_PATH)), "/proc");
  EXPECT_EQ(told(std::unexpected(sys::Error{privilege::outside_places, "/root/x", EXDEV})), "/root/x");
  const auto gone = told(std::unexpected(sys::Error{"open_by_handle_at", "", ESTALE}));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().number, ESTALE);
}

}  // namespace
}  // namespace dropwarden::monitor
