"""Completion in real shells: a program is pressed from a hostile capture, and lines are completed as a
person would, in a terminal.

    shells.py MCPRESS

Needs no server and no network. A shell that is not installed is left out, and said to be.
"""

import fcntl
import json
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

from report import Report

# What is typed of a value, and the value: nothing in it may be run, expanded or lost.
VALUES = [
    (r"\$", "$(touch pwned)"),
    (r"\`", "`touch pwned`"),
    ("it", "it's"),
    ("a", 'a "b"'),
    ("c", "c:d=e"),
    ("ba", "back\\slash"),
    ("x", "x; touch pwned"),
    (r"\!", "!bang"),
    (r"\~", "~tilde"),
    ("plu", "plus more"),
    (r"\{", "{brace,s}"),
    ("'it", "it's"),
    ('"a', 'a "b"'),
    ("gr", "größe"),
]
# What cannot be typed is not proposed.
UNTYPED = ["new\nline", "tab\tbed", "\x1b[2Jclear"]

CAPTURE = {
    "tools": [
        {
            "name": "greet",
            "description": "Greets: `touch pwned` $(touch pwned)\x1b[2J [x]\nand more\twith: colons",
            "inputSchema": {
                "type": "object",
                "properties": {
                    "mood": {
                        "enum": list(dict.fromkeys([value for _, value in VALUES] + UNTYPED)),
                        "description": "How: 'quoted' \"twice\" $(touch pwned)",
                    },
                    "colour": {"type": "array", "items": {"enum": ["red", "green"]}},
                },
            },
        },
        {"name": "group_by", "inputSchema": {"type": "object"}},
    ]
}

SHELLS = {
    "bash": (
        ["bash", "--norc", "--noprofile", "-i"],
        'eval "$(prog self completions bash)"; PS1="> "',
    ),
    "zsh": (
        ["zsh", "-f", "-i"],
        'autoload -U compinit; compinit -u -D; eval "$(prog self completions zsh)"; PS1="> "',
    ),
    "fish": (["fish", "--no-config", "-i"], "prog self completions fish | source"),
}


# How long nothing comes from a shell that has drawn all it had to.
QUIET = 0.3

# The program, leaving a mark when a shell asked it.
PROGRAM = """#!/bin/sh
"$0.bundle" "$@"
status=$?
case "$2" in complete) touch "${0%/*}/asked" ;; esac
exit $status
"""


class Terminal:
    """A shell at a terminal of 40 lines and 120 columns."""

    def __init__(self, argv, env, folder):
        self.pid, self.screen = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe(argv[0], argv, env)
        fcntl.ioctl(self.screen, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))

    def type(self, keys, until, within=30.0):
        """Types, and returns what is shown until that is true, and nothing more comes."""
        os.write(self.screen, keys.encode())
        shown, end, last = "", time.monotonic() + within, time.monotonic()
        while time.monotonic() < end:
            ready, _, _ = select.select([self.screen], [], [], 0.05)
            if ready:
                shown += os.read(self.screen, 65536).decode(errors="replace")
                last = time.monotonic()
            elif time.monotonic() - last > QUIET and until(shown):
                break
        return shown

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.screen)


def request(path):
    """The request that a dry run has written, once it is whole."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def check_values(report, shell, env, folder):
    """Completes each value, runs the line, and looks at what would be sent."""
    argv, prepare = SHELLS[shell]
    terminal = Terminal(argv, env, folder)
    asked = folder / "asked"
    try:
        # Said in two parts, so that what is typed is not taken for what is said.
        terminal.type(f"{prepare}; echo rea''dy\r", lambda shown: "ready" in shown)

        def tab(keys):
            """Types and completes: the program leaves a mark when it has been asked."""
            asked.unlink(missing_ok=True)
            return terminal.type(f"{keys}\t", lambda _: asked.exists())

        out = folder / "request.json"
        for typed, value in VALUES:
            out.unlink(missing_ok=True)
            shown = tab("prog gre") + tab(f"--mood {typed}")
            shown += terminal.type(" --dry-run >request.json\r", lambda _: request(out), within=10)
            sent = (request(out) or {}).get("params", {}).get("arguments")
            report.check(f"{shell}: {typed} is completed to {value!r}", sent == {"mood": value}, f"{sent}\n{shown!r}")
        shown = tab("prog greet --") + tab("")
        report.check(f"{shell}: flags are listed with what they are", "How: 'quoted'" in shown, repr(shown))
    finally:
        terminal.end()


def lines(argv, env, folder):
    done = subprocess.run(argv, env=env, cwd=folder, capture_output=True, text=True, timeout=60)
    return done.stdout.splitlines(), done.stderr


def check_bash(report, env, folder):
    def completed(line, replaced):
        script = (
            f'eval "$(prog self completions bash)"; COMP_LINE=$1 COMP_POINT=${{#1}}; _prog prog "$2"; '
            'printf "%s\\n" "${COMPREPLY[@]}"'
        )
        return lines(["bash", "--norc", "-c", script, "bash", line, replaced], env, folder)[0]

    report.equal("bash: prog gr", completed("prog gr", "gr"), ["greet", "group-by"])
    report.equal("bash: --colour=red,", completed("prog greet --colour=red,", "red,"), ["red,green"])
    report.equal("bash: --args @d", completed("prog greet --args @d", "@d"), ["@dir\\ one/"])


def check_fish(report, env, folder):
    def completed(line):
        # The program writes a description after a tab.
        found, _ = lines(["fish", "--no-config", "-c", f"prog self completions fish | source; complete -C {line!r}"], env, folder)
        return [line.split("\t")[0] for line in found]

    report.equal("fish: prog gr", completed("prog gr"), ["greet", "group-by"])
    report.equal("fish: --colour red,", completed("prog greet --colour red,"), ["red,green"])
    report.equal("fish: --args @d", completed("prog greet --args @d"), ["@dir one/"])
    report.check("fish: self explain", "greet" in completed("prog self explain "))


def check_powershell(report, env, folder, pwsh):
    def completed(line):
        script = (
            "prog self completions powershell | Out-String | Invoke-Expression; "
            f"$line = '{line}'; (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText"
        )
        return lines([pwsh, "-NoProfile", "-NonInteractive", "-Command", script], env, folder)[0]

    report.equal("powershell: prog gr", completed("prog gr"), ["greet", "group-by"])
    report.equal("powershell: --mood it", completed("prog greet --mood it"), ["'it''s'"])
    report.check("powershell: no value is run", "'$(touch pwned)'" in completed("prog greet --mood "))


def main():
    mcpress = Path(sys.argv[1]).resolve()
    report = Report()
    with tempfile.TemporaryDirectory(prefix="mcpress-shells.") as folder:
        folder = Path(folder)
        (folder / "home").mkdir()
        (folder / "dir one").mkdir()
        (folder / "capture.json").write_text(json.dumps(CAPTURE))
        env = {
            "HOME": str(folder / "home"),
            "PATH": os.pathsep.join([str(folder), os.environ["PATH"]]),
            "TERM": "xterm",
            "LANG": "C.UTF-8",
        }
        generate = [mcpress, "generate-cli", "--from", "capture.json", "--name", "prog", "--bundle", "prog.bundle"]
        subprocess.run(generate, env=env, cwd=folder, check=True, capture_output=True)
        (folder / "prog").write_text(PROGRAM)
        (folder / "prog").chmod(0o755)
        for shell in SHELLS:
            if shutil.which(shell):
                report.part(shell, lambda: check_values(report, shell, env, folder))
            else:
                print(f"{shell} is not installed: left out", flush=True)
        if shutil.which("bash"):
            report.part("bash, asked", lambda: check_bash(report, env, folder))
        if shutil.which("fish"):
            report.part("fish, asked", lambda: check_fish(report, env, folder))
        pwsh = shutil.which("pwsh") or shutil.which("powershell")
        if pwsh:
            report.part("powershell, asked", lambda: check_powershell(report, env, folder, pwsh))
        else:
            print("powershell is not installed: left out", flush=True)
        left = [path.name for path in folder.iterdir()]
        report.check("nothing that the server wrote was run", "pwned" not in left, left)
    sys.exit(report.finish())


if __name__ == "__main__":
    main()
