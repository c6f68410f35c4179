# SPDX-License-Identifier: Apache-2.0
# Reads layers.txt, then source files (POSIX awk). Prints each include that goes against the table; the status is 1 then.
# `files` is a set of the paths that exist, one a line, so that a private header can be told from a missing one.

function complain(what) {
  printf "%s:%d: %s\n", FILENAME, FNR, what
  wrong = 1
}

# The module that a file belongs to: include/dropwarden/M/x.hpp, src/M/x.cpp, tests/unit/M/x.cpp, src/main.cpp. Empty for
# the others, which may include anything.
function module_of(path, part) {
  split(path, part, "/")
  if (path ~ /^include\/dropwarden\/[^\/]+\//) return part[3]
  if (path ~ /^src\/[^\/]+\//) return part[2]
  if (path ~ /^tests\/unit\/[^\/]+\//) return part[3]
  if (path == "src/main.cpp") return "main"
  return ""
}

function folder_of(path) {
  sub(/[^\/]*$/, "", path)
  return path
}

function may_include(from, to) {
  return from == to || layer[from] < layer[to] || (from " " to) in arrow
}

function check_module(from, to) {
  if (!(from in layer)) complain("module " from " is not in the table of layers")
  else if (!(to in layer)) complain("module " to " is not in the table of layers")
  else if (!may_include(from, to)) complain(from " must not include " to)
}

# Protobuf writes x.pb.h out of an x.proto, which is private to its module.
function check_generated(header, proto, path) {
  proto = header
  sub(/^.*\//, "", proto)
  sub(/\.pb\.h$/, ".proto", proto)
  for (path in exists) {
    if ((module == "" || index(path, "src/" module "/") == 1) && substr(path, length(folder_of(path)) + 1) == proto) return
  }
  complain("no such .proto in this module: " header)
}

function is_header_of_module(header) {
  return ("src/" module "/" header) in exists || (header ~ ("^" module "/") && ("src/" header) in exists)
}

# A header beside its source is private to its folder; a unit test or a fuzz target names that of the module that it tests as "M/x.hpp" or
# "x.hpp", a helper of the tests as "support/x.hpp".
function check_private(header) {
  if (header ~ /(^|\/)\.\.?\//) { complain("relative path: " header); return }
  if (header ~ /\.pb\.h$/) { check_generated(header); return }
  if ((folder_of(FILENAME) header) in exists) return
  if (FILENAME ~ /^tests\// && ("tests/" header) in exists) return
  if (FILENAME ~ /^tests\/unit\// && is_header_of_module(header)) return
  if (FILENAME ~ /^tests\/fuzz\// && ("src/" header) in exists) return
  complain("not a header of this folder: " header)
}

# Standard headers have neither a folder nor a suffix.
function check_public(header) {
  if (header ~ /^[a-z_0-9]+$/ || header in public) return
  complain("not allowed in include/: <" header ">")
}

BEGIN {
  while ((getline line < files) > 0) exists[line] = 1
}

FILENAME == table && $1 == "layer" { depth++; for (i = 2; i <= NF; i++) layer[$i] = depth; next }
FILENAME == table && $1 == "arrow" { arrow[$2 " " $3] = 1; next }
FILENAME == table && $1 == "public" { public[$2] = 1; next }
FILENAME == table { next }

FNR == 1 { module = module_of(FILENAME) }

/^[ \t]*#[ \t]*include/ {
  includes++
  header = $0
  sub(/^[ \t]*#[ \t]*include[ \t]*/, "", header)
  quote = substr(header, 1, 1)
  if (!match(header, /^("[^"]+"|<[^>]+>)/)) { complain("an include that only the preprocessor understands"); next }
  header = substr(header, 2, RLENGTH - 2)
  if (header ~ /^dropwarden\//) {
    if (!(("include/" header) in exists)) complain("no such header: " header)
    else if (module != "") check_module(module, module_of("include/" header))
  } else if (quote == "\"") check_private(header)
  else if (FILENAME ~ /^include\//) check_public(header)
}

END {
  if (depth == 0 || includes == 0) {
    print "nothing was checked: no layers or no includes"
    wrong = 1
  }
  exit wrong
}
