// SPDX-License-Identifier: Apache-2.0
#include "document.hpp"

#include <algorithm>
#include <sstream>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "dropwarden/util/text.hpp"
#include "dropwarden/util/utf8.hpp"

namespace dropwarden::config {
namespace {

constexpr std::size_t max_depth = 16;
constexpr std::size_t max_nodes = 200'000;

struct Rejected {
  Position at;
  std::string problem;
  std::string allowed;
};

// yaml-cpp counts from 0, columns in bytes.
Position to_position(const Source& source, const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return source.position(static_cast<std::size_t>(mark.line) + 1, static_cast<std::size_t>(mark.column));
}

class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const Source& source) : source_(source) {}

  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) reject(mark, "a second document", "one document a file");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(mark, NodeKind::null, "?", anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override { reject_anchor(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node& node = add(mark, NodeKind::scalar, tag, anchor);
    node.text = value;
    node.is_plain = tag == "?";
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open_.push_back(&add(mark, NodeKind::list, tag, anchor));
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open_.push_back(&add(mark, NodeKind::mapping, tag, anchor));
  }
  void OnMapEnd() override { open_.pop_back(); }

 private:
  [[noreturn]] void reject(const YAML::Mark& mark, std::string problem, std::string allowed) const {
    throw Rejected{to_position(source_, mark), std::move(problem), std::move(allowed)};
  }
  [[noreturn]] void reject_anchor(const YAML::Mark& mark) const {
    reject(mark, "an anchor or alias", "each value written out");
  }

  // Only the last child of an open node is open itself, so a vector that grows moves no node that `open_`
  // points to.
  Node& add(const YAML::Mark& mark, NodeKind kind, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != 0) reject_anchor(mark);
    // `?` and `!` are what yaml-cpp calls plain and quoted values that have no tag.
    if (!tag.empty() && tag != "?" && tag != "!") reject(mark, "a tag", "values without tags");
    if (open_.size() == max_depth) reject(mark, "nested too deep", std::to_string(max_depth) + " levels");
    if (++nodes_ > max_nodes) reject(mark, "too many values", std::to_string(max_nodes) + " values");
    Node* node = &root_;
    if (!open_.empty()) node = &open_.back()->children.emplace_back();
    node->kind = kind;
    node->at = to_position(source_, mark);
    return *node;
  }

  const Source& source_;
  Node root_;
  std::vector<Node*> open_;
  std::size_t documents_ = 0;
  std::size_t nodes_ = 0;
};

// yaml-cpp replaces malformed UTF-8, takes U+0004 for the end of the file and a lone carriage return for a
// line break: what it would not show in an error, or would read differently from an editor, never gets there.
bool check_text(const Source& source, Diagnostics& diagnostics) {
  std::string_view rest = source.text();
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::string_view line = util::take_until(rest, '\n');
    const std::size_t end = line.size() - (line.ends_with('\r') ? 1 : 0);
    std::size_t length = 0;
    for (std::size_t byte = 0; byte < end; byte += length) {
      const auto point = util::decode_utf8(line.substr(byte, end - byte));
      if (!point) {
        diagnostics.add(source.position(number, byte), "not UTF-8", "text in UTF-8");
        return false;
      }
      if (util::is_deceptive(point->value) && point->value != '\t') {
        diagnostics.add(source.position(number, byte), "a character that does not show",
                        "printable characters");
        return false;
      }
      length = point->length;
    }
    const auto indentation = line.substr(0, std::min(line.find_first_not_of(" \t"), end));
    const auto tab = indentation.find('\t');
    if (tab != std::string_view::npos && indentation.size() != end) {
      diagnostics.add(source.position(number, tab), "a tab in the indentation", "spaces");
      return false;
    }
  }
  return true;
}

}  // namespace

std::optional<Node> parse_document(const Source& source, Diagnostics& diagnostics) {
  if (!check_text(source, diagnostics)) return std::nullopt;
  try {
    TreeBuilder builder(source);
    std::istringstream text(source.text());
    YAML::Parser parser(text);
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.take();
  } catch (const Rejected& rejected) {
    diagnostics.add(rejected.at, rejected.problem, rejected.allowed);
  } catch (const YAML::Exception& error) {
    diagnostics.add(to_position(source, error.mark), "not YAML: " + error.msg,
                    "lines of `key: value`, indented by spaces");
  }
  return std::nullopt;
}

}  // namespace dropwarden::config
