// SPDX-License-Identifier: Apache-2.0
#include "answer.hpp"

#include <array>

#include "operations.hpp"

namespace dropwarden::privilege {
namespace {

// An answer has one descriptor at most, and then it is all of it.
void keep(sys::Result<sys::Fd>& answer, std::vector<sys::Fd>& owned) {
  if (answer) owned.push_back(std::move(*answer));
}
template <class T>
void keep(T&, std::vector<sys::Fd>&) {}

template <class Asked>
std::optional<Reply> execute(Privilege& privilege, Decoder& decoder) {
  const auto request = Asked::decode(decoder);
  if (!request) return std::nullopt;
  auto done = Asked::execute(privilege, *request);
  Reply reply;
  Encoder encoder;
  encoder.put(done);
  reply.message = encoder.take();
  keep(done, reply.owned);
  return reply;
}

using Execute = std::optional<Reply> (*)(Privilege&, Decoder&);

template <class... Asked>
constexpr std::array<Execute, sizeof...(Asked)> all_of(std::type_identity<std::tuple<Asked...>>) {
  return {&execute<Asked>...};
}
constexpr auto operations = all_of(std::type_identity<Operations>{});

}  // namespace

std::optional<Reply> answer(Incoming request, Privilege& privilege) {
  Decoder decoder(request.bytes, request.descriptors);
  const auto number = decoder.get<std::uint16_t>();
  if (number >= operations.size()) return std::nullopt;
  return operations[number](privilege, decoder);
}

}  // namespace dropwarden::privilege
