// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace dropwarden::test {

// What the port of 127.0.0.1 answers to a GET of this path, with the status line: empty when nobody listens
// there, or nobody answers within `limit`.
std::string get_page(std::uint16_t port, const std::string& path,
                     std::chrono::milliseconds limit = std::chrono::seconds{10});

}  // namespace dropwarden::test
