// SPDX-License-Identifier: Apache-2.0
// An HTTP/2 server that answers a gRPC call: the bytes come in two pieces.
#include "input.hpp"
#include "net/grpc_framing.hpp"
#include "net/grpc_response.hpp"
#include "net/http2_session.hpp"

namespace {

// The one call there is.
class Sink final : public dropwarden::net::Http2Events {
 public:
  void on_header(std::int32_t, std::string_view name, std::string_view value) override {
    if (!has_failed_) has_failed_ = !response_.add_header(name, value);
  }
  void on_data(std::int32_t, std::string_view bytes) override {
    if (has_failed_) return;
    const auto messages = response_.add_data(bytes);
    has_failed_ = !messages;
    if (!messages) return;
    for (const std::string& message : *messages) dropwarden::fuzz::require(message.size() <= max_message);
    dropwarden::fuzz::require(response_.held_bytes() <= max_message + 5);  // and what stands before it
  }
  void on_closed(std::int32_t, std::uint32_t error_code) override {
    if (!has_failed_) dropwarden::fuzz::require(response_.finish(error_code).text().size() <= 512);
  }

 private:
  static constexpr std::size_t max_message = 4096;
  dropwarden::net::GrpcResponse response_{max_message};
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
