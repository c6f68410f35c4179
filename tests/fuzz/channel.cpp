// SPDX-License-Identifier: Apache-2.0
// What one end of the split channel has written, to the other: pieces, a request, an answer. What is taken is
// what would be written of it again, so that nobody can say one thing in two ways. The requests are done by
// an implementation that does nothing.
#include <array>
#include <fcntl.h>

#include "input.hpp"
#include "privilege/answer.hpp"
#include "privilege/codec.hpp"
#include "privilege/lender.hpp"
#include "privilege/message.hpp"
#include "privilege/operations.hpp"
#include "unit/monitor/refusing_privilege.hpp"

namespace {

using namespace dropwarden::privilege;
using dropwarden::fuzz::require;

template <class Answer>
void decode(std::string_view bytes) {
  Decoder decoder(bytes, {});
  Answer answer{};
  decoder.get(answer);
  if (!decoder.is_well_formed()) return;
  Encoder encoder;
  encoder.put(answer);
  require(encoder.take().bytes == bytes);
}

template <class... Asked>
void decode_answers(std::string_view bytes, std::type_identity<std::tuple<Asked...>>) {
  (decode<typename Asked::Answer>(bytes), ...);
}

template <class Asked>
void decode_request(std::string_view bytes) {
  for (int descriptors = 0; descriptors < 2; ++descriptors) {
    std::array<dropwarden::sys::Fd, 1> lent;
    if (descriptors == 1) lent[0] = dropwarden::sys::Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    Decoder decoder(bytes, std::span(lent).first(static_cast<std::size_t>(descriptors)));
    const auto request = Asked::decode(decoder);
    if (!request) continue;
    Encoder encoder;
    std::apply([&](const auto&... argument) { Asked::put_arguments(encoder, argument...); },
               request->arguments);
    const Outgoing again = encoder.take();
    require(again.bytes == bytes);
    require(again.descriptors.size() == static_cast<std::size_t>(descriptors));
  }
}

template <class... Asked>
void decode_requests(std::string_view bytes, std::type_identity<std::tuple<Asked...>>) {
  (decode_request<Asked>(bytes), ...);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = dropwarden::fuzz::text_of(data, size);
  decode_requests(text, std::type_identity<Operations>{});
  decode_answers(text, std::type_identity<Operations>{});
  dropwarden::monitor::RefusingPrivilege nothing;
  static_cast<void>(answer({.bytes = std::string(text), .descriptors = {}}, nothing));
  // Descriptors that are told by numbers, of nobody: what is let through lends none.
  dropwarden::privilege::Lender nobody({});
  const auto whole = nobody.complete({.bytes = std::string(text), .descriptors = {}});
  require(!whole || whole->bytes == text);
  // Pieces of 64 bytes: whatever they say of themselves.
  constexpr std::size_t max_bytes = 4096;
  Assembly assembly(max_bytes);
  for (std::size_t at = 0; at < text.size() && !assembly.is_complete(); at += 64) {
    if (!assembly.add(text.substr(at, 64), {})) break;
  }
  if (assembly.is_complete()) require(assembly.take().bytes.size() <= max_bytes);
  return 0;
}
