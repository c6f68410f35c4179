// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/classify/classify.hpp"

#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <vector>

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include "dropwarden/sink/format_kind.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/escape.hpp"

#include "verbs.hpp"

namespace dropwarden::cli {
namespace {

using MaybeKind = std::optional<model::FileKind>;

sys::Result<std::vector<std::byte>> read_part(const sys::Fd& fd, std::uint64_t offset, std::size_t length) {
  std::vector<std::byte> bytes(length);
  const auto read = sys::read_at(fd.number(), bytes, offset);
  if (!read) return std::unexpected(read.error());
  bytes.resize(*read);
  return bytes;
}

sys::Result<MaybeKind> read_kind(const std::string& file) {
  // Neither waits for the writer of a pipe nor takes a terminal.
  const auto fd = sys::open_path(file, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!fd) return std::unexpected(fd.error());
  const auto status = sys::read_status(fd->number());
  if (!status) return std::unexpected(status.error());
  if (S_ISDIR(status->mode)) return std::unexpected(sys::Error{"read", file, EISDIR});
  if (!S_ISREG(status->mode)) return std::unexpected(sys::Error{"read", file, EINVAL});
  const auto head = read_part(*fd, 0, classify::head_bytes);
  if (!head) return std::unexpected(head.error());
  const auto extent = classify::dynamic_section_past(*head).value_or(classify::Extent{});
  const auto dynamic_section = read_part(*fd, extent.offset, extent.length);
  if (!dynamic_section) return std::unexpected(dynamic_section.error());
  return classify::classify_header(*head, *dynamic_section);
}

std::string describe_elf(const model::ElfFacts& elf) {
  std::string text = std::string("elf ") + model::name_of(elf.type);
  if (elf.bits != 0) text += ", " + std::to_string(elf.bits) + "-bit";
  text += elf.is_little_endian ? ", little-endian" : ", big-endian";
  text += ", " + elf.machine;
  if (elf.is_static) text += ", static";
  if (!elf.interpreter.empty()) text += ", interpreter " + util::escape(elf.interpreter);
  return text;
}

std::string describe(const MaybeKind& kind) {
  if (kind && kind->elf) return describe_elf(*kind->elf);
  if (!kind || !kind->script) return "not executable";
  std::string text = "script, interpreter " + util::escape(kind->script->interpreter);
  if (kind->script->argument.empty()) return text;
  return text + ", argument " + util::escape(kind->script->argument);
}

std::string to_json(const std::string& file, const MaybeKind& kind) {
  const std::string name = boost::json::serialize(boost::json::string(util::escape(file)));
  if (!kind) return "{\"file\":" + name + ",\"kind\":null}";
  const std::string format = model::name_of(kind->format);
  return "{\"file\":" + name + ",\"kind\":\"" + format + "\",\"" + format + "\":" + sink::format_kind(*kind) +
         "}";
}

struct Options {
  std::vector<std::string> files;
  bool is_json = false;
};

int classify_files(const Options& options, Session& session) {
  int status = done;
  for (const std::string& file : options.files) {
    const auto kind = read_kind(file);
    if (!kind) {
      session.err << "dropwarden: " << sys::Error{kind.error().call, file, kind.error().number}.text()
                  << '\n';
      status = failed;
    } else if (options.is_json) {
      session.out << to_json(file, *kind) << '\n';
    } else {
      session.out << util::escape(file) << ": " << describe(*kind) << '\n';
    }
  }
  return status;
}

}  // namespace

void add_classify(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("classify", "Print what files are, by their headers alone");
  auto options = std::make_shared<Options>();
  verb->add_option("FILE", options->files, "The files to look at")->required();
  verb->add_flag("--json", options->is_json,
                 "Print one JSON object a file, as findings have it under `file`");
  verb->callback([&session, options] {
    session.action = [&session, options] { return classify_files(*options, session); };
  });
}

}  // namespace dropwarden::cli
