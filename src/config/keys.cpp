// SPDX-License-Identifier: Apache-2.0
#include "keys.hpp"

#include <sys/un.h>

#include "dropwarden/config/format_names.hpp"
#include "dropwarden/sys/tcp_socket.hpp"
#include "dropwarden/util/escape.hpp"
#include "dropwarden/util/text.hpp"

#include "units.hpp"

namespace dropwarden::config {
namespace {

// A value of T with limits. `parse` returns nothing for text that is not one.
template <class T, class Parse>
auto set_within(T min, T max, const char* what, Parse parse, Where<T> where) {
  return [=](Config& config, const Scalar& scalar) -> Problem {
    const auto value = parse(scalar);
    if (!value) return quote(scalar.text) + " is not " + what;
    if (*value < min || *value > max) return quote(scalar.text) + " is out of range";
    where(config) = *value;
    return std::nullopt;
  };
}

}  // namespace

std::string quote(std::string_view text) {
  constexpr std::size_t max_shown = 80;
  return "\"" + util::escape(text, max_shown) + "\"";
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

Key bool_key(std::string path, Where<bool> where) {
  return {.path = std::move(path),
          .allowed = "true, false",
          .set = [where](Config& config, const Scalar& scalar) -> Problem {
            const bool is_true = scalar.text == "true";
            if (!scalar.is_plain || (!is_true && scalar.text != "false"))
              return quote(scalar.text) + " is not a boolean";
            where(config) = is_true;
            return std::nullopt;
          }};
}

Key count_key(std::string path, std::size_t min, std::size_t max, Where<std::size_t> where) {
  const auto parse = [](const Scalar& scalar) {
    return scalar.is_plain ? util::parse_number<std::size_t>(scalar.text) : std::nullopt;
  };
  return {.path = std::move(path),
          .allowed = "a whole number from " + std::to_string(min) + " to " + std::to_string(max),
          .set = set_within<std::size_t>(min, max, "a whole number", parse, std::move(where))};
}

Key size_key(std::string path, std::uint64_t min, std::uint64_t max, Where<std::uint64_t> where) {
  const auto parse = [](const Scalar& scalar) { return parse_size(scalar.text); };
  return {.path = std::move(path),
          .allowed = "a size from " + format_size(min) + " to " + format_size(max) +
                     ", in bytes or with one of KiB, MiB, GiB, TiB, like 64KiB",
          .set = set_within<std::uint64_t>(min, max, "a size", parse, std::move(where))};
}

Key duration_key(std::string path, std::chrono::milliseconds min, std::chrono::milliseconds max,
                 Where<std::chrono::milliseconds> where) {
  const auto parse = [](const Scalar& scalar) { return parse_duration(scalar.text); };
  return {.path = std::move(path),
          .allowed = "a time from " + format_duration(min) + " to " + format_duration(max) +
                     ", with one of ms, s, m, h, d, like 250ms",
          .set = set_within<std::chrono::milliseconds>(min, max, "a time", parse, std::move(where))};
}

Key duration_or_off_key(std::string path, std::chrono::milliseconds min, std::chrono::milliseconds max,
                        Where<std::chrono::milliseconds> where) {
  Key key = duration_key(std::move(path), min, max, where);
  key.allowed += ", or off";
  key.set = [where, set = std::move(key.set)](Config& config, const Scalar& scalar) -> Problem {
    if (scalar.text != "off") return set(config, scalar);
    where(config) = std::chrono::milliseconds{0};
    return std::nullopt;
  };
  return key;
}

Key socket_key(std::string path, Where<std::string> where) {
  constexpr std::size_t max_bytes = sizeof(sockaddr_un{}.sun_path) - 1;
  return {.path = std::move(path),
          .allowed = "an absolute path of at most " + std::to_string(max_bytes) + " bytes",
          .set = [where](Config& config, const Scalar& scalar) -> Problem {
            if (!scalar.text.starts_with('/') || scalar.text.ends_with('/')) {
              return quote(scalar.text) + " is not the absolute path of a socket";
            }
            if (scalar.text.size() > max_bytes) return quote(scalar.text) + " is too long";
            // Quoted YAML can spell any byte, `"\0"`.
            if (scalar.text.find('\0') != std::string_view::npos) return quote(scalar.text) + " holds a NUL";
            where(config) = scalar.text;
            return std::nullopt;
          }};
}

Key listen_key(std::string path, Where<std::string> where) {
  return {.path = std::move(path),
          .allowed = "off, or ADDRESS:PORT with a numeric address, like 127.0.0.1:9476 or [::1]:9476",
          .set = [where](Config& config, const Scalar& scalar) -> Problem {
            const std::string text(scalar.text);
            if (text != "off" && !sys::is_tcp_address(text)) return quote(text) + " is no such address";
            where(config) = text == "off" ? std::string{} : text;
            return std::nullopt;
          }};
}

Key directory_key(std::string path, Where<std::string> where) {
  constexpr std::size_t max_bytes = 3840;  // PATH_MAX less a name
  return {.path = std::move(path),
          .allowed = "none, or the absolute path of a directory",
          .set = [where](Config& config, const Scalar& scalar) -> Problem {
            if (scalar.text == "none") {
              where(config).clear();
              return std::nullopt;
            }
            const std::string_view text = scalar.text;
            if (!text.starts_with('/') || text.ends_with('/'))
              return quote(text) + " is not the absolute path of a directory, without a slash at its end";
            if (text.size() > max_bytes) return quote(text) + " is too long";
            if (text.find('\0') != std::string_view::npos) return quote(text) + " holds a NUL";
            where(config) = text;
            return std::nullopt;
          }};
}

Key database_key(std::string path, Where<std::string> where) {
  constexpr std::size_t max_bytes = 3840;  // PATH_MAX less what is appended to name further files
  return {
      .path = std::move(path),
      .allowed = "none, or an absolute path that ends in .db",
      .set = [where](Config& config, const Scalar& scalar) -> Problem {
        if (scalar.text == "none") {
          where(config).clear();
          return std::nullopt;
        }
        // What is damaged is renamed: it must not be just any file.
        if (!scalar.text.starts_with('/') || !scalar.text.ends_with(".db") || scalar.text.ends_with("/.db"))
          return quote(scalar.text) + " is not the absolute path of a .db file";
        if (scalar.text.size() > max_bytes) return quote(scalar.text) + " is too long";
        if (scalar.text.find('\0') != std::string_view::npos) return quote(scalar.text) + " holds a NUL";
        where(config) = scalar.text;
        return std::nullopt;
      }};
}

Key format_key(std::string path, Where<Output> where) {
  std::vector<std::string> names;
  for (const FormatName& name : format_names()) names.emplace_back(name.name);
  return {.path = std::move(path),
          .allowed = join(names),
          .set = [where](Config& config, const Scalar& scalar) -> Problem {
            for (const FormatName& name : format_names()) {
              if (scalar.text != name.name) continue;
              where(config).has_format = name.format.has_value();
              where(config).format = name.format.value_or(Output{}.format);
              return std::nullopt;
            }
            return quote(scalar.text) + " is not known";
          }};
}

}  // namespace dropwarden::config
