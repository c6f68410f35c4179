// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>

#include "lanes.hpp"
#include "operations.hpp"

// Asks the marker. Owns nothing; what an answer carries is the caller's.
namespace dropwarden::privilege {
namespace {

class Remote final : public Privilege {
 public:
  explicit Remote(Lanes& lanes) : lanes_(lanes) {
    host_mounts_problem_ = sys::value_or_throw(ask<&Privilege::host_mounts_problem>());
    sees_all_ = sys::value_or_throw(ask<&Privilege::sees_all_processes>());
  }

  std::uint64_t generation() const override { return lanes_.generation(); }

  sys::Result<sys::Fd> open_group(unsigned flags, unsigned event_flags) override {
    return flat<&Privilege::open_group>(flags, event_flags);
  }
  sys::Result<RootIdentity> mark_file_system(int group, const RootPath& root, std::uint64_t mask,
                                             std::uint64_t allowed_type) override {
    return flat<&Privilege::mark_file_system>(group, root, mask, allowed_type);
  }
  std::vector<sys::Result<RootIdentity>> mark_mounts(int group, std::int32_t pid,
                                                     const std::vector<ContainerMount>& mounts,
                                                     std::uint64_t mask) override {
    return each(ask<&Privilege::mark_mounts>(group, pid, mounts, mask), mounts.size());
  }
  sys::Result<RootIdentity> mark_by_handle(int group, const HostMount& mount,
                                           const HandleMask& mask) override {
    return flat<&Privilege::mark_by_handle>(group, mount, mask);
  }
  sys::Result<void> ignore_mount(int group, const HostMount& mount, std::uint64_t mask) override {
    return flat<&Privilege::ignore_mount>(group, mount, mask);
  }
  sys::Result<sys::Fd> open_handle_mount(const HostMount& mount) override {
    return flat<&Privilege::open_handle_mount>(mount);
  }
  sys::Result<sys::Fd> open_by_handle(int mount, const sys::FileHandle& handle) override {
    return flat<&Privilege::open_by_handle>(mount, handle);
  }
  sys::Result<sys::Fd> open_file_by_handle(int mount, const sys::FileHandle& handle) override {
    return flat<&Privilege::open_file_by_handle>(mount, handle);
  }
  std::vector<sys::Result<sys::Fd>> open_by_handles(int mount,
                                                    const std::vector<sys::FileHandle>& handles) override {
    return each(ask<&Privilege::open_by_handles>(mount, handles), handles.size());
  }
  std::vector<sys::Result<sys::Fd>> open_files_by_handles(
      int mount, const std::vector<sys::FileHandle>& handles) override {
    return each(ask<&Privilege::open_files_by_handles>(mount, handles), handles.size());
  }
  sys::Result<UpperEvents> probe_upper_events() override { return flat<&Privilege::probe_upper_events>(); }
  sys::Result<RootIdentity> open_canary(int group, std::uint64_t mask) override {
    return flat<&Privilege::open_canary>(group, mask);
  }
  sys::Result<void> write_canary(std::uint64_t number) override {
    return flat<&Privilege::write_canary>(number);
  }
  sys::Result<sys::Fd> open_mount(std::int32_t pid, const ContainerMount& mount) override {
    return flat<&Privilege::open_mount>(pid, mount);
  }
  sys::Result<void> mark_mount_namespace(int group, std::uint64_t mask) override {
    return flat<&Privilege::mark_mount_namespace>(group, mask);
  }
  sys::Result<void> mark_mount_namespace_of(int group, std::int32_t pid, std::uint64_t mask) override {
    return flat<&Privilege::mark_mount_namespace_of>(group, pid, mask);
  }
  sys::Result<sys::Fd> open_mount_table() override { return flat<&Privilege::open_mount_table>(); }
  sys::Result<std::vector<std::uint64_t>> list_mounts() override { return flat<&Privilege::list_mounts>(); }
  std::vector<sys::Result<std::string>> read_mounts(const std::vector<std::uint64_t>& numbers) override {
    return each(ask<&Privilege::read_mounts>(numbers), numbers.size());
  }
  std::optional<sys::Error> host_mounts_problem() override { return host_mounts_problem_; }
  bool sees_all_processes() override { return sees_all_; }
  sys::Result<std::vector<std::int32_t>> list_processes() override {
    return flat<&Privilege::list_processes>();
  }
  std::vector<ProcessTexts> read_processes(std::int32_t pid, const std::vector<ProcessFile>& files,
                                           const std::vector<ProcessFile>& of_ancestors) override {
    auto read = ask<&Privilege::read_processes>(pid, files, of_ancestors);
    const auto count_of = [&](std::size_t i) { return i == 0 ? files.size() : of_ancestors.size(); };
    bool is_whole = read && !read->empty() && read->front().pid == pid;
    for (std::size_t i = 0; is_whole && i < read->size(); ++i)
      is_whole = (*read)[i].files.size() == count_of(i);
    if (is_whole) return std::move(*read);
    const sys::Error error = read ? sys::Error{"recvmsg", "marker", EPROTO} : read.error();
    return {{.pid = pid, .files = each<std::string>(std::unexpected(error), files.size())}};
  }
  sys::Result<std::string> read_process_mounts(std::int32_t pid) override {
    return flat<&Privilege::read_process_mounts>(pid);
  }
  sys::Result<std::vector<RegistrationFile>> read_registrations() override {
    return flat<&Privilege::read_registrations>();
  }
  sys::Result<sys::Fd> open_in_directory(const std::string& directory, const std::string& relative) override {
    return flat<&Privilege::open_in_directory>(directory, relative);
  }
  sys::Result<sys::Fd> open_layer(const std::string& directory) override {
    return std::move(open_layers({directory}).front());
  }
  std::vector<sys::Result<sys::Fd>> open_layers(const std::vector<std::string>& directories) override {
    return each(ask<&Privilege::open_layers>(directories), directories.size());
  }
  sys::Result<sys::Fd> open_entry(int directory, const std::string& name) override {
    return flat<&Privilege::open_entry>(directory, name);
  }
  std::vector<Way> open_ways(const std::vector<int>& directories, const std::vector<std::string>& names,
                             AttributeSpace space) override {
    return each_whole(ask<&Privilege::open_ways>(directories, names, space), directories.size(), 1,
                      [&](const Way& way) { return is_whole_way(way, names.size()); });
  }
  std::vector<Siblings> open_siblings(const std::vector<int>& directories,
                                      const std::vector<std::string>& names, AttributeSpace space) override {
    return each_whole(ask<&Privilege::open_siblings>(directories, names, space), directories.size(),
                      names.size(),
                      [&](const Siblings& siblings) { return siblings.size() == names.size(); });
  }
  std::vector<sys::Result<Tree>> open_trees(const std::vector<TreePlace>& places,
                                            const std::vector<std::string>& names,
                                            AttributeSpace space) override {
    auto trees = each(ask<&Privilege::open_trees>(places, names, space), places.size());
    const auto is_whole = [&](const sys::Result<Tree>& tree) {
      return !tree || tree->way.empty() || is_whole_way(tree->way, names.size());
    };
    if (std::ranges::all_of(trees, is_whole)) return trees;
    for (auto& tree : trees) tree = std::unexpected(sys::Error{"recvmsg", "marker", EPROTO});
    return trees;
  }
  std::vector<sys::Result<sys::Fd>> open_regular_files(int directory,
                                                       const std::vector<std::string>& names) override {
    return each(ask<&Privilege::open_regular_files>(directory, names), names.size());
  }
  sys::Result<sys::Fd> open_regular_file(int entry) override {
    return flat<&Privilege::open_regular_file>(entry);
  }
  sys::Result<sys::Fd> open_directory(int entry) override { return flat<&Privilege::open_directory>(entry); }
  sys::Result<bool> is_open_for_write(int file) override { return flat<&Privilege::is_open_for_write>(file); }
  sys::Result<std::vector<RegistrationFile>> read_drop_ins() override {
    return flat<&Privilege::read_drop_ins>();
  }
  sys::Result<sys::Fd> open_configuration() override { return flat<&Privilege::open_configuration>(); }
  sys::Result<sys::Fd> open_output_input(const std::string& path) override {
    return flat<&Privilege::open_output_input>(path);
  }
  sys::Result<sys::Fd> connect_unix(const std::string& path) override {
    return flat<&Privilege::connect_unix>(path);
  }

 private:
  // It ends with an error, or with the last name.
  static bool is_whole_way(const Way& way, std::size_t names) {
    return !way.empty() && (!way.back() || way.size() == names);
  }

  // What the method answers, or why nobody did.
  template <auto Method, class... Arguments>
  auto ask(const Arguments&... arguments)
      -> sys::Result<typename std::tuple_element_t<number_of<Method>(), Operations>::Answer> {
    using Asked = std::tuple_element_t<number_of<Method>(), Operations>;
    Encoder encoder;
    encoder.put(static_cast<std::uint16_t>(number_of<Method>()));
    Asked::put_arguments(encoder, arguments...);
    auto answer = lanes_.ask({encoder.take()});
    if (!answer) return std::unexpected(std::move(answer.error()));
    Decoder decoder(answer->message.bytes, answer->message.descriptors);
    sys::Result<typename Asked::Answer> decoded;
    decoder.get(decoded.emplace());
    if (!decoder.is_well_formed()) decoded = std::unexpected(sys::Error{"recvmsg", "marker", EPROTO});
    return decoded;
  }

  // The same where the method itself answers with a Result.
  template <auto Method, class... Arguments>
  auto flat(const Arguments&... arguments) ->
      typename std::tuple_element_t<number_of<Method>(), Operations>::Answer {
    auto answer = ask<Method>(arguments...);
    if (!answer) return std::unexpected(std::move(answer.error()));
    return std::move(*answer);
  }

  // An answer for each of `count` things that were asked for.
  template <class T>
  static std::vector<sys::Result<T>> each(sys::Result<std::vector<sys::Result<T>>> answers,
                                          std::size_t count) {
    if (answers && answers->size() == count) return std::move(*answers);
    const sys::Error error = answers ? sys::Error{"recvmsg", "marker", EPROTO} : answers.error();
    std::vector<sys::Result<T>> failed;
    for (std::size_t i = 0; i < count; ++i) failed.emplace_back(std::unexpected(error));
    return failed;
  }

  // Of each of `count` directories what is whole, else so many errors.
  template <class IsWhole>
  static std::vector<std::vector<sys::Result<LayerEntry>>> each_whole(
      sys::Result<std::vector<std::vector<sys::Result<LayerEntry>>>> answers, std::size_t count,
      std::size_t errors, const IsWhole& is_whole) {
    if (answers && answers->size() == count && std::ranges::all_of(*answers, is_whole))
      return std::move(*answers);
    const sys::Error error = answers ? sys::Error{"recvmsg", "marker", EPROTO} : answers.error();
    std::vector<std::vector<sys::Result<LayerEntry>>> failed(count);
    for (auto& entries : failed) entries = each<LayerEntry>(std::unexpected(error), errors);
    return failed;
  }

  Lanes& lanes_;
  std::optional<sys::Error> host_mounts_problem_;
  bool sees_all_ = false;
};

}  // namespace

std::unique_ptr<Privilege> make_remote(Lanes& lanes) {
  return std::make_unique<Remote>(lanes);
}

}  // namespace dropwarden::privilege
