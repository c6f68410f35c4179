# SPDX-License-Identifier: Apache-2.0
# Completion for fish. It asks `dropwarden … --help`, so that it offers what the installed program has.

# __dropwarden_items SECTION [VERB…]: name, tab, description; one name a line.
function __dropwarden_items
    dropwarden $argv[2..] --help 2>/dev/null | awk -v section="$argv[1]:" '
        $0 == section { inside = 1; next }
        /^$/ { inside = 0 }
        inside && /^  [^ ]/ {
            count = split($1, names, ","); text = $0
            sub(/^  [^ ]+ +(TEXT[^ ]* *|UINT[^ ]* *)?/, "", text)
            for (i = 1; i <= count; i++) print names[i] "\t" text
        }'
end

# __dropwarden_choices OPTION [VERB…]: the fixed words that an option takes.
function __dropwarden_choices
    dropwarden $argv[2..] --help 2>/dev/null | awk -v option="$argv[1]" '
        /^  -/ { split($1, names, ","); for (i in names) if (names[i] == option && match($2, /{.*}/)) {
            words = substr($2, RSTART + 1, RLENGTH - 2); gsub(/,/, "\n", words); print words } }'
end

function __dropwarden_complete
    set -l typed (commandline --tokenize --cut-at-cursor --current-process)
    set -l verb
    # A verb may have verbs of its own.
    for word in $typed[2..]
        if contains -- $word (__dropwarden_items Verbs $verb | string split --fields 1 \t)
            set --append verb $word
        else
            break
        end
    end
    if string match --quiet -- '-*' "$typed[-1]"
        set -l choices (__dropwarden_choices $typed[-1] $verb)
        if set --query choices[1]
            printf '%s\n' $choices
            return
        end
    end
    set -l items
    if string match --quiet -- '-*' (commandline --current-token)
        set items (__dropwarden_items Options $verb)
    else
        set items (__dropwarden_items Verbs $verb)
    end
    # Files where nothing else fits: after --config, and for arguments.
    if set --query items[1]
        printf '%s\n' $items
    else
        __fish_complete_path (commandline --current-token)
    end
end

complete --command dropwarden --no-files --arguments '(__dropwarden_complete)'
