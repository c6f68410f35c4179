// SPDX-License-Identifier: Apache-2.0
#include "page.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "dropwarden/attribute/sha256.hpp"
#include "dropwarden/model/decision.hpp"
#include "dropwarden/model/signature.hpp"
#include "dropwarden/util/encode.hpp"
#include "dropwarden/util/escape.hpp"
#include "dropwarden/util/text.hpp"

#include "assets.hpp"

namespace dropwarden::cli::report {
namespace {

constexpr std::size_t short_id = 12;

// A source expression of https://www.w3.org/TR/CSP3/#grammardef-hash-source.
std::string source_of(std::string_view code) {
  attribute::Sha256 hash;
  hash.add(std::as_bytes(std::span(code)));
  const std::string digits = hash.digest();
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2)
    bytes.push_back(std::byte{util::parse_number<unsigned char>(digits.substr(i, 2), 16).value()});
  return "'sha256-" + util::base64(bytes) + "'";
}

// Escaped already by us, if it was us who wrote the database.
std::string text(std::string_view stored) {
  return escape_html(util::escape(util::unescape(stored), std::string::npos));
}

std::string severity_name(unsigned severity) {
  return model::name_of(static_cast<model::Severity>(std::min(severity, 4U)));
}

std::string time_of(util::WallTime time) {
  return util::format_rfc3339(time).substr(0, 19) + "Z";
}

std::string container_of(const store::Workload& of) {
  const std::string name = of.name.empty() ? of.container.substr(0, short_id) : of.name;
  return of.pod.empty() ? name : of.name_space + "/" + of.pod + "/" + name;
}

struct Group {
  std::string name;
  std::size_t count = 0;
  unsigned severity = 0;  // the highest
  util::WallTime newest;
};

template <class Name>
std::vector<Group> group_by(const std::vector<store::FoundFinding>& findings, Name name) {
  std::map<std::string, Group> groups;
  for (const store::FoundFinding& finding : findings) {
    Group& group = groups[name(finding)];
    group.name = name(finding);
    ++group.count;
    group.severity = std::max(group.severity, finding.severity);
    group.newest = std::max(group.newest, finding.time);
  }
  std::vector<Group> sorted;
  for (auto& [key, group] : groups) sorted.push_back(std::move(group));
  std::ranges::sort(sorted, [](const Group& one, const Group& other) {
    return one.count != other.count ? one.count > other.count : one.name < other.name;
  });
  return sorted;
}

// As many bars as a page has room for, each of the same time, a second at least.
std::string timeline(const std::vector<store::FoundFinding>& findings) {
  if (findings.empty()) return {};
  constexpr std::size_t bars = 120;
  constexpr std::size_t height = 100;
  const auto begin = findings.front().time;
  const auto length =
      std::max<std::chrono::nanoseconds>(findings.back().time - begin, std::chrono::seconds{bars});
  std::array<std::size_t, bars> counts{};
  for (const store::FoundFinding& finding : findings) {
    const auto since =
        std::clamp<std::chrono::nanoseconds>(finding.time - begin, std::chrono::nanoseconds{0}, length);
    const double share = static_cast<double>(since.count()) / static_cast<double>(length.count());
    ++counts.at(std::min(static_cast<std::size_t>(share * bars), bars - 1));
  }
  const std::size_t most = *std::ranges::max_element(counts);
  std::string out = fmt::format(
      "<h2>Timeline</h2>\n<svg viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\" role=\"img\" "
      "aria-label=\"Findings over time\">",
      bars, height);
  for (std::size_t i = 0; i < bars; ++i) {
    if (counts.at(i) == 0) continue;
    const std::size_t tall = std::max<std::size_t>(counts.at(i) * height / most, 2);
    const auto time = begin + std::chrono::duration_cast<std::chrono::nanoseconds>(length * i / bars);
    out += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"0.9\" height=\"{}\"><title>{}: {}</title></rect>", i,
                       height - tall, tall, time_of(time), counts.at(i));
  }
  return out + fmt::format(
                   "</svg>\n<div class=\"scale\"><span>{}</span><span>at most {} in {:.6g} "
                   "s</span><span>{}</span></div>\n",
                   time_of(begin), most, std::chrono::duration<double>(length).count() / bars,
                   time_of(begin + length));
}

std::string table_of(const char* title, const char* id, const char* select,
                     const std::vector<Group>& groups) {
  std::string out = fmt::format(
      "<section><h2>{}</h2>\n<table id=\"{}\"><thead><tr><th>Name</th><th "
      "class=\"n\">Findings</th><th>Severity</th>"
      "<th>Newest</th></tr></thead><tbody>\n",
      title, id);
  for (const Group& group : groups) {
    const std::string name = text(group.name);
    const std::string severity = severity_name(group.severity);
    const std::string choose =
        *select == '\0' ? "" : fmt::format(" data-choose=\"{}\" data-value=\"{}\"", select, name);
    out += fmt::format(
        "<tr{}><td class=\"name\">{}</td><td class=\"n\">{}</td><td class=\"{}\">{}</td><td "
        "class=\"time\">{}</td></tr>\n",
        choose, name.empty() ? "?" : name, group.count, severity, severity, time_of(group.newest));
  }
  return out + "</tbody></table></section>\n";
}

std::string options_of(const std::vector<Group>& groups) {
  std::string out = "<option value=\"\">all</option>";
  for (const Group& group : groups) {
    if (group.name.empty()) continue;
    const std::string name = text(group.name);
    out += fmt::format("<option value=\"{}\">{}</option>", name, name);
  }
  return out;
}

std::string filters(const std::vector<Group>& containers, const std::vector<Group>& images) {
  std::string severities;
  for (unsigned i = 0; i <= 4; ++i)
    severities += fmt::format("<option value=\"{}\">{}</option>", i, severity_name(i));
  return fmt::format(
      "<form id=\"filters\"><label>Text<input id=\"text\" type=\"search\"></label>"
      "<label>Container<select id=\"container\">{}</select></label>"
      "<label>Image<select id=\"image\">{}</select></label>"
      "<label>Severity from<select id=\"severity\">{}</select></label>"
      "<button type=\"reset\">All</button><output id=\"shown\"></output></form>\n",
      options_of(containers), options_of(images), severities);
}

// What was not shown when it was found is not to be taken for what was.
std::string decision_of(const store::FoundFinding& finding) {
  if (finding.decision == name_of(model::Verdict::excepted)) return " (excepted)";
  return finding.decision == name_of(model::Verdict::held_back) ? " (held back)" : "";
}

std::string row_of(const store::FoundFinding& finding) {
  const std::string container = text(container_of(finding.workload));
  const std::string image = text(finding.workload.image);
  const std::string severity = severity_name(finding.severity);
  return fmt::format(
      "<tr data-container=\"{}\" data-image=\"{}\" data-severity=\"{}\"><td class=\"time\">{}</td><td "
      "class=\"{}\">{}</td>"
      "<td class=\"name\">{}</td><td class=\"name\">{}</td><td>{}</td><td class=\"path\">{}</td><td "
      "class=\"n\">{}</td>"
      "<td class=\"n\">{}</td><td class=\"id\" title=\"SHA-256 {}\">{}</td></tr>\n",
      container, image, std::min(finding.severity, 4U), time_of(finding.time), severity, severity,
      container.empty() ? "?" : container, image, text(finding.kind),
      text(finding.path) + decision_of(finding), finding.size, finding.count,
      finding.sha256.empty() ? "not known" : text(finding.sha256), text(finding.id.substr(0, short_id)));
}

std::string head() {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src {}; script-src "
      "{}; "
      "base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"referrer\" content=\"no-referrer\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>Findings of dropwarden</title>\n<style>{}</style>\n</head>\n<body>\n",
      source_of(style), source_of(script), style);
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string make_page(const Contents& contents) {
  const auto& findings = contents.findings;
  const auto containers =
      group_by(findings, [](const auto& finding) { return container_of(finding.workload); });
  const auto images = group_by(findings, [](const auto& finding) { return finding.workload.image; });
  const auto files = group_by(findings, [](const auto& finding) { return finding.path; });
  constexpr std::size_t most_files = 50;
  std::string out = head();
  out += fmt::format(
      "<h1>New executables in containers</h1>\n<p class=\"about\">{} findings out of {}, made {}{}</p>\n",
      findings.size(), text(contents.database), time_of(contents.made),
      contents.left_out == 0 ? "" : fmt::format("; {} older ones are left out", contents.left_out));
  out += timeline(findings);
  out += "<div class=\"columns\">\n" + table_of("Containers", "containers", "container", containers) +
         table_of("Images", "images", "image", images) + "</div>\n";
  out += table_of(
      "Files found most often", "files", "",
      {files.begin(), files.begin() + static_cast<std::ptrdiff_t>(std::min(files.size(), most_files))});
  out += "<h2>Findings</h2>\n" + filters(containers, images);
  out +=
      "<table id=\"findings\"><thead><tr><th>Time "
      "(UTC)</th><th>Severity</th><th>Container</th><th>Image</th><th>Kind</th>"
      "<th>Path</th><th class=\"n\">Bytes</th><th class=\"n\">Seen</th><th>ID</th></tr></thead><tbody>\n";
  for (auto it = findings.rbegin(); it != findings.rend(); ++it) out += row_of(*it);
  return out + fmt::format("</tbody></table>\n<script>{}</script>\n</body>\n</html>\n", script);
}

}  // namespace dropwarden::cli::report
