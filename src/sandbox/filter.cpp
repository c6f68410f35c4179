// SPDX-License-Identifier: Apache-2.0
#include "filter.hpp"

#include <cerrno>
#include <memory>
#include <seccomp.h>
#include <span>
#include <string>
#include <sys/mman.h>

#include "dropwarden/sys/descriptor.hpp"
#include "dropwarden/sys/fd.hpp"
#include "dropwarden/sys/statmount_abi.hpp"

// Owns libseccomp's contexts.
namespace dropwarden::sandbox {
namespace {

struct Release {
  void operator()(void* context) const { seccomp_release(context); }
};
using Context = std::unique_ptr<void, Release>;

sys::Result<void> result_of(int code, std::string_view call, std::string_view object) {
  if (code == 0) return {};
  return std::unexpected(sys::Error{std::string(call), std::string(object), -code});
}

std::uint32_t action_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::allowed:
      return SCMP_ACT_ALLOW;
    case Verdict::absent:
      return SCMP_ACT_ERRNO(ENOSYS);
    case Verdict::fatal:
      return SCMP_ACT_KILL_PROCESS;
    case Verdict::refused:
      break;
  }
  return SCMP_ACT_TRAP;
}

sys::Result<void> add(scmp_filter_ctx context, const Call& call, bool is_native) {
  std::vector<struct scmp_arg_cmp> comparisons;
  for (const Condition& condition : call.conditions) {
    if (condition.text.empty()) continue;
    comparisons.push_back({condition.argument, SCMP_CMP_MASKED_EQ, condition.mask, condition.value});
  }
  const std::string name(call.name);
  const int known = seccomp_syscall_resolve_name(name.c_str());
  // A library that is older than the call cannot translate its number for another architecture.
  const int number = known == __NR_SCMP_ERROR && is_native ? number_of_call(name) : known;
  // And no process that was built with it asks for it by accident.
  if (number == __NR_SCMP_ERROR) return {};
  return result_of(seccomp_rule_add_array(context, action_of(call.verdict), number,
                                          static_cast<unsigned>(comparisons.size()), comparisons.data()),
                   "seccomp_rule_add", name);
}

// `architecture` is libseccomp's token; SCMP_ARCH_NATIVE for the one that runs.
sys::Result<Context> make_context(Profile profile, Network network, Enforcement enforcement,
                                  std::uint32_t architecture) {
  const bool is_logging_only = enforcement == Enforcement::log;
  Context context(seccomp_init(is_logging_only ? SCMP_ACT_LOG : SCMP_ACT_TRAP));
  if (!context) return std::unexpected(sys::Error{"seccomp_init", name_of(profile), ENOMEM});
  const bool is_native = architecture == seccomp_arch_native() || architecture == SCMP_ARCH_NATIVE;
  if (!is_native) {
    for (const int code : {seccomp_arch_add(context.get(), architecture),
                           seccomp_arch_remove(context.get(), SCMP_ARCH_NATIVE)}) {
      if (auto done = result_of(code, "seccomp_arch_add", name_of(profile)); !done)
        return std::unexpected(std::move(done.error()));
    }
  }
  struct Attribute {
    enum scmp_filter_attr name;
    std::uint32_t value;
  };
  // Calls of another architecture would pass by the tables. What is refused is logged by the kernel, too.
  for (const Attribute& attribute :
       {Attribute{SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS}, Attribute{SCMP_FLTATR_CTL_TSYNC, 1},
        Attribute{SCMP_FLTATR_CTL_LOG, 1}, Attribute{SCMP_FLTATR_CTL_OPTIMIZE, 2},
        Attribute{SCMP_FLTATR_API_SYSRAWRC, 1}}) {
    const int code = seccomp_attr_set(context.get(), attribute.name, attribute.value);
    if (auto set = result_of(code, "seccomp_attr_set", name_of(profile)); !set)
      return std::unexpected(std::move(set.error()));
  }
  for (const Call& call : calls_of(profile, network)) {
    if (is_logging_only && call.verdict == Verdict::fatal) continue;
    if (auto added = add(context.get(), call, is_native); !added)
      return std::unexpected(std::move(added.error()));
  }
  return context;
}

}  // namespace

int number_of_call(const std::string& name) {
  const int known = seccomp_syscall_resolve_name(name.c_str());
  if (known != __NR_SCMP_ERROR) return known;
  // libseccomp 2.5.4 (Debian 12) ends before them.
  if (name == "statmount") return sys::statmount_abi::call_statmount;
  if (name == "listmount") return sys::statmount_abi::call_listmount;
  return __NR_SCMP_ERROR;
}

sys::Result<void> load_filter(Profile profile, Network network, Enforcement enforcement) {
  const auto context = make_context(profile, network, enforcement, SCMP_ARCH_NATIVE);
  if (!context) return std::unexpected(context.error());
  return result_of(seccomp_load(context->get()), "seccomp", name_of(profile));
}

std::vector<struct sock_filter> compile_filter(Profile profile, Network network, Enforcement enforcement,
                                               std::uint32_t architecture) {
  const auto context = sys::value_or_throw(make_context(profile, network, enforcement, architecture));
  const sys::Fd file(::memfd_create("filter", MFD_CLOEXEC));
  if (!file) throw sys::SystemError(sys::last_error("memfd_create"));
  sys::value_or_throw(
      result_of(seccomp_export_bpf(context.get(), file.number()), "seccomp_export_bpf", name_of(profile)));
  sys::value_or_throw(sys::rewind(file.number()));
  std::vector<struct sock_filter> program(BPF_MAXINSNS);
  const auto got =
      sys::value_or_throw(sys::read_some(file.number(), std::as_writable_bytes(std::span(program))));
  program.resize(got / sizeof(struct sock_filter));
  return program;
}

}  // namespace dropwarden::sandbox
