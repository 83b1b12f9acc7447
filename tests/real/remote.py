"""Servers that listen: server-everything over both transports of old, and two of the newest revision."""

import os
import socket
import subprocess
import time


class Listening:
    """A server on a port of its own, until the end of the block. `PORT` in its command is that port."""

    def __init__(self, command, log, path="/mcp"):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.command = [str(self.port) if word == "PORT" else str(word) for word in command]
        self.log = open(log, "wb")
        self.url = f"http://127.0.0.1:{self.port}{path}"

    def __enter__(self):
        environment = {**os.environ, "PORT": str(self.port)}
        self.process = subprocess.Popen(
            self.command, env=environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log
        )
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self.url
            except OSError:
                time.sleep(0.1)
        self.__exit__()
        said = open(self.log.name, encoding="utf-8", errors="replace").read()
        raise RuntimeError(f"{self.command} does not listen: {said[-2000:]}")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.log.close()


def generate(mcpress, name, url, artifact):
    return mcpress("generate-cli", "--url", url, "--name", name, "--bundle", str(artifact))


def check_everything(report, kind, cli):
    """The same calls whatever carries them."""
    done = cli("echo", "--message", "snö ☃")
    report.equal(f"{kind}: text", (done.code, done.out.strip()), (0, "Echo: snö ☃"))
    done = cli("get-structured-content", "--location", "Chicago", "--output", "json")
    report.check(f"{kind}: structured content", "temperature" in (done.json() or {}), done)
    done = cli("get-tiny-image", "--output", "raw")
    types = [block["type"] for block in (done.json() or {}).get("content", [])]
    report.equal(f"{kind}: an image among texts", types, ["text", "image", "text"])
    done = cli("trigger-long-running-operation", "--duration", "2", "--steps", "4")
    report.check(f"{kind}: a long operation, with progress", done.code == 0 and "completed" in done.out, done)
    done = cli("trigger-long-running-operation", "--duration", "20", "--steps", "2", "--timeout", "1s")
    report.equal(f"{kind}: a call is given up in time", (done.code, done.seconds < 5), (6, True))


def check_fastmcp(report, cli):
    """FastMCP checks the headers of a call against its arguments."""
    done = cli("weigh", "--region", "Malmö ", "--loads", "1", "--loads", "2.5", "--output", "json")
    report.equal("fastmcp: an argument goes as a header too", done.json(), {"region": "Malmö ", "total": 3.5})
    check_greeting(report, "fastmcp", cli, "hello Ada after {\"asked\":  1}")


def check_typescript(report, kind, cli):
    """So does the TypeScript SDK, where there are headers."""
    done = cli("count", "--text", " one two\tthree ", "--output", "json")
    report.equal(f"{kind}: structured content may be a number", done.json(), 3)
    check_greeting(report, kind, cli, "hello Ada")


def check_greeting(report, kind, cli, wanted):
    """The server asks for input in its answer, and is called again with it."""
    done = cli("greet", "--mcp-answers", '{"name": "Ada"}')
    found = (done.code, done.out.strip())
    report.equal(f"{kind}: what is asked in the middle of a call is answered", found, (0, wanted))
    done = cli("greet", "--output", "json")
    asked = "Who is there?" in done.err and done.error()
    report.check(f"{kind}: without an answer the question is told", done.code == 3 and asked, done)
