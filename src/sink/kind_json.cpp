// SPDX-License-Identifier: Apache-2.0
#include "kind_json.hpp"

#include <string_view>

#include <boost/json/array.hpp>

#include "bounds.hpp"

namespace dropwarden::sink {
namespace {

namespace json = boost::json;

constexpr std::size_t max_line = bounds::escaped * 256;           // BINPRM_BUF_SIZE, execve(2)
constexpr std::size_t max_registration = bounds::escaped * 1920;  // MAX_REGISTER_LENGTH, fs/binfmt_misc.c

// Adds facts to the object of one format, in the order of the schema.
class Facts {
 public:
  explicit Facts(json::object& object) : object_(object) {}

  void add(std::string_view key, json::value value) { object_.emplace(key, std::move(value)); }
  void add_text(std::string_view key, std::string_view bytes, std::size_t bound) {
    object_.emplace(key, text_or_null(bytes, bound, object_.storage()));
  }
  // Null for what is not known.
  void add_known(std::string_view key, std::optional<bool> fact) {
    object_.emplace(key, fact ? json::value(*fact) : json::value(nullptr));
  }
  void add_number_or_null(std::string_view key, unsigned number) {
    object_.emplace(key, number == 0 ? json::value(nullptr) : json::value(number));
  }
  template <class Value>
  void add_names(std::string_view key, const std::vector<Value>& values) {
    json::array names(object_.storage());
    for (const Value value : values) names.emplace_back(model::name_of(value));
    object_.emplace(key, std::move(names));
  }

  void operator()(const model::ElfFacts& elf) {
    add("type", model::name_of(elf.type));
    add_number_or_null("class", elf.bits);
    add("endian", elf.is_little_endian ? "little" : "big");
    add_text("machine", elf.machine, bounds::word);
    add_text("interpreter", elf.interpreter, bounds::path);
    add("static", elf.is_static);
    add_text("os_abi", elf.os_abi, bounds::word);
    add_known("stripped", elf.is_stripped);
    add_known("kernel_module", elf.is_kernel_module);
    add_known("module_signature", elf.has_module_signature);
    add("ebpf", elf.is_ebpf);
    add_number_or_null("appimage", elf.appimage_type);
    add_names("malformed", elf.defects);
    add_names("packed", elf.packing);
  }

  void operator()(const model::ScriptFacts& script) {
    add_text("interpreter", script.interpreter, bounds::path);
    add_text("argument", script.argument, bounds::path);
    add_text("program", script.program, max_line);
  }

  void operator()(const model::PeFacts& pe) {
    add("type", model::name_of(pe.type));
    add_number_or_null("class", pe.bits);
    add_text("machine", pe.machine, bounds::word);
    add("dotnet", pe.is_dotnet);
  }

  void operator()(const model::MachOFacts& mach_o) {
    add("type", model::name_of(mach_o.type));
    add_number_or_null("class", mach_o.bits);
    json::array machines(object_.storage());
    for (const auto& machine : mach_o.machines)
      machines.emplace_back(shown(machine, bounds::word, object_.storage()));
    add("machines", std::move(machines));
  }

  void operator()(const model::ApeFacts& ape) {
    add("pe", ape.is_pe);
    add("elf", ape.has_elf_header);
  }

  void operator()(const model::JavaClassFacts& java_class) {
    add("major", java_class.major);
    add("minor", java_class.minor);
  }

  void operator()(const model::JarFacts& jar) {
    add("manifest", jar.has_manifest);
    add("classes", jar.has_classes);
  }

  void operator()(const model::PythonFacts& python) {
    add("magic", python.magic);
    add_text("version", python.version, bounds::word);
  }

  void operator()(const model::WasmFacts& wasm) { add("component", wasm.is_component); }

  void operator()(const model::BfltFacts& bflt) {
    add("version", bflt.version);
    add("compressed", bflt.is_compressed);
  }

  void operator()(const model::ArchiveFacts& archive) {
    add("thin", archive.is_thin);
    add_text("first_member", archive.first_member, bounds::word);
  }

 private:
  json::object& object_;
};

}  // namespace

json::object kind_json(const model::FileKind& kind, json::storage_ptr storage) {
  json::object object(std::move(storage));
  Facts facts(object);
  const auto add = [&](const auto& of_one_format) {
    if (of_one_format) facts(*of_one_format);
  };
  add(kind.elf);
  add(kind.script);
  add(kind.pe);
  add(kind.mach_o);
  add(kind.ape);
  add(kind.java_class);
  add(kind.jar);
  add(kind.python_bytecode);
  add(kind.wasm);
  add(kind.bflt);
  add(kind.archive);
  return object;
}

json::value registration_json(const std::optional<model::Registration>& registration,
                              json::storage_ptr storage) {
  if (!registration) return json::value(nullptr, std::move(storage));
  json::object object(std::move(storage));
  Facts facts(object);
  facts.add_text("name", registration->name, bounds::process_name);
  facts.add_text("interpreter", registration->interpreter, max_registration);
  facts.add_text("flags", registration->flags, bounds::word);
  return object;
}

std::vector<std::string> telling_facts(const boost::json::object& facts) {
  const auto fact = [&](std::string_view key) {
    const auto* const value = facts.if_contains(key);
    const bool is_text = value != nullptr && value->is_string();
    return is_text ? util::unescape(value->get_string()) : std::string();
  };
  std::vector<std::string> words{fact("type"), fact("machine")};
  if (words[0].empty() && words[1].empty()) {
    const std::string interpreter = fact("interpreter");
    words.push_back(interpreter.substr(interpreter.rfind('/') + 1));
  }
  return words;
}

}  // namespace dropwarden::sink
