// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

namespace dropwarden::test {

// An overlay over several layers below `directory`, mounted once they are filled. The layers are made by the
// constructor; unmounted, lazily if need be, and removed by the destructor.
class LayeredOverlay {
 public:
  // How the layers are named to the kernel.
  enum class Names {
    absolute,
    short_links,  // `l/N`, links to `N/diff`, relative, as docker and podman do
    one_by_one,   // fsconfig(2), `lowerdir+`
  };
  LayeredOverlay(std::string directory, std::size_t lowers);
  ~LayeredOverlay();
  LayeredOverlay(const LayeredOverlay&) = delete;
  LayeredOverlay& operator=(const LayeredOverlay&) = delete;

  // Counted from 1, the uppermost.
  std::string lower(std::size_t number) const { return directory_ + "/" + std::to_string(number) + "/diff"; }
  std::string upper() const { return directory_ + "/container/diff"; }
  std::string work() const { return directory_ + "/container/work"; }
  std::string merged() const { return directory_ + "/container/merged"; }

  // Throws sys::SystemError. `options` as in `redirect_dir=on,metacopy=on`.
  void mount(Names names = Names::absolute, const std::string& options = {});
  // Without an upper directory: what the image alone shows. `data` is a data-only layer.
  void mount_image(const std::string& options = {}, const std::string& data = {});

 private:
  std::string lowers(const std::string& before, const std::string& after) const;
  void mount_one_by_one(const std::string& options);

  std::string directory_;
  std::size_t lowers_;
};

}  // namespace dropwarden::test
