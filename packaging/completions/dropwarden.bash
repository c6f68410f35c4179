# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Completion for bash. It asks `dropwarden … --help`, so that it offers what the installed program has.

# _dropwarden_words SECTION [VERB…]: the first column of a section of the help, both names of an option.
_dropwarden_words() {
  local section=$1
  shift
  dropwarden "$@" --help 2>/dev/null | awk -v section="$section:" '
    $0 == section { inside = 1; next }
    /^$/ { inside = 0 }
    inside && /^  [^ ]/ { gsub(/,/, " ", $1); print $1 }'
}

# _dropwarden_choices OPTION [VERB…]: the fixed words that an option takes, `--format TEXT:{native,text}`.
_dropwarden_choices() {
  local option=$1
  shift
  dropwarden "$@" --help 2>/dev/null | awk -v option="$option" '
    /^  -/ { split($1, names, ","); for (i in names) if (names[i] == option && match($2, /{.*}/)) {
      words = substr($2, RSTART + 1, RLENGTH - 2); gsub(/,/, " ", words); print words } }'
}

_dropwarden() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} verb=() words word
  COMPREPLY=()
  # A verb may have verbs of its own.
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case " $(_dropwarden_words Verbs "${verb[@]}" | tr '\n' ' ')" in
      *" $word "*) verb+=("$word") ;;
      *) break ;;
    esac
  done
  if [[ "$previous" == -* ]]; then
    words=$(_dropwarden_choices "$previous" "${verb[@]}")
    if [[ -n "$words" ]]; then
      mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
      return
    fi
  fi
  if [[ "$current" == -* ]]; then
    words=$(_dropwarden_words Options "${verb[@]}")
  else
    words=$(_dropwarden_words Verbs "${verb[@]}")
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

# Files where nothing else fits: after --config, and for arguments.
complete -o default -F _dropwarden dropwarden
