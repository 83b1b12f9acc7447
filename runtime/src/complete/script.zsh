#compdef @PROGRAM@
# Completion of @PROGRAM@ for zsh. The program says what can stand at the cursor.

@FUNCTION@() {
    local program=${(Q)words[1]} kind
    local -a replies
    [[ $program != '~/'* ]] || program=$HOME/${program#'~/'}
    whence -p -- $program >/dev/null || program=@PROGRAM@
    replies=("${(@f)$($program @CALL@ zsh --word="${(Q)PREFIX}" -- "${(@Q)words[2,CURRENT-1]}" 2>/dev/null </dev/null)}")
    kind=$replies[1]
    shift replies
    case $kind in
    (files\ *) compset -p ${kind#files }; _files ;;
    (open) _describe -V -t values value replies -S '' ;;
    (*) _describe -V -t values value replies ;;
    esac
}

if [[ $funcstack[1] == @FUNCTION@ ]]; then
    @FUNCTION@ "$@"
else
    compdef @FUNCTION@ @PROGRAM@
fi
