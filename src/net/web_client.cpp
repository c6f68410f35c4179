// SPDX-License-Identifier: Apache-2.0
// Owns the connection, a loop that runs only within `post`, and the context of TLS.
#include "dropwarden/net/web_client.hpp"

#include <atomic>
#include <cstring>
#include <optional>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <fmt/format.h>

#include "dropwarden/sys/patience.hpp"
#include "dropwarden/sys/peer_socket.hpp"

#include "tls_context.hpp"

namespace dropwarden::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using beast::error_code;
using tcp = asio::ip::tcp;
using SecureStream = beast::ssl_stream<beast::tcp_stream>;

constexpr std::size_t max_header = std::size_t{16} << 10U;
constexpr std::size_t max_answer = std::size_t{64} << 10U;

std::vector<tcp::endpoint> to_endpoints(const std::vector<sys::Address>& addresses) {
  std::vector<tcp::endpoint> endpoints;
  for (const sys::Address& address : addresses) {
    tcp::endpoint endpoint;
    if (address.size > endpoint.capacity()) continue;
    std::memcpy(endpoint.data(), &address.bytes, address.size);
    endpoint.resize(address.size);
    endpoints.push_back(endpoint);
  }
  return endpoints;
}

}  // namespace

class WebClient::Impl {
 public:
  Impl(WebUrl url, const TlsSettings& tls, std::chrono::milliseconds timeout)
      : url_(std::move(url)), timeout_(timeout) {
    if (url_.is_secure) context_.emplace(make_tls_context(tls));
  }

  std::expected<Answer, std::string> post(const WebRequest& wanted) {
    const bool is_kept = stream_.has_value();
    auto answer = exchange(wanted);
    // A server may close a connection that it kept at any time (RFC 9112, 9.3.1): that says nothing of now.
    if (!answer && is_kept && !is_cancelled_) answer = exchange(wanted);
    return answer;
  }

  void cancel() {
    is_cancelled_ = true;
    patience_.end();
    asio::post(loop_, [this] {
      if (stream_) beast::get_lowest_layer(*stream_).close();
    });
  }

 private:
  // Runs one operation of the stream to its end, which the stream's deadline brings.
  template <class Start>
  error_code run(Start start) {
    error_code result = asio::error::operation_aborted;
    start([&result](error_code code, auto&&...) { result = code; });
    loop_.restart();
    loop_.run();
    return is_cancelled_ ? error_code(asio::error::operation_aborted) : result;
  }

  std::expected<Answer, std::string> exchange(const WebRequest& wanted) {
    const auto deadline = std::chrono::steady_clock::now() + timeout_;
    if (!stream_) {
      if (auto connected = connect(deadline); !connected) {
        stream_.reset();
        return std::unexpected(connected.error());
      }
    }
    beast::get_lowest_layer(*stream_).expires_at(deadline);
    const auto request = make_request(wanted);
    http::response_parser<http::string_body> parser;
    parser.header_limit(max_header);
    parser.body_limit(max_answer);
    const auto fail = [this](const char* what, error_code code) {
      stream_.reset();
      buffer_.clear();
      return std::unexpected(fmt::format("{}: {}: {}", where(), what, code.message()));
    };
    if (const auto code = send(request)) return fail("cannot send", code);
    if (const auto code = receive(parser)) return fail("no answer", code);
    const auto response = parser.release();
    if (!response.keep_alive()) {
      stream_.reset();
      buffer_.clear();
    } else {
      beast::get_lowest_layer(*stream_).expires_never();
    }
    return Answer{.status = response.result_int(), .body = response.body()};
  }

  error_code send(const http::request<http::string_body>& request) {
    if (url_.is_secure) return run([&](auto handler) { http::async_write(*stream_, request, handler); });
    return run([&](auto handler) { http::async_write(stream_->next_layer(), request, handler); });
  }

  error_code receive(http::response_parser<http::string_body>& parser) {
    if (url_.is_secure)
      return run([&](auto handler) { http::async_read(*stream_, buffer_, parser, handler); });
    return run([&](auto handler) { http::async_read(stream_->next_layer(), buffer_, parser, handler); });
  }

  std::expected<void, std::string> connect(sys::Patience::Deadline deadline) {
    const auto addresses = sys::resolve(url_.host, url_.port, SOCK_STREAM, patience_, deadline);
    if (!addresses) return std::unexpected(addresses.error().text());
    // Without TLS only the layer below is used; its context is then one without any certificates.
    if (!context_) context_.emplace(asio::ssl::context::tls_client);
    stream_.emplace(loop_, *context_);
    buffer_.clear();
    auto& lowest = beast::get_lowest_layer(*stream_);
    lowest.expires_at(deadline);
    const auto endpoints = to_endpoints(*addresses);
    if (const auto code = run([&](auto handler) { lowest.async_connect(endpoints, handler); }))
      return std::unexpected(fmt::format("{}: cannot connect: {}", where(), code.message()));
    if (!url_.is_secure) return {};
    // SNI, RFC 6066: of names alone. What the macro SSL_set_tlsext_host_name does; the text is copied.
    error_code is_name;
    asio::ip::make_address(url_.host, is_name);
    if (is_name)
      SSL_ctrl(stream_->native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
               const_cast<char*>(url_.host.c_str()));  // NOLINT(*-const-cast)
    stream_->set_verify_callback(asio::ssl::host_name_verification(url_.host));
    if (const auto code =
            run([&](auto handler) { stream_->async_handshake(asio::ssl::stream_base::client, handler); }))
      return std::unexpected(fmt::format("{}: no TLS: {}", where(), code.message()));
    return {};
  }

  http::request<http::string_body> make_request(const WebRequest& wanted) const {
    http::request<http::string_body> request{http::verb::post, url_.target, 11};
    const bool is_default = url_.port == (url_.is_secure ? 443 : 80);
    const bool is_v6 = url_.host.find(':') != std::string::npos;
    const std::string host = is_v6 ? "[" + url_.host + "]" : url_.host;
    request.set(http::field::host, is_default ? host : fmt::format("{}:{}", host, url_.port));
    request.set(http::field::user_agent, "dropwarden/" DROPWARDEN_VERSION);
    for (const auto& [name, value] : wanted.fields) request.set(name, value);
    request.body() = wanted.body;
    request.prepare_payload();
    return request;
  }

  std::string where() const { return fmt::format("{}:{}", url_.host, url_.port); }

  const WebUrl url_;
  const std::chrono::milliseconds timeout_;
  asio::io_context loop_{1};
  std::optional<asio::ssl::context> context_;
  sys::Patience patience_;
  std::optional<SecureStream> stream_;
  beast::flat_buffer buffer_;
  std::atomic<bool> is_cancelled_{false};
};

WebClient::WebClient(WebUrl url, const TlsSettings& tls, std::chrono::milliseconds timeout)
    : impl_(std::make_unique<Impl>(std::move(url), tls, timeout)) {}

WebClient::~WebClient() = default;

std::expected<WebClient::Answer, std::string> WebClient::post(const WebRequest& request) {
  return impl_->post(request);
}

void WebClient::cancel() {
  impl_->cancel();
}

}  // namespace dropwarden::net
