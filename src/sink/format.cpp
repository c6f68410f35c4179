// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sink/format.hpp"

namespace dropwarden::sink {
namespace {

template <class Record>
std::string format_as(Format format, const Record& record, const TextStyle& style) {
  switch (format) {
    case Format::native:
      return format_native(record);
    case Format::tracee:
      return format_tracee(record);
    case Format::falco:
      return format_falco(record);
    case Format::ecs:
      return format_ecs(record);
    case Format::ocsf:
      return format_ocsf(record);
    case Format::cef:
      return format_cef(record);
    case Format::text:
      break;
  }
  return format_text(record, style);
}

}  // namespace

const char* name_of(Format format) {
  switch (format) {
    case Format::native:
      return "native";
    case Format::tracee:
      return "tracee";
    case Format::falco:
      return "falco";
    case Format::ecs:
      return "ecs";
    case Format::ocsf:
      return "ocsf";
    case Format::cef:
      return "cef";
    case Format::text:
      break;
  }
  return "text";
}

std::string format_line(Format format, const model::Finding& finding, const TextStyle& style) {
  return format_as(format, finding, style);
}

std::string format_line(Format format, const model::WriteEvent& event, const TextStyle& style) {
  return format_as(format, event, style);
}

}  // namespace dropwarden::sink
