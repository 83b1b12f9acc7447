"""server-everything behind its generated command line: every kind of answer, and interruptions."""

import os
import pty
import select
import signal
import time

from exchange import Server
from program import interrupt

LONG = ["trigger-long-running-operation", "--duration", "30", "--steps", "30"]


def generate(mcpress, server, artifact, crate):
    return mcpress(
        "generate-cli", "--command", server, "--name", "everything", "--out", str(crate),
        "--env", "DECLARED?", "--compile", str(artifact), timeout=1800,
    )


def check_answers(report, cli, command):
    """Text, numbers, structured content, images, links, as text and as JSON."""
    for message in ["hello", "", "-x", '{"a": 1}', "@file", "snö ☃", "two\nlines", "it's \"quoted\""]:
        done = cli("echo", f"--message={message}")
        report.equal(f"echo --message={message!r}", (done.code, done.out.strip()), (0, f"Echo: {message}".strip()))
    apart = cli("echo", "--message", "-leading hyphen")
    report.check("echo takes a value with a leading hyphen", "Echo: -leading hyphen" in apart.out, apart)

    for a, b, total in [("2", "40", "42"), ("-3", "1.5", "-1.5"), ("1e3", "0", "1000")]:
        done = cli("get-sum", "--a", a, "--b", b)
        wanted = f"The sum of {1000 if a == '1e3' else a} and {b} is {total}."
        report.check(f"get-sum --a {a} --b {b} is {total}", done.code == 0 and wanted in done.out, done)
    for argv in [["--a", "1"], ["--a", "one", "--b", "2"], ["--a", "NaN", "--b", "2"]]:
        done = cli("get-sum", *argv)
        report.check(f"get-sum {' '.join(argv)} is a usage error", done.code == 2 and not done.out, done)

    with Server(command) as server:
        wanted = server.call("get-structured-content", location="Chicago")["structuredContent"]
        image = server.call("get-tiny-image")
    done = cli("get-structured-content", "--location", "Chicago", "--output", "json")
    report.equal("structured content as JSON", done.json(), wanted)
    done = cli("get-structured-content", "--location", "Paris")
    report.check("a choice that is none names the choices", done.code == 2 and "Chicago" in done.err, done)

    done = cli("get-tiny-image")
    data = next(block["data"] for block in image["content"] if block["type"] == "image")
    report.check("an image is named, not dumped", done.code == 0 and "image/png" in done.out + done.err, done)
    report.check("an image's base64 is not on a terminal's way", data not in done.out, done)
    done = cli("get-tiny-image", "--output", "json")
    report.equal("an image as JSON is whole", done.json(), {"content": image["content"]})
    done = cli("get-tiny-image", "--output", "raw")
    report.equal("an image raw is the result", (done.json() or {}).get("content"), image["content"])

    done = cli("get-resource-links", "--count", "2")
    linked = "demo://resource/dynamic/text/2" in done.out
    report.check("a resource link shows its address", done.code == 0 and linked, done)
    done = cli("get-resource-reference")
    held = "Resource 1: This is a plaintext resource" in done.out
    report.check("an embedded resource shows its text", done.code == 0 and held, done)


def check_environment(report, cli):
    """The server is given what was declared, and nothing else of the caller's."""
    done = cli("get-env", "--output", "json", env={"DECLARED": "yes", "UNDECLARED": "no"})
    seen = done.json() if isinstance(done.json(), dict) else {}
    report.equal("a declared variable reaches the server", seen.get("DECLARED"), "yes")
    report.check("an undeclared one does not", seen and "UNDECLARED" not in seen, done)


def check_progress(report, cli):
    """Progress is drawn on a terminal, and nowhere else."""
    argv = ["trigger-long-running-operation", "--duration", "2", "--steps", "4"]
    done = cli(*argv)
    report.check("a long operation ends well", done.code == 0 and "completed" in done.out, done)
    report.equal("off a terminal there is no progress", done.err, "")
    ours, theirs = pty.openpty()
    process = cli.start(*argv, env={"TERM": "xterm"}, stderr=theirs)
    os.close(theirs)
    drawn = read_all(ours, within=30)
    out = process.stdout.read()
    process.stdout.close()
    process.wait()
    report.check("on a terminal there is", drawn.strip() and "completed" in out, repr(drawn[:500]))


def read_all(terminal, within):
    """What was written to the other side of a terminal until it was closed."""
    text, end = b"", time.monotonic() + within
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            chunk = os.read(terminal, 65536)
        except OSError:  # how Linux says that the other side is closed
            break
        if not chunk:
            break
        text += chunk
    os.close(terminal)
    return text.decode("utf-8", "replace")


def check_interruptions(report, cli, marked):
    """Ctrl-C, a kill, and the worst of kills, in the middle of a call."""
    report.check("nothing runs before", marked.gone(), marked.running())
    marked.end()
    cases = [
        ("SIGINT", signal.SIGINT, False, 130),
        ("Ctrl-C", signal.SIGINT, True, 130),
        ("SIGTERM", signal.SIGTERM, False, 143),
        ("SIGKILL", signal.SIGKILL, False, 137),
    ]
    for name, kind, group, wanted in cases:
        process = cli.start(*LONG)
        begun = marked.appears()
        time.sleep(2)  # the call is under way, whatever the server's start took
        code, seconds = interrupt(process, kind, group)
        process.stdout.close()
        process.stderr.close()
        report.check(f"{name} came while the server ran", begun, "no server was seen")
        report.equal(f"{name} exits {wanted}", code, wanted)
        report.check(f"{name} is obeyed within 2 s", seconds <= 2, f"{seconds:.2f} s")
        report.check(f"{name} leaves nothing running", marked.gone(), marked.running())
        marked.end()
