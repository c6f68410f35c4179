// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/policy/assess.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>

#include "dropwarden/util/escape.hpp"

#include "attack.hpp"
#include "system_files.hpp"

namespace dropwarden::policy {
namespace {

using model::Ground;

constexpr std::uint32_t set_id_bits = 06000;

std::string_view directory_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}

std::string_view last_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

bool is_hidden(std::string_view name) {
  return name.size() > 1 && name.front() == '.';
}

// What a directory listing would not show as it is: control characters, what is no UTF-8, marks that turn
// the direction of writing; or blanks at either end.
bool is_misleading(std::string_view name) {
  if (name.empty()) return false;
  const bool has_blanks = name.front() == ' ' || name.back() == ' ';
  const bool has_backslash = name.find('\\') != std::string_view::npos;
  return has_blanks || (!has_backslash && util::escape(name) != name);
}

// Extensions of what nobody runs.
bool has_misleading_extension(std::string_view name) {
  using std::string_view_literals::operator""sv;
  constexpr std::array extensions{".bmp"sv, ".conf"sv, ".css"sv,  ".csv"sv, ".doc"sv,  ".docx"sv, ".gif"sv,
                                  ".gz"sv,  ".ico"sv,  ".jpeg"sv, ".jpg"sv, ".json"sv, ".log"sv,  ".mp3"sv,
                                  ".mp4"sv, ".pdf"sv,  ".png"sv,  ".svg"sv, ".tar"sv,  ".tgz"sv,  ".txt"sv,
                                  ".xls"sv, ".xlsx"sv, ".xml"sv,  ".xz"sv,  ".zip"sv};
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return false;
  return std::ranges::find(extensions, name.substr(dot)) != extensions.end();
}

// Native code: what runs by itself whatever its name says.
bool is_native(const model::FileKind& kind) {
  return kind.format == model::Format::elf || kind.format == model::Format::ape ||
         kind.format == model::Format::bflt;
}

class Assessor {
 public:
  explicit Assessor(const model::WriteEvent& event) : event_(event) {}

  Assessment run() {
    const model::FileFacts& file = event_.file;
    judge_mode(file);
    judge_place(file);
    judge_name(file);
    if (file.kind && file.kind->elf && !file.kind->elf->defects.empty()) add(Ground::malformed);
    if (event_.detected_by == model::Sensor::exec) add(Ground::executed);
    sort_grounds();
    for (const Ground ground : assessment_.grounds) add_attack(weight_of(ground).attack);
    judge_kind(file);
    return std::move(assessment_);
  }

 private:
  void judge_mode(const model::FileFacts& file) {
    if ((file.mode & set_id_bits) != 0) add(Ground::setuid);
    if (file.has_capabilities.value_or(false)) add(Ground::capabilities);
    if (file.origin == model::Origin::modified) add(Ground::modified);
  }

  void judge_place(const model::FileFacts& file) {
    const std::string_view directory = directory_of(file.path);
    if (file.path == "/etc/ld.so.preload") add(Ground::preload);
    if (is_system_directory(directory)) add(Ground::system_directory);
    if (file.path.starts_with("/dev/")) add(Ground::memory_directory);
    for (std::string_view above = directory; !above.empty(); above = directory_of(above)) {
      if (!is_hidden(last_name(above))) continue;
      add(Ground::hidden_directory);
      break;
    }
  }

  void judge_name(const model::FileFacts& file) {
    const std::string_view name = last_name(file.path);
    const bool is_named =
        file.path_state == model::PathState::live || file.path_state == model::PathState::deleted;
    if (!is_named || name.empty()) return;
    if (is_hidden(name)) add(Ground::hidden);
    if (is_misleading(name)) add(Ground::misleading_name);
    if (!file.kind || !is_native(*file.kind)) return;
    if (is_system_name(name) && !is_system_directory(directory_of(file.path))) add(Ground::system_name);
    if (has_misleading_extension(name)) add(Ground::misleading_extension);
  }

  void judge_kind(const model::FileFacts& file) {
    if (!file.kind) return;
    const Weight& weight = weight_of(kind_switch(*file.kind));
    assessment_.severity = weight.severity;
    for (const Ground ground : assessment_.grounds)
      assessment_.severity = std::max(assessment_.severity, weight_of(ground).severity);
    const bool has_interpreter = file.kind->format == model::Format::script && file.kind->script;
    add_attack(has_interpreter ? attack_of_interpreter(*file.kind->script) : weight.attack);
  }

  // So that the order says which matters most.
  void sort_grounds() {
    std::vector<Ground> sorted;
    for (int severity = static_cast<int>(model::Severity::critical); severity >= 0; --severity) {
      std::ranges::copy_if(assessment_.grounds, std::back_inserter(sorted), [=](Ground ground) {
        return static_cast<int>(weight_of(ground).severity) == severity;
      });
    }
    assessment_.grounds = std::move(sorted);
  }

  void add(Ground ground) { assessment_.grounds.push_back(ground); }

  void add_attack(const model::Attack& attack) {
    auto& attacks = assessment_.attacks;
    const bool is_one = !attack.technique_id.empty();
    if (is_one && std::ranges::find(attacks, attack) == attacks.end()) attacks.push_back(attack);
  }

  const model::WriteEvent& event_;
  Assessment assessment_;
};

}  // namespace

Assessment assess(const model::WriteEvent& event) {
  return Assessor(event).run();
}

}  // namespace dropwarden::policy
