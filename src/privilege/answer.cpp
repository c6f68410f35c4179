// SPDX-License-Identifier: Apache-2.0
#include "answer.hpp"

#include <array>

#include "operations.hpp"

namespace dropwarden::privilege {
namespace {

template <class Asked>
std::optional<Reply> execute(Privilege& privilege, Decoder& decoder) {
  const auto request = Asked::decode(decoder);
  if (!request) return std::nullopt;
  const auto done = std::make_shared<const typename Asked::Answer>(Asked::execute(privilege, *request));
  Encoder encoder;
  encoder.put(*done);
  return Reply{.message = encoder.take(), .owned = done};
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
