// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "codec.hpp"

namespace dropwarden::privilege {

// What a method's first argument is: a descriptor or several, which are lent, or a value like the others.
enum class First { descriptor, descriptors, value };

// One method of Privilege on the channel, both ways, from its type alone.
template <auto Method, First first = First::value>
struct Operation;

template <class Answer_, class... Arguments, Answer_ (Privilege::*Method)(Arguments...), First first>
struct Operation<Method, first> {
  using Answer = Answer_;

  static void put_arguments(Encoder& encoder, const std::decay_t<Arguments>&... arguments) {
    put(encoder, arguments...);
  }

  // What is asked, and the descriptors that are lent with it, which the first argument is then. Nothing when
  // the request is malformed. Pure.
  struct Request {
    std::vector<sys::Fd> lent;
    std::tuple<std::decay_t<Arguments>...> arguments;
  };
  static std::optional<Request> decode(Decoder& decoder) {
    Request request;
    if constexpr (first == First::descriptor) decoder.get(request.lent.emplace_back());
    if constexpr (first == First::descriptors) request.lent = decoder.take_descriptors();
    get(decoder, request.lent, request.arguments);
    if (!decoder.is_well_formed()) return std::nullopt;
    return request;
  }

  static Answer execute(Privilege& privilege, const Request& request) {
    return std::apply([&](const auto&... argument) { return (privilege.*Method)(argument...); },
                      request.arguments);
  }

 private:
  static void put(Encoder& encoder) { static_cast<void>(encoder); }
  template <class Head, class... Tail>
  static void put(Encoder& encoder, const Head& head, const Tail&... tail) {
    if constexpr (first == First::descriptor)
      encoder.lend(head);
    else if constexpr (first == First::descriptors)
      std::ranges::for_each(head, [&](int descriptor) { encoder.lend(descriptor); });
    else
      encoder.put(head);
    (encoder.put(tail), ...);
  }

  template <class Tuple>
  static void get(Decoder& decoder, const std::vector<sys::Fd>& lent, Tuple& arguments) {
    [&]<std::size_t... i>(std::index_sequence<i...>) {
      (get_one<i>(decoder, lent, std::get<i>(arguments)), ...);
    }(std::make_index_sequence<std::tuple_size_v<Tuple>>{});
  }
  template <std::size_t i, class T>
  static void get_one(Decoder& decoder, const std::vector<sys::Fd>& lent, T& argument) {
    if constexpr (i == 0 && first == First::descriptor)
      argument = lent.front().number();
    else if constexpr (i == 0 && first == First::descriptors)
      std::ranges::transform(lent, std::back_inserter(argument), &sys::Fd::number);
    else
      decoder.get(argument);
  }
};

template <auto Method>
using WithDescriptor = Operation<Method, First::descriptor>;
template <auto Method>
using WithDescriptors = Operation<Method, First::descriptors>;

// All that can be asked for; the number of a request is the place here. Each may be asked again when nobody
// knows whether it was done.
using Operations =
    std::tuple<Operation<&Privilege::open_group>, WithDescriptor<&Privilege::mark_file_system>,
               WithDescriptor<&Privilege::mark_mounts>, WithDescriptor<&Privilege::mark_by_handle>,
               WithDescriptor<&Privilege::ignore_mount>, Operation<&Privilege::open_handle_mount>,
               WithDescriptor<&Privilege::open_by_handle>, WithDescriptor<&Privilege::open_file_by_handle>,
               Operation<&Privilege::probe_upper_events>, WithDescriptor<&Privilege::open_canary>,
               Operation<&Privilege::write_canary>, Operation<&Privilege::open_mount>,
               WithDescriptor<&Privilege::mark_mount_namespace>,
               WithDescriptor<&Privilege::mark_mount_namespace_of>, Operation<&Privilege::open_mount_table>,
               Operation<&Privilege::list_mounts>, Operation<&Privilege::read_mounts>,
               Operation<&Privilege::host_mounts_problem>, Operation<&Privilege::sees_all_processes>,
               Operation<&Privilege::list_processes>, Operation<&Privilege::read_processes>,
               Operation<&Privilege::read_process_mounts>, Operation<&Privilege::read_registrations>,
               Operation<&Privilege::open_in_directory>, Operation<&Privilege::open_layers>,
               WithDescriptor<&Privilege::open_entry>, WithDescriptors<&Privilege::open_ways>,
               Operation<&Privilege::open_trees>, WithDescriptor<&Privilege::open_regular_file>,
               WithDescriptor<&Privilege::open_directory>, WithDescriptor<&Privilege::is_open_for_write>,
               Operation<&Privilege::open_configuration>, Operation<&Privilege::read_drop_ins>,
               Operation<&Privilege::open_output_input>, Operation<&Privilege::connect_unix>,
               WithDescriptors<&Privilege::open_siblings>, WithDescriptor<&Privilege::open_regular_files>,
               WithDescriptor<&Privilege::open_by_handles>,
               WithDescriptor<&Privilege::open_files_by_handles>>;

template <auto Method, std::size_t i = 0>
consteval std::size_t number_of() {
  static_assert(i < std::tuple_size_v<Operations>, "a method that Operations does not have");
  using At = std::tuple_element_t<i, Operations>;
  constexpr bool is_it = std::is_same_v<At, Operation<Method>> ||
                         std::is_same_v<At, WithDescriptor<Method>> ||
                         std::is_same_v<At, WithDescriptors<Method>>;
  if constexpr (is_it)
    return i;
  else
    return number_of<Method, i + 1>();
}

}  // namespace dropwarden::privilege
