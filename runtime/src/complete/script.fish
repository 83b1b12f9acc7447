# Completion of @PROGRAM@ for fish. The program says what can stand at the cursor.

function @FUNCTION@
    set -l words (commandline --current-process --tokenize --cut-at-cursor)
    set -l typed (commandline --current-token --cut-at-cursor)
    set -l program (string replace --regex '^~/' "$HOME/" -- $words[1])
    command --query $program; or set program @PROGRAM@
    $program @CALL@ fish --word="$typed[1]" -- $words[2..-1] 2>/dev/null </dev/null
end

complete --command @PROGRAM@ --no-files --keep-order --arguments '(@FUNCTION@)'
