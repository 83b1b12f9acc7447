"""A command line under test: run in a cleared environment, with a private HOME."""

import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass


@dataclass
class Outcome:
    """How a run ended. `str` of it is what a failed check shows."""

    argv: list
    code: int
    out: str
    err: str
    seconds: float

    def json(self):
        """stdout as JSON, or None when it is not."""
        try:
            return json.loads(self.out)
        except ValueError:
            return None

    def error(self):
        """The `error` object of the last line of stderr, or None when there is none."""
        lines = self.err.strip().splitlines()
        try:
            value = json.loads(lines[-1]) if lines else None
        except ValueError:
            return None
        return value.get("error") if isinstance(value, dict) else None

    def __str__(self):
        return (
            f"$ {' '.join(self.argv)}\nexit {self.code} after {self.seconds:.2f} s\n"
            f"stdout: {self.out[-1500:]}\nstderr: {self.err[-1500:]}"
        )


class Program:
    """A binary, the environment it is given, and the folder it is run in."""

    def __init__(self, path, home, env=None, cwd=None, search=None):
        self.path = str(path)
        self.cwd = str(cwd or home)
        self.env = {
            "HOME": str(home),
            "LANG": "C.UTF-8",
            **(env or {}),
            "PATH": os.pathsep.join([*(search or []), os.environ["PATH"]]),
        }

    def environment(self, env, without):
        merged = {**self.env, **(env or {})}
        return {name: value for name, value in merged.items() if name not in without}

    def __call__(self, *args, env=None, without=(), timeout=120, stdin=""):
        """Runs it to its end. The pipes are closed with it, whatever it has left running."""
        argv = [self.path, *args]
        start = time.monotonic()
        try:
            done = subprocess.run(
                argv, env=self.environment(env, without), cwd=self.cwd, input=stdin, timeout=timeout,
                capture_output=True, text=True, encoding="utf-8", errors="replace",
            )
            code, out, err = done.returncode, done.stdout, done.stderr
        except subprocess.TimeoutExpired:
            code, out, err = None, "", f"still running after {timeout} s"
        return Outcome(argv, code, out, err, time.monotonic() - start)

    def start(self, *args, env=None, stderr=subprocess.PIPE):
        """Starts it in a process group of its own, as a shell starts a job."""
        return subprocess.Popen(
            [self.path, *args], env=self.environment(env, ()), cwd=self.cwd, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, text=True,
            encoding="utf-8", errors="replace",
        )


class Marked:
    """The processes whose command line names one of these folders: what a test must not leave."""

    def __init__(self, *folders):
        self.folders = [str(folder) for folder in folders]

    def running(self):
        listing = subprocess.run(
            ["ps", "-A", "-ww", "-o", "pid=,stat=,args="], capture_output=True, text=True, check=True
        ).stdout
        return [
            line.strip() for line in listing.splitlines()
            if any(folder in line for folder in self.folders) and line.split()[1][0] != "Z"
        ]

    def appears(self, within=20.0):
        return self._until(lambda: self.running(), within)

    def gone(self, within=8.0):
        """Whether none is left, waiting no longer than `within` seconds for the last to go."""
        return self._until(lambda: not self.running(), within)

    def end(self):
        """Ends what a failed check left running, so that the next one starts from nothing."""
        for line in self.running():
            try:
                os.kill(int(line.split()[0]), signal.SIGKILL)
            except ProcessLookupError:
                pass

    @staticmethod
    def _until(true, within):
        end = time.monotonic() + within
        while time.monotonic() < end:
            if true():
                return True
            time.sleep(0.05)
        return bool(true())


def interrupt(process, kind=signal.SIGINT, group=False, within=20.0):
    """Sends a signal and waits: the exit code as a shell shows it, and the seconds it took."""
    start = time.monotonic()
    if group:
        os.killpg(process.pid, kind)
    else:
        process.send_signal(kind)
    try:
        code = process.wait(within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None, time.monotonic() - start
    return (128 - code if code < 0 else code), time.monotonic() - start
