// SPDX-License-Identifier: Apache-2.0
#include "kind_json.hpp"

#include "bounds.hpp"

namespace dropwarden::sink {
namespace {

namespace json = boost::json;

void add_elf(json::object& object, const model::ElfFacts& elf) {
  object["type"] = model::name_of(elf.type);
  object["class"] = elf.bits == 0 ? json::value(nullptr) : json::value(elf.bits);
  object["endian"] = elf.is_little_endian ? "little" : "big";
  object["machine"] = text_or_null(elf.machine, bounds::word, object.storage());
  object["interpreter"] = text_or_null(elf.interpreter, bounds::path, object.storage());
  object["static"] = elf.is_static;
}

void add_script(json::object& object, const model::ScriptFacts& script) {
  object["interpreter"] = text_or_null(script.interpreter, bounds::path, object.storage());
  object["argument"] = text_or_null(script.argument, bounds::path, object.storage());
}

}  // namespace

json::object kind_json(const model::FileKind& kind, json::storage_ptr storage) {
  json::object object(std::move(storage));
  if (kind.format == model::Format::elf && kind.elf) add_elf(object, *kind.elf);
  if (kind.format == model::Format::script && kind.script) add_script(object, *kind.script);
  return object;
}

}  // namespace dropwarden::sink
