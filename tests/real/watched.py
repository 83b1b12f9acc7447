"""The processes of one home, watched for secrets while something is done."""

import os
from pathlib import Path

from leak import Watch


class Watched(Watch):
    """A watch over all that runs in a home: the marks of the vault are in other tests too.

    `seen` is what was found: where, of which program, which mark. `given` are the environments of all
    processes, as the kernel has them, by pid and program.
    """

    def __init__(self, marks, home):
        super().__init__(marks, home)
        self.looks, self.given = 0, {}
        self.home = f"HOME={home}".encode()

    def look(self):
        for pid in filter(str.isdigit, os.listdir("/proc")):
            line, environment, after = (self.read(pid, what) for what in ("cmdline", "environ", "cmdline"))
            # One that becomes another program while it is looked at is looked at again.
            if line != after or self.home not in environment.split(b"\0"):
                continue
            name = self.named(line)
            self.given[pid, name] = environment
            for what, data in (("environ", environment), ("cmdline", line)):
                self.seen.update((what, name, mark) for mark in self.marks.found(data))
        self.looks += 1

    @staticmethod
    def read(pid, what):
        try:
            return Path(f"/proc/{pid}/{what}").read_bytes()
        except OSError:
            return b""

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()
