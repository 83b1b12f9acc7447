"""The smallest MCP client that gets an answer: what a call costs and says without any CLI around it.

    python3 exchange.py TOOL ARGUMENTS-AS-JSON -- COMMAND [ARG…]

starts the server, speaks initialize, initialized and tools/call as JSON lines, prints the raw result
and sees the server off. As a module, `Server` does the same for the checks beside it.
"""

import json
import subprocess
import sys

PROTOCOL = "2025-11-25"


class Server:
    """A running server that has been initialized."""

    def __init__(self, command, env=None, cwd=None):
        self.process = subprocess.Popen(
            command, env=env, cwd=cwd, text=True, encoding="utf-8",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )
        self.last = 0
        client = {"name": "exchange", "version": "1"}
        self.initialized = self.request(
            "initialize", protocolVersion=PROTOCOL, capabilities={}, clientInfo=client
        )
        self.send(method="notifications/initialized")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def send(self, **message):
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.process.stdin.flush()

    def request(self, method, **params):
        """The result of a request; notifications and other noise before it are passed over."""
        self.last += 1
        self.send(id=self.last, method=method, params=params)
        for line in self.process.stdout:
            try:
                message = json.loads(line)
            except ValueError:
                continue
            if message.get("id") == self.last and "method" not in message:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
        raise RuntimeError(f"{method}: the server left without an answer")

    def call(self, tool, **arguments):
        return self.request("tools/call", name=tool, arguments=arguments)


def main():
    if len(sys.argv) < 5 or sys.argv[3] != "--":
        sys.exit(__doc__)
    with Server(sys.argv[4:]) as server:
        print(json.dumps(server.call(sys.argv[1], **json.loads(sys.argv[2])), ensure_ascii=False))


if __name__ == "__main__":
    main()
