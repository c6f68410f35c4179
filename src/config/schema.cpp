// SPDX-License-Identifier: Apache-2.0
#include "schema.hpp"

#include <algorithm>
#include <iterator>

#include "check_outputs.hpp"
#include "keys.hpp"
#include "policy_reader.hpp"

namespace dropwarden::config {
namespace {

using namespace std::chrono_literals;
constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;

Key required(Key key) {
  key.is_required = true;
  return key;
}

Key mapping(std::string path, std::function<Problem(const Config&)> check = {}) {
  return {.path = std::move(path),
          .shape = Shape::mapping,
          .allowed = "a mapping of keys to values",
          .check = std::move(check)};
}

template <class T>
Key list(std::string path, std::size_t max, Where<std::vector<T>> where,
         std::function<Problem(const Config&)> check) {
  return {.path = std::move(path),
          .shape = Shape::list_of_mappings,
          .allowed = "a list of at most " + std::to_string(max) + " mappings",
          .resize = [where](Config& config, std::size_t size) { where(config).resize(size); },
          .max_elements = max,
          .check = std::move(check)};
}

Key list_by_itself(std::string path, std::function<void(const Node&, Config&, Diagnostics&)> read) {
  return {.path = std::move(path),
          .shape = Shape::list_by_itself,
          .allowed = "a list of mappings, see dropwarden-policy(5)",
          .read = std::move(read)};
}

Problem check_sockets(const Config& config) {
  const auto& sockets = config.runtimes.sockets;
  for (auto it = sockets.begin(); it != sockets.end(); ++it) {
    const auto is_same = [&](const RuntimeSocket& other) { return other.socket == it->socket; };
    if (std::any_of(sockets.begin(), it, is_same)) return quote(it->socket) + " is listed twice";
  }
  return std::nullopt;
}

// Either would be lost on the other: the store's directory holds nothing else, and is given away for that.
Problem check_capture(const Config& config) {
  const std::string& directory = config.capture.directory;
  if (directory.empty() || config.store.path.empty()) return std::nullopt;
  const std::string of_store = config.store.path.substr(0, config.store.path.rfind('/'));
  if (directory == of_store || directory.starts_with(of_store + "/"))
    return quote(directory) + " is in the directory of store.path, which holds nothing else";
  return std::nullopt;
}

Problem check_classify(const Config& config) {
  const auto is_on = [&](const policy::KindKey& key) { return config.classify.*key.member; };
  if (std::none_of(policy::kind_keys.begin(), policy::kind_keys.end(), is_on))
    return "no kind of file would be reported";
  return std::nullopt;
}

void add_classify_keys(std::vector<Key>& keys) {
  keys.push_back(mapping("classify", check_classify));
  for (const policy::KindKey& key : policy::kind_keys) {
    const auto where = [member = key.member](Config& c) -> bool& { return c.classify.*member; };
    keys.push_back(bool_key(std::string("classify.") + key.name, where));
  }
}

template <class T>
Where<T> of_last_output(T Output::* member) {
  return [member](Config& config) -> T& { return config.outputs.back().*member; };
}

void add_output_keys(std::vector<Key>& keys) {
  keys.push_back(required(choice_key<OutputType>("outputs.type",
                                                 {{"stdout", OutputType::standard_output},
                                                  {"file", OutputType::file},
                                                  {"unix", OutputType::unix_socket},
                                                  {"syslog", OutputType::syslog},
                                                  {"journald", OutputType::journald},
                                                  {"webhook", OutputType::webhook}},
                                                 of_last_output(&Output::type))));
  keys.push_back(name_key("outputs.name", of_last_output(&Output::name)));
  keys.push_back(format_key("outputs.format", [](Config& c) -> Output& { return c.outputs.back(); }));
  keys.push_back(choice_key<Revisions>(
      "outputs.revisions",
      {{"auto", Revisions::by_format}, {"first", Revisions::first}, {"all", Revisions::all}},
      of_last_output(&Output::revisions)));
  keys.push_back(choice_key<Events>("outputs.events",
                                    {{"none", Events::none}, {"magic_write", Events::magic_write}},
                                    of_last_output(&Output::events)));
  keys.push_back(count_key("outputs.queue", 1, mebibyte, of_last_output(&Output::queue)));
  keys.push_back(path_key("outputs.path", of_last_output(&Output::path)));
  keys.push_back(
      size_key("outputs.rotate_size", 0, mebibyte * mebibyte, of_last_output(&Output::rotate_size)));
  keys.push_back(duration_key("outputs.rotate_age", 0ms, 24h * 366, of_last_output(&Output::rotate_age)));
  keys.push_back(count_key("outputs.rotate_keep", 0, 1000, of_last_output(&Output::rotate_keep)));
  keys.push_back(syslog_address_key("outputs.address", of_last_output(&Output::address)));
  keys.push_back(facility_key("outputs.facility", of_last_output(&Output::facility)));
  keys.push_back(url_key("outputs.url", of_last_output(&Output::url)));
  keys.push_back(path_key("outputs.ca_file", of_last_output(&Output::ca_file)));
  keys.push_back(path_key("outputs.certificate_file", of_last_output(&Output::certificate_file)));
  keys.push_back(path_key("outputs.key_file", of_last_output(&Output::key_file)));
  keys.push_back(path_key("outputs.headers_file", of_last_output(&Output::headers_file)));
  keys.push_back(bool_key("outputs.compress", of_last_output(&Output::compress)));
  keys.push_back(count_key("outputs.batch", 1, 1000, of_last_output(&Output::batch)));
  keys.push_back(duration_key("outputs.timeout", 100ms, 5min, of_last_output(&Output::timeout)));
  keys.push_back(duration_key("outputs.retry_max", 1s, 60min, of_last_output(&Output::retry_max)));
}

std::vector<Key> make_schema() {
  const auto last_socket = [](Config& c) -> RuntimeSocket& { return c.runtimes.sockets.back(); };
  std::vector<Key> keys{
      mapping("runtimes"),
      list<RuntimeSocket>(
          "runtimes.sockets", 32, [](Config& c) -> auto& { return c.runtimes.sockets; }, check_sockets),
      required(choice_key<RuntimeType>("runtimes.sockets.type",
                                       {{"cri", RuntimeType::cri}, {"docker", RuntimeType::docker}},
                                       [=](Config& c) -> auto& { return last_socket(c).type; })),
      required(
          socket_key("runtimes.sockets.socket", [=](Config& c) -> auto& { return last_socket(c).socket; })),
      duration_key("runtimes.timeout", 100ms, 1min, [](Config& c) -> auto& { return c.runtimes.timeout; }),

      mapping("watch"),
      bool_key("watch.unidentified_overlays",
               [](Config& c) -> auto& { return c.watch.unidentified_overlays; }),
      bool_key("watch.volumes", [](Config& c) -> auto& { return c.watch.volumes; }),
      bool_key("watch.tmpfs", [](Config& c) -> auto& { return c.watch.tmpfs; }),
      bool_key("watch.exec", [](Config& c) -> auto& { return c.watch.exec; }),
      bool_key("watch.second_look", [](Config& c) -> auto& { return c.watch.second_look; }),
      choice_key<UpperLayer>(
          "watch.upper_layer",
          {{"off", UpperLayer::off}, {"names", UpperLayer::names}, {"writes", UpperLayer::writes}},
          [](Config& c) -> auto& { return c.watch.upper_layer; }),
      duration_or_off_key("watch.canary", 1s, 1h, [](Config& c) -> auto& { return c.watch.canary; }),
      duration_key("watch.stall_after", 2s, 10min, [](Config& c) -> auto& { return c.watch.stall_after; }),
      duration_key("watch.metadata_wait", 0ms, 1min,
                   [](Config& c) -> auto& { return c.watch.metadata_wait; }),
      size_key("watch.hash_inline_bytes", 0, 64 * mebibyte,
               [](Config& c) -> auto& { return c.watch.hash_inline_bytes; }),
      size_key("watch.hash_max_bytes", 0, mebibyte * mebibyte,
               [](Config& c) -> auto& { return c.watch.hash_max_bytes; }),
      size_key("watch.compare_max_bytes", 0, mebibyte * mebibyte,
               [](Config& c) -> auto& { return c.watch.compare_max_bytes; }),

      mapping("scan"),
      bool_key("scan.first_start", [](Config& c) -> auto& { return c.scan.first_start; }),
      bool_key("scan.sweep", [](Config& c) -> auto& { return c.scan.sweep; }),
      duration_key("scan.interval", 1s, 24h, [](Config& c) -> auto& { return c.scan.interval; }),
      duration_key("scan.whole_interval", 1min, 24h * 30,
                   [](Config& c) -> auto& { return c.scan.whole_interval; }),
      count_key("scan.entries_per_second", 100, 10 * mebibyte,
                [](Config& c) -> auto& { return c.scan.entries_per_second; }),
      size_key("scan.bytes_per_second", mebibyte, mebibyte * mebibyte,
               [](Config& c) -> auto& { return c.scan.bytes_per_second; }),
  };
  add_classify_keys(keys);
  std::vector<Key> further{
      list<Output>("outputs", 16, [](Config& c) -> auto& { return c.outputs; }, check_outputs)};
  add_output_keys(further);
  std::vector<Key> last{
      mapping("policy"),
      mapping("policy.shipped"),
      mapping("policy.rate"),
      count_key("policy.rate.per_minute", 0, mebibyte,
                [](Config& c) -> auto& { return c.policy.rate.per_minute; }),
      count_key("policy.rate.burst", 1, mebibyte, [](Config& c) -> auto& { return c.policy.rate.burst; }),
      duration_key("policy.rate.summary_interval", 1s, 1h,
                   [](Config& c) -> auto& { return c.policy.rate.summary_interval; }),
      list_by_itself("policy.exceptions", read_exceptions),
      list_by_itself("policy.rules", read_rules),

      mapping("logging"),
      choice_key<LogLevel>("logging.level",
                           {{"debug", LogLevel::debug},
                            {"info", LogLevel::info},
                            {"warn", LogLevel::warn},
                            {"error", LogLevel::error},
                            {"critical", LogLevel::critical}},
                           [](Config& c) -> auto& { return c.logging.level; }),

      mapping("control"),
      socket_key("control.socket", [](Config& c) -> auto& { return c.control.socket; }),

      mapping("metrics"),
      listen_key("metrics.listen", [](Config& c) -> auto& { return c.metrics.listen; }),

      mapping("store"),
      database_key("store.path", [](Config& c) -> auto& { return c.store.path; }),
      choice_key<Fsync>("store.fsync",
                        {{"normal", Fsync::normal}, {"full", Fsync::full}, {"off", Fsync::off}},
                        [](Config& c) -> auto& { return c.store.fsync; }),
      count_key("store.max_findings", 100, mebibyte, [](Config& c) -> auto& { return c.store.max_findings; }),
      duration_key("store.max_age", 0ms, 24h * 3650, [](Config& c) -> auto& { return c.store.max_age; }),
      size_key("store.max_size", 4 * mebibyte, mebibyte * mebibyte,
               [](Config& c) -> auto& { return c.store.max_size; }),
      size_key("store.undelivered", mebibyte, mebibyte * mebibyte,
               [](Config& c) -> auto& { return c.store.undelivered; }),

      mapping("capture", check_capture),
      directory_key("capture.directory", [](Config& c) -> auto& { return c.capture.directory; }),
      size_key("capture.max_bytes", mebibyte, mebibyte * mebibyte,
               [](Config& c) -> auto& { return c.capture.max_bytes; }),
      size_key("capture.max_file_bytes", 4096, mebibyte * 1024,
               [](Config& c) -> auto& { return c.capture.max_file_bytes; }),
  };
  std::move(last.begin(), last.end(), std::back_inserter(further));
  std::move(further.begin(), further.end(), std::back_inserter(keys));
  for (const policy::ShippedKey& key : policy::shipped_keys) {
    const auto where = [member = key.member](Config& c) -> bool& { return c.policy.shipped.*member; };
    keys.push_back(bool_key(std::string("policy.shipped.") + key.name, where));
  }
  return keys;
}

}  // namespace

const std::vector<Key>& schema() {
  static const std::vector<Key> keys = make_schema();
  return keys;
}

const Key* find_key(std::string_view path) {
  const auto found =
      std::find_if(schema().begin(), schema().end(), [&](const Key& key) { return key.path == path; });
  return found == schema().end() ? nullptr : &*found;
}

std::string_view last_part(std::string_view path) {
  return path.substr(path.rfind('.') + 1);
}

std::vector<const Key*> keys_of(std::string_view mapping_path) {
  std::vector<const Key*> keys;
  for (const Key& key : schema()) {
    const auto dot = key.path.rfind('.');
    const std::string_view parent =
        dot == std::string::npos ? std::string_view{} : std::string_view(key.path).substr(0, dot);
    if (parent == mapping_path) keys.push_back(&key);
  }
  return keys;
}

}  // namespace dropwarden::config
