// SPDX-License-Identifier: Apache-2.0
// Owns the client.
#include "dropwarden/sink/webhook_destination.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>
#include <zlib.h>

#include <fmt/format.h>

#include "dropwarden/util/check.hpp"
#include "dropwarden/util/escape.hpp"
#include "dropwarden/util/text.hpp"

namespace dropwarden::sink {
namespace {

constexpr std::size_t shown_answer = 200;

bool is_refusal(unsigned status) {
  constexpr std::array refusals{400U, 413U, 422U};
  return std::ranges::find(refusals, status) != refusals.end();
}

class Webhook final : public Destination {
 public:
  explicit Webhook(WebhookSettings settings)
      : settings_(std::move(settings)), client_(settings_.url, settings_.tls, settings_.timeout) {}

  std::size_t max_messages() const override { return settings_.batch; }
  void cancel() override { client_.cancel(); }

  Sent send(std::span<const model::SharedMessage> messages) override {
    // One of a batch that was refused is refused, and the others are not to blame.
    const std::size_t count = is_cautious_ ? 1 : messages.size();
    const auto answer = client_.post(request(messages.first(count)));
    if (!answer) return {.taken = 0, .problem = answer.error()};
    const std::string problem = fmt::format("{}:{}: status {} {}", settings_.url.host, settings_.url.port,
                                            answer->status, util::escape(answer->body, shown_answer));
    if (answer->status / 100 == 2) {
      is_cautious_ = is_cautious_ && --cautious_left_ > 0;
      return {.taken = count};
    }
    if (!is_refusal(answer->status)) return {.taken = 0, .problem = problem};
    if (count > 1) {
      is_cautious_ = true;
      cautious_left_ = count;
      return send(messages);
    }
    return {.taken = 0, .is_refused = true, .problem = problem};
  }

 private:
  net::WebRequest request(std::span<const model::SharedMessage> messages) const {
    net::WebRequest request{.fields = settings_.fields, .body = {}};
    for (const auto& message : messages) {
      request.body += message->body;
      // Of JSON, newline-delimited where several may come at once.
      if (settings_.batch > 1) request.body += '\n';
    }
    const bool is_lines = settings_.batch > 1 && settings_.content_type == "application/json";
    request.fields.emplace_back("Content-Type", is_lines ? "application/x-ndjson" : settings_.content_type);
    if (settings_.is_compressed) {
      request.fields.emplace_back("Content-Encoding", "gzip");
      request.body = compress(request.body);
    }
    return request;
  }

  const WebhookSettings settings_;
  net::WebClient client_;
  bool is_cautious_ = false;
  std::size_t cautious_left_ = 0;
};

}  // namespace

std::unique_ptr<Destination> make_webhook_destination(WebhookSettings settings) {
  return std::make_unique<Webhook>(std::move(settings));
}

std::string compress(std::string_view text) {
  constexpr int gzip_window = 15 + 16;  // zlib.h, deflateInit2: 16 more for the header of gzip
  constexpr int memory_level = 8;
  z_stream stream{};
  util::check(::deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_window, memory_level,
                             Z_DEFAULT_STRATEGY) == Z_OK,
              "zlib can be set up");
  std::string out(::deflateBound(&stream, text.size()), '\0');
  // Zlib reads these bytes and takes them as unsigned.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));  // NOLINT
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());  // NOLINT
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = ::deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  util::check(result == Z_STREAM_END, "deflateBound bounds what deflate makes");
  return out;
}

std::vector<std::pair<std::string, std::string>> parse_header_lines(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> fields;
  std::size_t number = 0;
  while (!text.empty()) {
    std::string_view value = util::trim(util::take_until(text, '\n'));
    ++number;
    if (value.empty() || value.starts_with('#')) continue;
    const bool has_colon = value.find(':') != std::string_view::npos;
    const std::string_view name = util::take_until(value, ':');
    // RFC 9110, 5.1 and 5.5.
    const bool is_token = !name.empty() && std::ranges::all_of(name, [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
             std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    });
    const auto is_of_a_value = [](char c) {
      return c == '\t' || (c >= ' ' && c != '\x7f') || (c & '\x80') != 0;
    };
    if (!has_colon || !is_token || !std::ranges::all_of(value, is_of_a_value))
      throw std::invalid_argument(fmt::format("line {} is no header: write Name: value", number));
    fields.emplace_back(name, util::trim(value));
  }
  return fields;
}

}  // namespace dropwarden::sink
