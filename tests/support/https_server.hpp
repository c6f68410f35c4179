// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "support/certificate.hpp"

namespace dropwarden::test {

// A web server, with TLS unless `pem` is null, that answers the next request with the next of `statuses`; 0
// closes the connection instead, and after the last it is the last again. One connection at a time.
class HttpsServer {
 public:
  struct Request {
    std::string target, body, content_type, encoding, token, host;
    std::string client;  // whether a certificate was shown
  };

  HttpsServer(const PemFiles* pem, std::vector<unsigned> statuses, bool wants_certificate = false)
      : statuses_(std::move(statuses)),
        acceptor_(loop_, {boost::asio::ip::make_address("127.0.0.1"), 0}),
        port_(acceptor_.local_endpoint().port()),
        has_tls_(pem != nullptr) {
    namespace ssl = boost::asio::ssl;
    if (pem != nullptr) {
      context_.use_certificate_chain(boost::asio::buffer(pem->certificate));
      context_.use_private_key(boost::asio::buffer(pem->key), ssl::context::pem);
      context_.add_certificate_authority(boost::asio::buffer(pem->authority));
    }
    if (wants_certificate) context_.set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
    thread_ = std::thread([this] { serve(); });
  }
  ~HttpsServer() {
    is_over_ = true;
    boost::system::error_code ignored;
    boost::asio::ip::tcp::socket waker(loop_);
    waker.connect({boost::asio::ip::make_address("127.0.0.1"), port_}, ignored);
    thread_.join();
  }
  HttpsServer(const HttpsServer&) = delete;
  HttpsServer& operator=(const HttpsServer&) = delete;

  std::uint16_t port() const { return port_; }
  std::vector<Request> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  std::size_t connections() const { return connections_; }

 private:
  using Socket = boost::asio::ip::tcp::socket;

  void serve() {
    while (!is_over_) {
      boost::system::error_code code;
      Socket socket(loop_);
      acceptor_.accept(socket, code);
      if (code || is_over_) return;
      ++connections_;
      if (has_tls_) {
        boost::asio::ssl::stream<Socket&> stream(socket, context_);
        stream.handshake(boost::asio::ssl::stream_base::server, code);
        if (!code) answer_all(stream);
      } else {
        answer_all(socket);
      }
    }
  }

  template <class Stream>
  void answer_all(Stream& stream) {
    namespace http = boost::beast::http;
    boost::beast::flat_buffer buffer;
    while (true) {
      http::request<http::string_body> request;
      boost::system::error_code code;
      http::read(stream, buffer, request, code);
      if (code) return;
      unsigned status = 0;
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back({.target = request.target(),
                             .body = request.body(),
                             .content_type = request[http::field::content_type],
                             .encoding = request[http::field::content_encoding],
                             .token = request["X-Token"],
                             .host = request[http::field::host],
                             .client = {}});
        status = statuses_.at(std::min(next_++, statuses_.size() - 1));
      }
      if (status == 0) return;
      http::response<http::string_body> response(static_cast<http::status>(status), 11);
      response.body() = "why\n";
      response.prepare_payload();
      http::write(stream, response, code);
      if (code) return;
    }
  }

  std::vector<unsigned> statuses_;
  std::size_t next_ = 0;
  boost::asio::io_context loop_{1};
  boost::asio::ssl::context context_{boost::asio::ssl::context::tls_server};
  boost::asio::ip::tcp::acceptor acceptor_;
  const std::uint16_t port_;
  const bool has_tls_;
  std::atomic<bool> is_over_{false};
  std::atomic<std::size_t> connections_{0};
  std::mutex mutex_;
  std::vector<Request> requests_;
  std::thread thread_;
};

}  // namespace dropwarden::test
