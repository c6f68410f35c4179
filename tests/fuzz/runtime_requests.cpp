// SPDX-License-Identifier: Apache-2.0
// What a monitor that was taken over says to a runtime, by way of the marker: in two parts, to either filter.
#include "input.hpp"
#include "privilege/request_filter.hpp"

namespace {

template <class Filter>
void feed(std::string_view bytes) {
  Filter filter;
  const auto first = filter.pass(bytes.substr(0, bytes.size() / 2));
  if (first) static_cast<void>(filter.pass(bytes.substr(bytes.size() / 2)));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = dropwarden::fuzz::text_of(data, size);
  feed<dropwarden::privilege::HttpRequestFilter>(text);
  feed<dropwarden::privilege::GrpcRequestFilter>(text);
  return 0;
}
