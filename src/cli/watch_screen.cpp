// SPDX-License-Identifier: Apache-2.0
#include "watch_screen.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "dropwarden/model/signature.hpp"
#include "dropwarden/sink/columns.hpp"
#include "dropwarden/sink/format.hpp"
#include "dropwarden/util/escape.hpp"

#include "finding_printer.hpp"

namespace dropwarden::cli::watch {
namespace {

constexpr std::string_view bold = "\x1b[1m";
constexpr std::string_view reverse = "\x1b[7m";
constexpr std::string_view reset = "\x1b[0m";
constexpr std::size_t around = 5;  // two lines on top, two headers, one at the bottom

// Escaped already by us, if it was us who wrote the database; and no longer than its column.
std::string cell(const std::string& text, std::size_t columns) {
  return sink::pad(sink::fit(util::escape(util::unescape(text)), columns), columns);
}

class Frame {
 public:
  explicit Frame(const Screen& screen) : screen_(screen) {}

  void add(const std::string& line, std::string_view style = {}) {
    const std::string fitted = sink::fit(line, screen_.columns);
    // What is selected has to be seen without colours, too.
    const bool is_styled = !style.empty() && (screen_.is_colored || style == reverse);
    lines_.push_back(is_styled ? std::string(style) + sink::pad(fitted, screen_.columns) + std::string(reset)
                               : fitted);
  }
  // A line that fits already, with its own colours.
  void add_fitted(std::string line) { lines_.push_back(std::move(line)); }
  std::size_t left() const { return screen_.rows - std::min(screen_.rows, lines_.size()); }

  std::string bytes(const std::string& last) {
    while (lines_.size() + 1 < screen_.rows) lines_.emplace_back();
    if (lines_.size() >= screen_.rows) lines_.resize(screen_.rows - 1);
    add(last, reverse);
    // Line by line over what was there, without an empty screen in between.
    std::string out = "\x1b[H";
    for (std::size_t i = 0; i < lines_.size(); ++i) out += (i == 0 ? "" : "\r\n") + lines_[i] + "\x1b[K";
    return out + "\x1b[J";
  }

 private:
  const Screen screen_;
  std::vector<std::string> lines_;
};

std::string summary(const State& state) {
  const DaemonFacts& daemon = state.daemon();
  if (!daemon.problem.empty())
    return "no daemon answers (" + daemon.problem + "): nothing is watched; these are stored";
  const std::string rate =
      daemon.events_per_second ? fmt::format("{:.0f}/s", *daemon.events_per_second) : "-";
  return fmt::format("{} containers, {} desynced   events {} ({})   lost {}", state.running(),
                     state.desynced(), daemon.received, rate, daemon.lost);
}

std::string conditions(const State& state) {
  std::string text;
  const auto add = [&](const std::string& condition) {
    text += (text.empty() ? "only: " : ", ") + condition;
  };
  if (!state.container().empty())
    add("container " + util::escape(util::unescape(state.container().substr(0, 12))));
  if (!state.text().empty()) add("with \"" + util::escape(state.text()) + "\"");
  if (state.min_severity() > 0)
    add(std::string(model::name_of(static_cast<model::Severity>(state.min_severity()))) + " and above");
  return text;
}

void add_containers(Frame& frame, const State& state, const std::vector<ContainerRow>& rows,
                    std::size_t room) {
  frame.add(fmt::format("{:<28} {:>8} {:>7} {:>7}  {:<9} IMAGE", "CONTAINER", "FINDINGS", "LAST 1m", "MOUNTS",
                        "STATE"),
            bold);
  const std::size_t selected = rows.empty() ? 0 : std::min(state.selected(), rows.size() - 1);
  // The selected one is always among those that are shown.
  const std::size_t first = selected < room ? 0 : selected - room + 1;
  for (std::size_t i = first; i < rows.size() && i < first + room; ++i) {
    const ContainerRow& row = rows[i];
    const char* condition = !row.is_running ? "gone" : row.is_desynced ? "desynced" : "synced";
    const std::string mark = row.id == state.container() && !row.id.empty() ? "*" : " ";
    frame.add(fmt::format("{}{} {:>8} {:>7} {:>7}  {:<9} {}", mark, cell(row.name, 27), row.findings,
                          row.in_last_minute, row.mounts, condition, util::escape(util::unescape(row.image))),
              i == selected ? reverse : std::string_view{});
  }
}

}  // namespace

std::string draw(const State& state, const Screen& screen, util::WallTime now) {
  Frame frame(screen);
  const std::string time = util::format_rfc3339(now).substr(0, 19) + "Z";
  frame.add("dropwarden watch   " + time + (state.is_paused() ? "   PAUSED" : ""), bold);
  frame.add(summary(state));
  const auto rows = state.containers(now);
  const std::size_t room = screen.rows > around ? screen.rows - around : 0;
  add_containers(frame, state, rows, std::min(rows.size(), std::max<std::size_t>(room / 3, 1)));
  const sink::TextStyle style{.columns = screen.columns, .is_colored = screen.is_colored};
  frame.add_fitted(sink::format_text_header(style));
  for (const store::FoundFinding* finding : state.findings()) {
    if (frame.left() <= 1) break;
    frame.add_fitted(text_line(*finding, style));
  }
  if (state.is_typing())
    return frame.bytes("/" + util::escape(state.text()) + "_   (Enter: keep, Esc: clear)");
  const std::string only = conditions(state);
  return frame.bytes("q quit  / text  s severity  j k Enter container  p pause  Esc all" +
                     (only.empty() ? "" : "   " + only));
}

}  // namespace dropwarden::cli::watch
