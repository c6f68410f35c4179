// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/model/container.hpp"
#include "dropwarden/model/decision.hpp"
#include "dropwarden/model/disposition.hpp"
#include "dropwarden/model/file_kind.hpp"
#include "dropwarden/model/finding.hpp"
#include "dropwarden/model/process.hpp"

// The words that findings, metrics and logs use for the enumerations: a contract, see dropwarden-findings(5).
namespace dropwarden::model {

const char* name_of(Runtime runtime) {
  switch (runtime) {
    case Runtime::containerd:
      return "containerd";
    case Runtime::crio:
      return "cri-o";
    case Runtime::docker:
      return "docker";
    case Runtime::podman:
      return "podman";
    case Runtime::garden:
      return "garden";
    case Runtime::lxc:
      return "lxc";
    case Runtime::nspawn:
      return "systemd-nspawn";
    case Runtime::unknown:
      break;
  }
  return "unknown";
}

const char* name_of(Metadata metadata) {
  switch (metadata) {
    case Metadata::complete:
      return "complete";
    case Metadata::pending:
      return "pending";
    case Metadata::none:
      break;
  }
  return "none";
}

const char* name_of(ContainerState state) {
  switch (state) {
    case ContainerState::created:
      return "created";
    case ContainerState::running:
      return "running";
    case ContainerState::exited:
      return "exited";
    case ContainerState::unknown:
      break;
  }
  return "unknown";
}

const char* name_of(Belonging belonging) {
  switch (belonging) {
    case Belonging::same:
      return "same";
    case Belonging::other:
      return "other";
    case Belonging::host:
      return "host";
    case Belonging::unknown:
      break;
  }
  return "unknown";
}

const char* name_of(ProcessState state) {
  return state == ProcessState::running ? "running" : "exited";
}

const char* name_of(Format format) {
  switch (format) {
    case Format::elf:
      return "elf";
    case Format::script:
      return "script";
    case Format::pe:
      return "pe";
    case Format::mach_o:
      return "mach_o";
    case Format::ape:
      return "ape";
    case Format::java_class:
      return "java_class";
    case Format::jar:
      return "jar";
    case Format::python_bytecode:
      return "python_bytecode";
    case Format::wasm:
      return "wasm";
    case Format::bflt:
      return "bflt";
    case Format::archive:
      return "archive";
    case Format::executable_text:
      return "executable_text";
    case Format::binfmt_misc:
      break;
  }
  return "binfmt_misc";
}

const char* name_of(ElfType type) {
  switch (type) {
    case ElfType::executable:
      return "executable";
    case ElfType::pie:
      return "pie";
    case ElfType::shared:
      return "shared";
    case ElfType::relocatable:
      return "relocatable";
    case ElfType::core:
      return "core";
    case ElfType::unknown:
      break;
  }
  return "unknown";
}

const char* name_of(ElfDefect defect) {
  switch (defect) {
    case ElfDefect::truncated:
      return "truncated";
    case ElfDefect::program_headers:
      return "program_headers";
    case ElfDefect::interpreter:
      return "interpreter";
    case ElfDefect::segment:
      return "segment";
    case ElfDefect::class_byte:
      return "class_byte";
    case ElfDefect::byte_order:
      return "byte_order";
    case ElfDefect::version:
      return "version";
    case ElfDefect::header_size:
      return "header_size";
    case ElfDefect::segment_past_the_end:
      return "segment_past_the_end";
    case ElfDefect::section_headers:
      break;
  }
  return "section_headers";
}

const char* name_of(PackingSign sign) {
  switch (sign) {
    case PackingSign::upx:
      return "upx";
    case PackingSign::no_section_headers:
      return "no_section_headers";
    case PackingSign::writable_code:
      return "writable_code";
    case PackingSign::high_entropy:
      break;
  }
  return "high_entropy";
}

const char* name_of(PeType type) {
  switch (type) {
    case PeType::executable:
      return "executable";
    case PeType::library:
      return "library";
    case PeType::driver:
      return "driver";
    case PeType::efi:
      return "efi";
    case PeType::unknown:
      break;
  }
  return "unknown";
}

const char* name_of(MachOType type) {
  switch (type) {
    case MachOType::executable:
      return "executable";
    case MachOType::library:
      return "library";
    case MachOType::bundle:
      return "bundle";
    case MachOType::object:
      return "object";
    case MachOType::core:
      return "core";
    case MachOType::kernel_extension:
      return "kernel_extension";
    case MachOType::universal:
      return "universal";
    case MachOType::unknown:
      break;
  }
  return "unknown";
}

const char* name_of(Disposition disposition) {
  switch (disposition) {
    case Disposition::reported:
      return "reported";
    case Disposition::excepted:
      return "excepted";
    case Disposition::held_back:
      return "held_back";
    case Disposition::duplicate:
      return "duplicate";
    case Disposition::not_executable:
      return "not_executable";
    case Disposition::unchanged:
      return "unchanged";
    case Disposition::executed:
      return "executed";
    case Disposition::outside_containers:
      return "outside_containers";
    case Disposition::own_activity:
      return "own_activity";
    case Disposition::vanished:
      return "vanished";
    case Disposition::unreadable:
      return "unreadable";
    case Disposition::queue_full:
      return "queue_full";
    case Disposition::failed:
      break;
  }
  return "failed";
}

const char* name_of(Loss loss) {
  switch (loss) {
    case Loss::queue_overflow:
      return "queue_overflow";
    case Loss::descriptor_limit:
      return "descriptor_limit";
    case Loss::lease:
      return "lease";
    case Loss::open_failed:
      return "open_failed";
    case Loss::mark_failed:
      return "mark_failed";
    case Loss::marked_late:
      return "marked_late";
    case Loss::output_full:
      return "output_full";
    case Loss::unsettled:
      return "unsettled";
    case Loss::stalled:
      return "stalled";
    case Loss::malformed_event:
      break;
  }
  return "malformed_event";
}

const char* name_of(Severity severity) {
  switch (severity) {
    case Severity::info:
      return "info";
    case Severity::low:
      return "low";
    case Severity::medium:
      return "medium";
    case Severity::high:
      return "high";
    case Severity::critical:
      break;
  }
  return "critical";
}

const char* name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::shown:
      return "shown";
    case Verdict::excepted:
      return "excepted";
    case Verdict::held_back:
      break;
  }
  return "held_back";
}

const char* name_of(Ground ground) {
  switch (ground) {
    case Ground::modified:
      return "modified";
    case Ground::system_directory:
      return "system_directory";
    case Ground::system_name:
      return "system_name";
    case Ground::memory_directory:
      return "memory_directory";
    case Ground::hidden:
      return "hidden";
    case Ground::hidden_directory:
      return "hidden_directory";
    case Ground::misleading_name:
      return "misleading_name";
    case Ground::misleading_extension:
      return "misleading_extension";
    case Ground::setuid:
      return "setuid";
    case Ground::capabilities:
      return "capabilities";
    case Ground::preload:
      return "preload";
    case Ground::malformed:
      return "malformed";
    case Ground::executed:
      break;
  }
  return "executed";
}

const char* name_of(Sensor sensor) {
  switch (sensor) {
    case Sensor::close_write:
      return "close_write";
    case Sensor::scan:
      return "scan";
    case Sensor::exec:
      return "exec";
    case Sensor::upper_layer:
      return "upper_layer";
    case Sensor::second_look:
      break;
  }
  return "second_look";
}

const char* name_of(PathState state) {
  switch (state) {
    case PathState::live:
      return "live";
    case PathState::deleted:
      return "deleted";
    case PathState::unnamed:
      return "unnamed";
    case PathState::too_long:
      break;
  }
  return "too_long";
}

const char* name_of(Place place) {
  switch (place) {
    case Place::rootfs:
      return "rootfs";
    case Place::volume:
      return "volume";
    case Place::tmpfs:
      break;
  }
  return "tmpfs";
}

const char* name_of(Origin origin) {
  switch (origin) {
    case Origin::created:
      return "new";
    case Origin::modified:
      return "modified";
    case Origin::unchanged:
      return "unchanged";
    case Origin::unknown:
      break;
  }
  return "unknown";
}

const char* name_of(CaptureStatus status) {
  switch (status) {
    case CaptureStatus::off:
      return "off";
    case CaptureStatus::pending:
      return "pending";
    case CaptureStatus::done:
      return "done";
    case CaptureStatus::changed:
      return "changed";
    case CaptureStatus::skipped:
      return "skipped";
    case CaptureStatus::too_large:
      return "too_large";
    case CaptureStatus::quota:
      return "quota";
    case CaptureStatus::gone:
      return "gone";
    case CaptureStatus::failed:
      break;
  }
  return "failed";
}

const char* name_of(HashStatus status) {
  switch (status) {
    case HashStatus::done:
      return "done";
    case HashStatus::pending:
      return "pending";
    case HashStatus::too_large:
      return "too_large";
    case HashStatus::changed:
      return "changed";
    case HashStatus::gone:
      return "gone";
    case HashStatus::unreadable:
      return "unreadable";
    case HashStatus::skipped:
      break;
  }
  return "skipped";
}

}  // namespace dropwarden::model
