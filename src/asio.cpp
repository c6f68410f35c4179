// SPDX-License-Identifier: Apache-2.0
// The bodies of Asio and Beast, see BOOST_ASIO_SEPARATE_COMPILATION in the top meson.build.
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
