// SPDX-License-Identifier: Apache-2.0
#include "watch_state.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <boost/json/array.hpp>

#include "report_text.hpp"

namespace dropwarden::cli::watch {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr std::size_t short_id = 12;
constexpr std::size_t longest_text = 256;
constexpr unsigned severities = 5;

std::int64_t number_of(const json::object& object, const char* key) {
  const json::value* const value = object.if_contains(key);
  boost::system::error_code error;
  return value != nullptr && value->is_number() ? value->to_number<std::int64_t>(error) : 0;
}

bool is_desynced(const json::object& mount) {
  const json::value* const sync = mount.if_contains("sync");
  return sync != nullptr && sync->is_object() && !join(sync->get_object().at("reasons"), " ").empty();
}

// One key, which may be an escape sequence (ECMA-48: `ESC [ … letter`), or one character of UTF-8.
std::string_view take_key(std::string_view& keys) {
  std::size_t length = 1;
  if (keys.size() > 2 && keys[0] == '\x1b' && (keys[1] == '[' || keys[1] == 'O')) {
    length = 2;
    while (length < keys.size() && (keys[length] < '@' || keys[length] > '~')) ++length;
    length = std::min(length + 1, keys.size());
  } else {
    while (length < keys.size() && (static_cast<unsigned char>(keys[length]) & 0xc0U) == 0x80U) ++length;
  }
  const std::string_view key = keys.substr(0, length);
  keys.remove_prefix(length);
  return key;
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

void State::add(const store::FoundFinding& finding) {
  std::deque<store::FoundFinding>& into = is_paused_ ? waiting_ : findings_;
  const auto known = std::ranges::find(into, finding.id, &store::FoundFinding::id);
  if (known != into.end())
    *known = finding;
  else
    into.push_back(finding);
  if (into.size() > kept_findings) into.pop_front();
}

void State::set_report(const json::object& report, util::WallTime now) {
  std::map<std::string, ContainerRow> rows;
  for (const auto& entry : report.at("containers").as_array()) {
    const auto& container = entry.as_object();
    ContainerRow row{.id = text_of(container, "id"),
                     .name = text_of(container, "name"),
                     .image = text_of(container, "image")};
    row.is_running = true;
    for (const auto& each : container.at("mounts").as_array()) {
      const auto& mount = each.as_object();
      if (!text_of(mount, "sensor").empty()) ++row.mounts;
      row.is_desynced = row.is_desynced || is_desynced(mount);
    }
    rows.insert_or_assign(row.id, std::move(row));
  }
  reported_ = std::move(rows);
  const json::value* const ledger = report.if_contains("ledger");
  DaemonFacts facts{.problem = {}, .time = now};
  if (ledger != nullptr && ledger->is_object()) {
    facts.received = number_of(ledger->get_object(), "received");
    if (const auto* lost = ledger->get_object().if_contains("lost"); lost != nullptr && lost->is_object())
      for (const auto& [name, count] : lost->get_object())
        facts.lost += number_of(lost->get_object(), name.data());
  }
  const std::chrono::duration<double> passed = now - daemon_.time;
  // Less than before: another daemon answers by now.
  if (daemon_.problem.empty() && passed > 0s && facts.received >= daemon_.received)
    facts.events_per_second = static_cast<double>(facts.received - daemon_.received) / passed.count();
  daemon_ = std::move(facts);
}

void State::set_problem(std::string problem) {
  daemon_ = {.problem = std::move(problem)};
  reported_.clear();
}

bool State::press(std::string_view keys) {
  while (!keys.empty()) {
    const std::string_view key = take_key(keys);
    if (is_typing_)
      type(key);
    else if (!press_one(key))
      return false;
  }
  return true;
}

void State::type(std::string_view key) {
  if (key == "\r" || key == "\n" || key == "\x1b") {
    is_typing_ = false;
    if (key == "\x1b") text_.clear();
  } else if (key == "\x7f" || key == "\b") {
    while (!text_.empty() && (static_cast<unsigned char>(text_.back()) & 0xc0U) == 0x80U) text_.pop_back();
    if (!text_.empty()) text_.pop_back();
  } else if (static_cast<unsigned char>(key.front()) >= ' ' && text_.size() < longest_text) {
    text_ += key;
  }
}

bool State::press_one(std::string_view key) {
  if (key == "q" || key == "Q") return false;
  if (key == "/") {
    is_typing_ = true;
    text_.clear();
  } else if (key == "s") {
    min_severity_ = (min_severity_ + 1) % severities;
  } else if (key == "p" || key == " ") {
    is_paused_ = !is_paused_;
    if (!is_paused_)
      for (const auto& finding : std::exchange(waiting_, {})) add(finding);
  } else if (key == "j" || key == "\x1b[B" || key == "\x1bOB") {
    ++selected_;
  } else if (key == "k" || key == "\x1b[A" || key == "\x1bOA") {
    if (selected_ > 0) --selected_;
  } else if (key == "\r" || key == "\n") {
    const auto rows = containers({});
    if (!rows.empty()) {
      selected_ = std::min(selected_, rows.size() - 1);
      container_ = container_ == rows[selected_].id ? std::string() : rows[selected_].id;
    }
  } else if (key == "\x1b") {
    container_.clear();
    text_.clear();
    min_severity_ = 0;
  }
  return true;
}

std::vector<ContainerRow> State::containers(util::WallTime now) const {
  auto rows = reported_;
  for (const store::FoundFinding& finding : findings_) {
    const store::Workload& of = finding.workload;
    ContainerRow& row = rows[of.container];
    row.id = of.container;
    if (row.name.empty()) row.name = of.name;
    if (row.image.empty()) row.image = of.image;
    ++row.findings;
    if (now != util::WallTime{} && finding.time > now - 1min) ++row.in_last_minute;
    row.newest = std::max(row.newest, finding.time);
  }
  std::vector<ContainerRow> sorted;
  for (auto& [id, row] : rows) {
    if (row.name.empty()) row.name = id.empty() ? "?" : id.substr(0, short_id);
    sorted.push_back(std::move(row));
  }
  std::ranges::sort(sorted, [](const ContainerRow& one, const ContainerRow& other) {
    return one.newest != other.newest ? one.newest > other.newest : one.name < other.name;
  });
  return sorted;
}

bool State::is_shown(const store::FoundFinding& finding) const {
  if (finding.severity < min_severity_) return false;
  const store::Workload& of = finding.workload;
  if (!container_.empty() && of.container != container_) return false;
  return text_.empty() || holds(finding.path, text_) || holds(of.name, text_) || holds(of.image, text_) ||
         holds(of.pod, text_) || holds(of.name_space, text_) || holds(finding.kind, text_) ||
         of.container.starts_with(text_);
}

std::vector<const store::FoundFinding*> State::findings() const {
  std::vector<const store::FoundFinding*> shown;
  for (auto it = findings_.rbegin(); it != findings_.rend(); ++it)
    if (is_shown(*it)) shown.push_back(&*it);
  return shown;
}

std::size_t State::desynced() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(reported_, [](const auto& row) { return row.second.is_desynced; }));
}

std::size_t State::running() const {
  return reported_.size();
}

}  // namespace dropwarden::cli::watch
