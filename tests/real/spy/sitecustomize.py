"""Writes down what a Python server was started with, and every byte that it sends and receives over IP.

With this folder in PYTHONPATH and a folder in MCPRESS_SPY, a server writes there, by its pid: `environ` and
`argv`, as the kernel has them, `peers`, an address a line, `times`, when something went out or came in on
which socket, and `traffic`, as it goes over its sockets, which
is all there is: what these servers speak to this machine is plain HTTP.
"""

import os
import socket
import threading
import time

FOLDER = os.environ.get("MCPRESS_SPY")
WRITING = threading.Lock()


def note(name, data):
    with WRITING, open(os.path.join(FOLDER, f"{os.getpid()}.{name}"), "ab") as file:
        file.write(data)


class Recorder(socket.socket):
    """A socket that is overheard."""

    def heard(self, data, out):
        if self.family in (socket.AF_INET, socket.AF_INET6) and len(data):
            note("times", f"{id(self)} {'out' if out else 'in'} {time.monotonic_ns()}\n".encode())
            note("traffic", bytes(data))

    def connect(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            note("peers", f"{address[0]}:{address[1]}\n".encode())
            note("times", f"{id(self)} connect {time.monotonic_ns()}\n".encode())
        return super().connect(address)

    def send(self, data, *more):
        count = super().send(data, *more)
        self.heard(memoryview(data)[:count], True)
        return count

    def sendall(self, data, *more):
        self.heard(data, True)
        return super().sendall(data, *more)

    def sendmsg(self, buffers, *more):
        buffers = list(buffers)
        count = super().sendmsg(buffers, *more)
        self.heard(b"".join(buffers)[:count], True)
        return count

    def recv(self, *more):
        data = super().recv(*more)
        self.heard(data, False)
        return data

    def recv_into(self, buffer, *more):
        count = super().recv_into(buffer, *more)
        self.heard(memoryview(buffer)[:count], False)
        return count


if FOLDER:
    for name in ("environ", "cmdline"):
        with open(f"/proc/self/{name}", "rb") as kernel:
            note({"environ": "environ", "cmdline": "argv"}[name], kernel.read())
    socket.socket = Recorder
