// SPDX-License-Identifier: Apache-2.0
#include "tls_context.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/impl/src.hpp>

namespace dropwarden::net {
namespace {

namespace ssl = boost::asio::ssl;

void check(const boost::system::error_code& code, const std::string& what) {
  if (code) throw BadTls(what + " cannot be used: " + code.message());
}

}  // namespace

ssl::context make_tls_context(const TlsSettings& settings) {
  ssl::context context(ssl::context::tls_client);
  context.set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1);
  boost::system::error_code code;
  context.set_verify_mode(ssl::verify_peer, code);
  check(code, "verification");
  if (!settings.authorities.empty()) {
    context.add_certificate_authority(boost::asio::buffer(settings.authorities), code);
    check(code, "the file of authorities");
  }
  if (!settings.certificate.empty()) {
    context.use_certificate_chain(boost::asio::buffer(settings.certificate), code);
    check(code, "the certificate");
    context.use_private_key(boost::asio::buffer(settings.key), ssl::context::pem, code);
    check(code, "the key of the certificate");
  }
  return context;
}

}  // namespace dropwarden::net
