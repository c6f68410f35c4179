// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ssl/context.hpp>

#include "dropwarden/net/web_client.hpp"

namespace dropwarden::net {

// A client's context, TLS 1.2 or newer, that believes the authorities of `settings` alone. Throws BadTls.
boost::asio::ssl::context make_tls_context(const TlsSettings& settings);

}  // namespace dropwarden::net
