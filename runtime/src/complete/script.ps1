# Completion of @PROGRAM@ for PowerShell. The program says what can stand at the cursor.

Register-ArgumentCompleter -Native -CommandName '@PROGRAM@' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $typed = ''
    $before = @()
    foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {
        $extent = $element.Extent
        if ($extent.EndOffset -lt $cursorPosition) {
            $isText = $element -is [System.Management.Automation.Language.StringConstantExpressionAst]
            $before += if ($isText) { $element.Value } else { $extent.Text }
        } elseif ($extent.StartOffset -lt $cursorPosition) {
            $typed = $extent.Text.Substring(0, $cursorPosition - $extent.StartOffset)
        }
    }
    $program = $commandAst.GetCommandName()
    & $program @CALL@ powershell "--word=$typed" '--' @before 2>$null | ForEach-Object {
        $value, $shown, $about = $_ -split "`t", 3
        [System.Management.Automation.CompletionResult]::new($value, $shown, 'ParameterValue', $about)
    }
}
