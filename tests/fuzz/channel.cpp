// SPDX-License-Identifier: Apache-2.0
// What one end of the split channel has written, to the other: pieces, a request, an answer. The requests are
// done by an implementation that does nothing.
#include <array>
#include <fcntl.h>

#include "input.hpp"
#include "privilege/codec.hpp"
#include "privilege/message.hpp"
#include "privilege/operations.hpp"

namespace {

using namespace dropwarden::privilege;

template <class Answer>
void decode(std::string_view bytes) {
  Decoder decoder(bytes, {});
  Answer answer{};
  decoder.get(answer);
  static_cast<void>(decoder.is_well_formed());
}

template <class... Asked>
void decode_answers(std::string_view bytes, std::type_identity<std::tuple<Asked...>>) {
  (decode<typename Asked::Answer>(bytes), ...);
}

// The arguments as a request has them, which must be what is put again.
template <class Asked>
void decode_request(std::string_view bytes) {
  for (int descriptors = 0; descriptors < 2; ++descriptors) {
    std::array<dropwarden::sys::Fd, 1> lent;
    if (descriptors == 1) lent[0] = dropwarden::sys::Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    Decoder decoder(bytes, std::span(lent).first(static_cast<std::size_t>(descriptors)));
    static_cast<void>(Asked::decode(decoder));
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
  // Pieces of 64 bytes: whatever they say of themselves.
  Assembly assembly(4096);
  for (std::size_t at = 0; at < text.size() && !assembly.is_complete(); at += 64) {
    if (!assembly.add(text.substr(at, 64), {})) break;
  }
  return 0;
}
