# Completion of @PROGRAM@ for bash, 3.2 or later. The program says what can stand at the cursor.

@FUNCTION@() {
    local program=${1:-${COMP_WORDS[0]}} line replaced reply first=yes
    type -P "$program" >/dev/null || program=@PROGRAM@
    if [[ -n ${COMP_LINE-} ]]; then
        line=${COMP_LINE:0:${COMP_POINT:-${#COMP_LINE}}}
    else
        local IFS=' '
        line="${COMP_WORDS[*]:0:COMP_CWORD+1}"
    fi
    replaced=${2-${COMP_WORDS[COMP_CWORD]}}
    COMPREPLY=()
    while IFS= read -r reply; do
        if [[ -n $first ]]; then
            first=
            [[ $reply != open ]] || compopt -o nospace 2>/dev/null
        else
            COMPREPLY+=("$reply")
        fi
    done < <("$program" @CALL@ bash --word="$replaced" --type="${COMP_TYPE-}" -- "$line" 2>/dev/null </dev/null)
}

complete -o bashdefault -o nosort -F @FUNCTION@ @PROGRAM@ 2>/dev/null ||
    complete -o bashdefault -F @FUNCTION@ @PROGRAM@
