# Completion of fluxbus for bash. Source this file, or put it where bash-completion looks for the name of the command.
# What was typed goes to fluxbus as it stands: nothing in it is expanded or run.

_fluxbus() {
    local -a words replies
    local reply last directive=0 current=${COMP_WORDS[COMP_CWORD]}
    read -ra words <<<"${COMP_LINE:0:COMP_POINT}"
    [[ ${COMP_LINE:0:COMP_POINT} == *[[:space:]] ]] && words+=("")
    mapfile -t replies < <("$1" complete -- "${words[@]:1}" 2>/dev/null)

    last=$((${#replies[@]} - 1))
    if ((last >= 0)) && [[ ${replies[last]} == :* ]]; then
        directive=${replies[last]#:}
        unset 'replies[last]'
    fi
    [[ $current == "=" ]] && current=""
    COMPREPLY=()
    for reply in "${replies[@]}"; do
        reply=${reply%%$'\t'*}
        [[ $reply == "$current"* ]] && COMPREPLY+=("$reply")
    done
    # Bit 4: what is wanted here is no file.
    if ((directive & 4)); then
        compopt +o default
    fi
}

complete -o default -F _fluxbus fluxbus
