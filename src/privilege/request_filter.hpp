// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <string>
#include <string_view>

struct nghttp2_hd_inflater;

namespace dropwarden::privilege {

// What a client says to a runtime, on its way there. Nothing passes but the requests that are written here,
// all of which only read. Pure.
class RequestFilter {
 public:
  virtual ~RequestFilter() = default;
  // The bytes that came next: those that may be passed on now, in full requests or frames, or why the
  // connection has to end.
  virtual std::expected<std::string, std::string> pass(std::string_view bytes) = 0;
};

// One `GET` of the Docker API, as net::http_get and http_stream write it, and nothing after it.
class HttpRequestFilter final : public RequestFilter {
 public:
  std::expected<std::string, std::string> pass(std::string_view bytes) override;

  static bool is_allowed_target(std::string_view target);

 private:
  std::string held_;
  bool is_over_ = false;
};

// Calls of CRI and containerd over HTTP/2 (RFC 9113), as net::GrpcChannel makes them: whole frames of the
// kinds that it sends. The names of a request are decompressed (RFC 7541) by the library, and nothing else of
// it is looked at.
class GrpcRequestFilter final : public RequestFilter {
 public:
  GrpcRequestFilter();
  ~GrpcRequestFilter() override;
  std::expected<std::string, std::string> pass(std::string_view bytes) override;

  static bool is_allowed_method(std::string_view path);

 private:
  struct Frame;
  struct InflaterDelete {
    void operator()(nghttp2_hd_inflater* inflater) const;
  };
  std::string check(const Frame& frame);
  std::string check_headers(const Frame& frame);
  std::string check_data(const Frame& frame);

  std::unique_ptr<nghttp2_hd_inflater, InflaterDelete> inflater_;
  std::string held_;
  bool has_preface_ = false;
  std::uint32_t last_stream_ = 0;
  std::map<std::uint32_t, std::size_t> left_;  // bytes that each open request may still have
};

}  // namespace dropwarden::privilege
