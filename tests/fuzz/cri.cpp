// SPDX-License-Identifier: Apache-2.0
// The messages of a CRI socket and of containerd's events.
#include "container/cri_event.hpp"
#include "container/cri_info.hpp"
#include "container/cri_translate.hpp"
#include "input.hpp"

namespace {

template <class Message, class Translate>
void translate(std::string_view bytes, Translate&& to_ours) {
  Message message;
  if (message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) to_ours(message);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dropwarden;
  namespace cri = proto::cri;
  const auto bytes = fuzz::text_of(data, size);
  container::parse_task_event(bytes);
  container::parse_cri_info(bytes);
  const auto list = [](const auto& message) { container::from_list(message, model::Runtime::containerd); };
  const auto status = [](const auto& message) { container::from_status(message, model::Runtime::crio); };
  translate<cri::Container>(bytes, list);
  translate<cri::PodSandbox>(bytes, list);
  translate<cri::ContainerStatusResponse>(bytes, status);
  translate<cri::PodSandboxStatusResponse>(bytes, status);
  return 0;
}
