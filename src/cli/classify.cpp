// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/classify/classify.hpp"

#include <array>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <vector>

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/sink/format_kind.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/escape.hpp"

#include "describe_kind.hpp"
#include "verbs.hpp"

namespace dropwarden::cli {
namespace {

using MaybeKind = std::optional<model::FileKind>;

using Rules = std::vector<classify::RegistrationRule>;

// Of this host, for what they run. Without the right to read them, as without any: they are not what was
// asked.
Rules read_rules() {
  const auto privilege = privilege::make_direct();
  const auto files = privilege->read_registrations();
  Rules rules;
  if (!files) return rules;
  for (const auto& file : *files) {
    if (auto rule = classify::parse_registration(file.name, file.text)) rules.push_back(std::move(*rule));
  }
  return rules;
}

sys::Result<MaybeKind> read_kind(const std::string& file, const Rules& rules) {
  // Neither waits for the writer of a pipe nor takes a terminal.
  const auto fd = sys::open_path(file, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!fd) return std::unexpected(fd.error());
  const auto status = sys::read_status(fd->number());
  if (!status) return std::unexpected(status.error());
  if (S_ISDIR(status->mode)) return std::unexpected(sys::Error{"read", file, EISDIR});
  if (!S_ISREG(status->mode)) return std::unexpected(sys::Error{"read", file, EINVAL});
  std::array<std::byte, classify::head_bytes> head;
  const auto got = sys::read_at(fd->number(), head, 0);
  if (!got) return std::unexpected(got.error());
  std::optional<sys::Error> error;
  const auto read_part = [&](std::uint64_t offset, std::span<std::byte> into) {
    const auto read = sys::read_at(fd->number(), into, offset);
    if (!read) error = read.error();
    return read.value_or(0);
  };
  constexpr std::uint32_t execute_bits = 0111;
  const std::string_view path = file;
  auto kind = classify::classify_file({.size = status->size,
                                       .is_executable = (status->mode & execute_bits) != 0,
                                       .name = path.substr(path.rfind('/') + 1),
                                       .registrations = rules},
                                      std::span(head).first(*got), read_part);
  if (error) return std::unexpected(*error);
  return kind;
}

std::string to_json(const std::string& file, const MaybeKind& kind) {
  const std::string name = boost::json::serialize(boost::json::string(util::escape(file)));
  return "{\"file\":" + name + "," + (kind ? sink::format_kind(*kind) : "\"kind\":null") + "}";
}

struct Options {
  std::vector<std::string> files;
  bool is_json = false;
};

int classify_files(const Options& options, Session& session) {
  int status = done;
  const Rules rules = read_rules();
  for (const std::string& file : options.files) {
    const auto kind = read_kind(file, rules);
    if (!kind) {
      session.err << "dropwarden: " << sys::Error{kind.error().call, file, kind.error().number}.text()
                  << '\n';
      status = failed;
    } else if (options.is_json) {
      session.out << to_json(file, *kind) << '\n';
    } else {
      session.out << util::escape(file) << ": " << describe_kind(*kind) << '\n';
    }
  }
  return status;
}

}  // namespace

void add_classify(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("classify", "Print what files are, by a few of their bytes");
  auto options = std::make_shared<Options>();
  verb->add_option("FILE", options->files, "The files to look at")->required();
  verb->add_flag("--json", options->is_json,
                 "Print one JSON object a file, as findings have it under `file`");
  verb->callback([&session, options] {
    session.action = [&session, options] { return classify_files(*options, session); };
  });
}

}  // namespace dropwarden::cli
