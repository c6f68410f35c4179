// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <new>
#include <set>

#include <nghttp2/nghttp2.h>

#include "request_filter.hpp"

namespace dropwarden::privilege {
namespace {

constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::size_t frame_header = 9;
constexpr std::size_t longest_frame = 16384;  // SETTINGS_MAX_FRAME_SIZE at its least
constexpr std::size_t longest_request = std::size_t{64} << 10U;
constexpr std::size_t most_requests = 512;

constexpr auto methods = std::to_array<std::string_view>({
    "/containerd.services.events.v1.Events/Subscribe",
    "/containerd.services.namespaces.v1.Namespaces/List",
    "/containerd.services.tasks.v1.Tasks/List",
    "/runtime.v1.RuntimeService/ContainerStatus",
    "/runtime.v1.RuntimeService/ListContainers",
    "/runtime.v1.RuntimeService/ListPodSandbox",
    "/runtime.v1.RuntimeService/PodSandboxStatus",
    "/runtime.v1.RuntimeService/Version",
});

bool is_allowed_field(std::string_view name, std::string_view value) {
  if (name == ":path") return GrpcRequestFilter::is_allowed_method(value);
  if (name == ":method") return value == "POST";
  if (name == ":scheme") return value == "http";
  if (name == ":authority") return value == "localhost";
  if (name == "te") return value == "trailers";
  if (name == "content-type") return value == "application/grpc";
  return name == "user-agent" || name == "grpc-timeout" || name == "containerd-namespace";
}

std::string_view view(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

std::uint32_t number(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char byte : bytes) value = value << 8U | static_cast<unsigned char>(byte);
  return value;
}

}  // namespace

struct GrpcRequestFilter::Frame {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
  std::string_view payload;
};

void GrpcRequestFilter::InflaterDelete::operator()(nghttp2_hd_inflater* inflater) const {
  nghttp2_hd_inflate_del(inflater);
}

GrpcRequestFilter::GrpcRequestFilter() {
  nghttp2_hd_inflater* inflater = nullptr;
  if (nghttp2_hd_inflate_new(&inflater) != 0) throw std::bad_alloc();
  inflater_.reset(inflater);
}

GrpcRequestFilter::~GrpcRequestFilter() = default;

bool GrpcRequestFilter::is_allowed_method(std::string_view path) {
  return std::ranges::find(methods, path) != methods.end();
}

std::expected<std::string, std::string> GrpcRequestFilter::pass(std::string_view bytes) {
  held_ += bytes;
  std::string_view rest = held_;
  std::size_t passed = 0;
  if (!has_preface_) {
    if (!preface.starts_with(rest.substr(0, preface.size()))) return std::unexpected("not HTTP/2");
    if (rest.size() < preface.size()) return std::string{};
    has_preface_ = true;
    passed = preface.size();
  }
  while (rest.size() - passed >= frame_header) {
    const auto head = rest.substr(passed, frame_header);
    const std::size_t length = number(head.substr(0, 3));
    if (length > longest_frame) return std::unexpected("a long frame");
    if (rest.size() - passed < frame_header + length) break;
    const Frame frame{.type = static_cast<std::uint8_t>(head[3]),
                      .flags = static_cast<std::uint8_t>(head[4]),
                      .stream = number(head.substr(5)) & 0x7fffffffU,
                      .payload = rest.substr(passed + frame_header, length)};
    if (auto problem = check(frame); !problem.empty()) return std::unexpected(std::move(problem));
    passed += frame_header + length;
  }
  std::string out = held_.substr(0, passed);
  held_.erase(0, passed);
  return out;
}

std::string GrpcRequestFilter::check(const Frame& frame) {
  switch (frame.type) {
    case NGHTTP2_HEADERS:
      return check_headers(frame);
    case NGHTTP2_DATA:
      return check_data(frame);
    case NGHTTP2_RST_STREAM:
      left_.erase(frame.stream);
      return {};
    case NGHTTP2_SETTINGS:
    case NGHTTP2_PING:
    case NGHTTP2_GOAWAY:
    case NGHTTP2_WINDOW_UPDATE:
      return {};
    default:
      // CONTINUATION, PRIORITY and PUSH_PROMISE too, which this client does not send.
      return "a frame of another kind";
  }
}

std::string GrpcRequestFilter::check_headers(const Frame& frame) {
  constexpr std::uint8_t allowed = NGHTTP2_FLAG_END_STREAM | NGHTTP2_FLAG_END_HEADERS;
  if ((frame.flags & ~allowed) != 0 || (frame.flags & NGHTTP2_FLAG_END_HEADERS) == 0) return "other flags";
  // No trailers, which would begin with the number of a stream that is there.
  if (frame.stream <= last_stream_ || frame.stream % 2 == 0) return "another stream";
  std::set<std::string> names;
  const auto* in = reinterpret_cast<const std::uint8_t*>(frame.payload.data());
  std::size_t left = frame.payload.size();
  while (true) {
    nghttp2_nv field{};
    int flags = 0;
    const auto read = nghttp2_hd_inflate_hd2(inflater_.get(), &field, &flags, in, left, 1);
    if (read < 0) return "headers that cannot be decompressed";
    in += read;
    left -= static_cast<std::size_t>(read);
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
      const auto name = view(field.name, field.namelen);
      if (!is_allowed_field(name, view(field.value, field.valuelen))) return "another request";
      if (!names.emplace(name).second) return "a field twice";
    }
    if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0 && left == 0) return "headers without end";
  }
  nghttp2_hd_inflate_end_headers(inflater_.get());
  if (left != 0 || !names.contains(":path") || !names.contains(":method")) return "half a request";
  if (left_.size() >= most_requests) return "too many requests at once";
  last_stream_ = frame.stream;
  if ((frame.flags & NGHTTP2_FLAG_END_STREAM) == 0) left_[frame.stream] = longest_request;
  return {};
}

std::string GrpcRequestFilter::check_data(const Frame& frame) {
  const auto found = left_.find(frame.stream);
  if (found == left_.end() || (frame.flags & ~NGHTTP2_FLAG_END_STREAM) != 0) return "data of no request";
  if (frame.payload.size() > found->second) return "a long request";
  found->second -= frame.payload.size();
  if ((frame.flags & NGHTTP2_FLAG_END_STREAM) != 0) left_.erase(found);
  return {};
}

}  // namespace dropwarden::privilege
