// SPDX-License-Identifier: Apache-2.0
#include "http2_session.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include <nghttp2/nghttp2.h>

#include "dropwarden/util/check.hpp"
#include "dropwarden/util/escape.hpp"

namespace dropwarden::net {
namespace {

// Frames that wait to be sent. A client of few calls never comes near; a server that provokes answers and
// does not read them does.
constexpr std::size_t max_queued_frames = 4096;

std::uint8_t* mutable_bytes(const std::string& text) {
  // nghttp2_nv is not const-correct; nghttp2_submit_request copies, as no NO_COPY flag is given.
  return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
}

std::string_view view(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

struct Http2Session::Callbacks {
  static Http2Session& self(void* user_data) { return *static_cast<Http2Session*>(user_data); }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                       void* user) noexcept {
    self(user).events_.on_header(frame->hd.stream_id, view(name, name_size), view(value, value_size));
    return 0;
  }

  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* bytes,
                     std::size_t size, void* user) noexcept {
    self(user).events_.on_data(stream, view(bytes, size));
    return 0;
  }

  static int on_close(nghttp2_session*, std::int32_t stream, std::uint32_t error_code, void* user) noexcept {
    self(user).bodies_.erase(stream);
    self(user).events_.on_closed(stream, error_code);
    return 0;
  }

  // A request that never left, since the server had said GOAWAY by then: no stream was opened, so none is
  // closed.
  static int on_not_sent(nghttp2_session*, const nghttp2_frame* frame, int, void* user) noexcept {
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    return on_close(nullptr, frame->hd.stream_id, NGHTTP2_REFUSED_STREAM, user);
  }

  static int on_complaint(nghttp2_session*, int, const char* text, std::size_t size, void* user) noexcept {
    self(user).complaint_ = util::escape({text, size}, 256);
    return 0;
  }

  static ssize_t read_body(nghttp2_session*, std::int32_t stream, std::uint8_t* into, std::size_t size,
                           std::uint32_t* flags, nghttp2_data_source*, void* user) noexcept {
    const auto found = self(user).bodies_.find(stream);
    if (found == self(user).bodies_.end()) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    Body& body = found->second;
    const std::size_t count = std::min(size, body.bytes.size() - body.sent);
    std::memcpy(into, body.bytes.data() + body.sent, count);
    body.sent += count;
    if (body.sent == body.bytes.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(count);
  }
};

void Http2Session::SessionDelete::operator()(nghttp2_session* session) const {
  nghttp2_session_del(session);
}

Http2Session::Http2Session(Http2Events& events) : events_(events) {
  nghttp2_session_callbacks* raw = nullptr;
  if (nghttp2_session_callbacks_new(&raw) != 0) throw std::bad_alloc();
  const std::unique_ptr<nghttp2_session_callbacks, decltype(&nghttp2_session_callbacks_del)> callbacks(
      raw, nghttp2_session_callbacks_del);
  nghttp2_session_callbacks_set_on_header_callback(raw, Callbacks::on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(raw, Callbacks::on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(raw, Callbacks::on_close);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(raw, Callbacks::on_not_sent);
  nghttp2_session_callbacks_set_error_callback2(raw, Callbacks::on_complaint);
  nghttp2_session* session = nullptr;
  if (nghttp2_session_client_new(&session, raw, this) != 0) throw std::bad_alloc();
  session_.reset(session);
  const std::array settings{nghttp2_settings_entry{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
  const int submitted = nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  util::check(submitted == 0, "the first SETTINGS can be queued");
}

std::expected<std::int32_t, std::string> Http2Session::submit(const Headers& headers, std::string body) {
  std::vector<nghttp2_nv> fields;
  fields.reserve(headers.size());
  for (const auto& [name, value] : headers) {
    fields.push_back(
        {mutable_bytes(name), mutable_bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  nghttp2_data_provider provider{};
  provider.read_callback = Callbacks::read_body;
  const std::int32_t stream =
      nghttp2_submit_request(session_.get(), nullptr, fields.data(), fields.size(), &provider, nullptr);
  if (stream < 0) return std::unexpected(nghttp2_strerror(stream));
  bodies_.emplace(stream, Body{std::move(body)});
  return stream;
}

void Http2Session::reset(std::int32_t stream) {
  // Fails for want of memory only, and then the session fails at its next call.
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
}

std::expected<void, std::string> Http2Session::receive(std::string_view bytes) {
  const auto taken = nghttp2_session_mem_recv(
      session_.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (taken < 0) return std::unexpected(nghttp2_strerror(static_cast<int>(taken)));
  if (nghttp2_session_get_outbound_queue_size(session_.get()) > max_queued_frames) {
    return std::unexpected("the server does not read what it asks for");
  }
  return {};
}

std::expected<std::string, std::string> Http2Session::take_output(std::size_t target) {
  std::string out;
  while (out.size() < target) {
    const std::uint8_t* bytes = nullptr;
    const auto size = nghttp2_session_mem_send(session_.get(), &bytes);
    if (size < 0) return std::unexpected(nghttp2_strerror(static_cast<int>(size)));
    if (size == 0) break;
    out += view(bytes, static_cast<std::size_t>(size));
  }
  return out;
}

bool Http2Session::is_over() const {
  return nghttp2_session_want_read(session_.get()) == 0 && nghttp2_session_want_write(session_.get()) == 0;
}

}  // namespace dropwarden::net
