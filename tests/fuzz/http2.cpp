// SPDX-License-Identifier: Apache-2.0
// An HTTP/2 server that answers a gRPC call: the bytes come in two pieces.
#include "input.hpp"
#include "net/grpc_framing.hpp"
#include "net/grpc_response.hpp"
#include "net/http2_session.hpp"

namespace {

class Sink final : public dropwarden::net::Http2Events {
 public:
  void on_header(std::int32_t, std::string_view, std::string_view) override {}
  void on_data(std::int32_t, std::string_view bytes) override {
    if (!has_failed_) has_failed_ = !messages_.feed(bytes);
  }
  void on_closed(std::int32_t, std::uint32_t) override {}

 private:
  dropwarden::net::MessageReader messages_{65536};
  bool has_failed_ = false;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dropwarden;
  const auto bytes = fuzz::text_of(data, size);
  net::MessageReader messages(4096);
  [[maybe_unused]] const auto framed = messages.feed(bytes);
  Sink sink;
  net::Http2Session session(sink);
  [[maybe_unused]] const auto stream =
      session.submit({{":method", "POST"}, {":scheme", "http"}, {":path", "/"}}, "x");
  [[maybe_unused]] const auto output = session.take_output(4096);
  const auto half = bytes.substr(0, bytes.size() / 2);
  if (session.receive(half) && session.take_output(4096)) {
    [[maybe_unused]] const auto rest = session.receive(bytes.substr(half.size()));
  }
  return 0;
}
