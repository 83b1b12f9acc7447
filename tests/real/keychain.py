"""Keeps credentials in a real keychain: GNOME Keyring, on a message bus of its own, in a fresh home.

    python3 keychain.py MCPRESS FIXTURE [HOME]

MCPRESS is a built mcpress, FIXTURE a built mcpress-fixture. The keyring and the bus are Debian's packages
gnome-keyring, dbus-daemon and dbus-bin: where they are missing, root installs them and anybody else is told.
The vault is ../shared/alter/fake_alter.py; without it what is of the vault is left out. Every secret is
marked, and while programs run, the command lines and environments of all processes are searched for the
marks. Each check prints a line; any failure exits 1.
"""

import json
import os
import pty
import select
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

from alter_auth import FAKE, Started
from leak import Marks
from program import Outcome, Program
from report import Report
from watched import Watched

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = {"gnome-keyring-daemon": "gnome-keyring", "dbus-run-session": "dbus-daemon", "dbus-send": "dbus-bin"}
IN_SESSION = "MCPRESS_TEST_BUS"
PIPED, TYPED, OTHER = "m4rk-piped-s3cret", "m4rk-typed-s3cret", "m4rk-another-s3cret"
SECRETS = "org.freedesktop.secrets"


def install():
    """The keyring and the bus; why not, where there is no way to them."""
    missing = sorted({package for program, package in PACKAGES.items() if not shutil.which(program)})
    if not missing:
        return None
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return f"there is no {', '.join(missing)}: apt-get install {' '.join(missing)}"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for line in (["update"], ["install", "--yes", "--no-install-recommends", *missing]):
        done = subprocess.run(["apt-get", "--quiet", *line], env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return f"apt-get {line[0]}: {done.stderr.strip()[-500:]}"
    return None


def on_a_terminal(cli, line, answer, limit=60):
    """Runs a program on a terminal of its own and types an answer once something is asked."""
    argv = [cli.path, *line]
    start = time.monotonic()
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(cli.cwd)
        os.execve(cli.path, argv, cli.env)
    said, typed = b"", False
    while time.monotonic() - start < limit:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                more = os.read(terminal, 4096)
            except OSError:
                break
            if not more:
                break
            said += more
        if not typed and b": " in said:
            os.write(terminal, answer.encode() + b"\n")
            typed = True
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    return Outcome(argv, code, said.decode("utf-8", "replace"), "", time.monotonic() - start)


class Keyring:
    """The daemon, which has made a keyring with a password and opened it."""

    def __init__(self, log):
        with open(log, "a", encoding="utf-8") as stderr:
            self.process = subprocess.Popen(
                ["gnome-keyring-daemon", "--foreground", "--components=secrets", "--unlock"],
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=stderr,
            )
        self.process.stdin.write(b"a password of the keyring's")
        self.process.stdin.close()

    @staticmethod
    def send(destination, path, method, *arguments):
        done = subprocess.run(
            ["dbus-send", "--session", "--print-reply", f"--dest={destination}", path, method, *arguments],
            capture_output=True, text=True, timeout=30, check=False,
        )
        return done.stdout if done.returncode == 0 else ""

    def call(self, method, *arguments):
        return self.send(SECRETS, "/org/freedesktop/secrets", f"org.freedesktop.Secret.Service.{method}", *arguments)

    def is_ready(self, within=20.0):
        """Waits for it. Asked too soon, the bus would start another, which has no keyring open."""
        bus = ["org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner", f"string:{SECRETS}"]
        end = time.monotonic() + within
        while time.monotonic() < end:
            if "true" in self.send(*bus) and "/collection/" in self.call("ReadAlias", "string:default"):
                return True
            time.sleep(0.1)
        return False

    def lock(self):
        """Locks the keyring; whether it is locked then."""
        said = self.call("ReadAlias", "string:default")
        path = next((word.strip('"') for word in said.split() if "/collection/" in word), "")
        return path in self.call("Lock", f"array:objpath:{path}")

    def end(self):
        self.process.terminate()
        self.process.wait()


class Trial:
    """A home, a keyring, and programs that keep their credentials there."""

    def __init__(self, report, mcpress, fixture, out):
        self.report, self.mcpress, self.fixture, self.out = report, mcpress, fixture, out
        self.home = Path(os.environ["HOME"])
        self.bus = {"DBUS_SESSION_BUS_ADDRESS": os.environ["DBUS_SESSION_BUS_ADDRESS"]}
        self.keyring = Keyring(out / "keyring.log")

    def made(self, name, *line):
        artifact = self.out / name
        made = Program(self.mcpress, self.out, env={"HOME": str(self.home)})(
            "generate-cli", "--name", name, "--bundle", str(artifact), *line
        )
        self.report.check(f"{name} is made", made.code == 0, made)
        return Program(artifact, self.home, env=self.bus)

    def config(self, name, text):
        folder = self.home / ".config" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.toml").write_text(text)

    def nowhere(self, what, marks):
        """No file has a mark, but those of the keyring, which are encrypted."""
        files = [path for path in self.home.rglob("*") if path.is_file()]
        found = [f"{path}: {marks.found(path.read_bytes())}" for path in files if marks.found(path.read_bytes())]
        self.report.check(f"{what}: in none of {len(files)} files", files and not found, "\n".join(found))

    def values(self):
        """Values of slots: kept, given to the server, seen in the status, forgotten."""
        check = self.report.check
        marks = Marks({"piped": PIPED, "typed": TYPED, "other": OTHER})
        cli = self.made(
            "kept", "--command", f"{self.fixture} everyday", "--env", "API_KEY=made-up", "--env", "OTHER_KEY?"
        )
        missing = cli("get-env", "--name", "API_KEY", "--output", "json")
        error = missing.error() or {}
        check("without a value there is no call", missing.code == 3 and error.get("missing") == ["API_KEY"], missing)
        with Watched(marks, self.home) as watch:
            kept = cli("auth", "set", "API_KEY", stdin=f"{PIPED}\n")
        check("a value is kept from a pipe", kept.code == 0 and "keychain" in kept.out, kept)
        check("and no process shows it meanwhile", not watch.seen, watch.seen)
        with Watched(marks, self.home) as watch:
            got = cli("get-env", "--name", "API_KEY")
            cli("sleep", "--ms", "300")
        masked = "[redacted]" in got.out and PIPED not in got.out
        check("the server gets it, and what it says of it is masked", got.code == 0 and masked, got)
        seen = {(what, who) for what, who, _ in watch.seen}
        check("in its environment, and nowhere else", seen == {("environ", "everyday")}, watch.seen)
        with Watched(marks, self.home) as watch:
            typed = on_a_terminal(cli, ["auth", "set", "OTHER_KEY"], TYPED)
        prompted = typed.code == 0 and "OTHER_KEY: " in typed.out
        check("a value is kept from a prompt, where it is not shown", prompted and TYPED not in typed.out, typed)
        check("and no process shows that one", not watch.seen, watch.seen)
        slots = {slot["name"]: slot for slot in (cli("auth", "status", "--output", "json").json() or {}).get("slots", [])}
        sources = {name: slot.get("source") for name, slot in slots.items()}
        self.report.equal("the status says where they are", sources, {"API_KEY": "keychain", "OTHER_KEY": "keychain"})
        check("and since when", all(str(slot.get("since", "")).endswith("Z") for slot in slots.values()), slots)
        looked = cli("self", "doctor")
        check("the doctor finds them", looked.code == 0 and "keychain" in looked.out, looked)
        again = cli("auth", "set", "API_KEY", stdin=f"{OTHER}\n")
        with Watched(marks, self.home) as watch:
            cli("sleep", "--ms", "300")
        seen = {mark for _, _, mark in watch.seen}
        check("another value takes its place", again.code == 0 and seen == {"other", "typed"}, watch.seen)
        self.nowhere("values", marks)
        forgotten = cli("auth", "unset", "OTHER_KEY")
        slots = {slot["name"]: slot for slot in (cli("auth", "status", "--output", "json").json() or {}).get("slots", [])}
        check("what is forgotten is gone", forgotten.code == 0 and slots["OTHER_KEY"].get("set") is False, slots)
        again = cli("auth", "unset", "OTHER_KEY")
        check("and can be forgotten once", again.code == 0 and "was not kept" in again.out, again)
        self.config("kept", '[credentials.OTHER_KEY]\nsource = "keychain"\n')
        looked = cli("self", "doctor", "--output", "json").json() or {}
        other = [found for found in looked.get("findings", []) if found["subject"] == "slot OTHER_KEY"]
        check("a keychain without it is a warning", [found["verdict"] for found in other] == ["warning"], looked)
        return cli

    def vault(self):
        """The key to the vault."""
        if not FAKE.is_file():
            print(f"no {FAKE}: the vault is left out")
            return
        check = self.report.check
        with Started(self.out / "alter.log", sys.executable, str(FAKE), "--port", "0", "--provider-port", "0") as fake:
            world = json.loads(fake.line)
            key, origin = world["keys"]["app"], f"{world['provider_url']}/v1"
            marks = Marks({"vault key": key})
            cli = self.made(
                "errand", "--command", f"{self.fixture} errand", "--broker", "--env", f"ERRAND_API_URL={origin}",
                "--env", "ERRAND_KEY=made-up", "--env", "ERRAND_SECRET=made-up",
            )
            grant = 'source = "alter"\nprovider = "altr-mapi"\n'
            route = f'[credentials.ERRAND_API_URL]\n{grant}mode = "proxy"\norigin = "{origin}"\n'
            names = ["ERRAND_KEY", "ERRAND_SECRET"]
            self.config("errand", f'[alter]\nbase_url = "{world["url"]}"\n' + route + "".join(
                f"[credentials.{name}]\n{grant}" for name in names
            ))
            without = cli("get", "--path", "things")
            check("without the key there is no call", without.code == 3 and "auth set ALTER_API_KEY" in without.err, without)
            with Watched(marks, self.home) as watch:
                kept = cli("auth", "set", "ALTER_API_KEY", stdin=key)
                called = cli("get", "--path", "things", "--output", "json")
                slow = cli("wait", "--ms", "500")
                given = cli("environment", "--output", "json")
            check("the key is kept", kept.code == 0, kept)
            answered = called.code == 0 and (called.json() or {}).get("status") == 200
            check("the vault takes it, and the call goes through", answered, called)
            check("a server that runs on is one that was looked at", slow.code == 0 and watch.looks > 10, slow)
            check("the key is in no command line and in no environment", not watch.seen, watch.seen)
            variables = (given.json() or {}).get("variables", {})
            check("the server has a loopback address", variables.get("ERRAND_API_URL", "").startswith("http://127.0.0.1:"), given)
            check("and no key to the vault", not {"ALTER_API_KEY", "AGENT_API_KEY"} & set(variables), sorted(variables))
            # The same key in the caller's environment is taken out of the server's.
            with Watched(marks, self.home) as watch:
                cli("wait", "--ms", "500", env={"ALTER_API_KEY": key})
            seen = {who for _, who, _ in watch.seen}
            check("from a variable it is the program's alone", seen == {"errand"} or not seen, watch.seen)
            looked = cli("self", "doctor")
            check("the doctor finds the key fine", looked.code == 0 and "an application's key" in looked.out, looked)
            self.nowhere("the key", marks)
            forgotten = cli("auth", "unset", "ALTER_API_KEY")
            after = cli("get", "--path", "things")
            check("forgotten, it is gone", forgotten.code == 0 and after.code == 3, after)

    def sign_in(self):
        """Tokens of a remote server, beside the rest."""
        check = self.report.check
        with Started(self.out / "guarded.log", self.fixture, "guarded", "--http") as server:
            url = server.line.split()[-1]
            tools = self.out / "tools.json"
            tools.write_text(json.dumps({"tools": [{"name": "whoami", "inputSchema": {"type": "object"}}]}))
            cli = self.made("guarded", "--from", str(tools), "--url", url)
            cli.env["BROWSER"] = shlex.join([self.fixture, "browse"])
            login = cli("auth", "login", "--output", "json")
            signed_in = login.json() or {}
            kept = signed_in.get("signed_in") is True and signed_in.get("stored") == "keychain"
            check("a sign-in is kept in the keychain", login.code == 0 and kept, login)
            looked = cli("self", "doctor", "--output", "json").json() or {}
            server = [found for found in looked.get("findings", []) if found["subject"] == "server"]
            check("the doctor is let in by it", [found.get("signed_in") for found in server] == [True], looked)
            status = cli("auth", "status", without=("BROWSER",))
            check("the next process has it", status.code == 0 and "signed in to" in status.out, status)
            logout = cli("auth", "logout")
            status = cli("auth", "status")
            check("signed out, it is gone", logout.code == 0 and "not signed in" in status.out, status)

    def locked(self, cli):
        """A keyring that nobody is there to unlock."""
        check = self.report.check
        self.config("kept", "")
        check("before, there is a value", cli("get-env", "--name", "API_KEY").code == 0)
        check("the keyring is locked", self.keyring.lock())
        called = cli("get-env", "--name", "API_KEY", "--output", "json", timeout=60)
        error = called.error() or {}
        told = called.code == 3 and "keychain" in error.get("message", "") and "unlock" in error.get("hint", "")
        check(f"a call fails with a hint ({called.seconds:.1f} s)", told, called)
        looked = cli("self", "doctor", "--output", "json", "--timeout", "5s").json() or {}
        slot = [found for found in looked.get("findings", []) if found["subject"] == "slot API_KEY"]
        check("the doctor says so", [found["verdict"] for found in slot] == ["bad"], looked)
        kept = cli("auth", "set", "API_KEY", stdin=f"{PIPED}\n", timeout=60)
        check("nothing can be kept", kept.code == 3 and "--insecure-storage" in kept.err, kept)
        kept = cli("auth", "set", "OTHER_KEY", "--insecure-storage", stdin=f"{PIPED}\n")
        mode = (self.home / ".local/state/kept/credentials.json").stat().st_mode & 0o777
        check("but in a file, where that is asked for", kept.code == 0 and mode == 0o600, kept)

    def run(self):
        try:
            if self.report.check("a keyring is open", self.keyring.is_ready()):
                held = []
                self.report.part("values", lambda: held.append(self.values()))
                self.report.part("vault", self.vault)
                self.report.part("sign-in", self.sign_in)
                if held:
                    self.report.part("locked", lambda: self.locked(held[0]))
        finally:
            self.keyring.end()


def main():
    mcpress, fixture, *home = sys.argv[1:]
    home = Path(home[0] if home else os.environ.get("MCPRESS_REAL_DIR", ROOT / "target/real")).resolve()
    out = home / "out" / "keychain"
    if IN_SESSION in os.environ:
        report = Report()
        paths = [str(Path(path).resolve()) for path in (mcpress, fixture)]
        Trial(report, *paths, out).run()
        return report.finish()
    why = install()
    if why is not None:
        print(f"FAIL the keychain cannot be tried: {why}")
        return 1
    shutil.rmtree(out, ignore_errors=True)
    private = out / "home"
    private.mkdir(parents=True)
    (out / "run").mkdir(mode=0o700)
    # A bus, a runtime folder and a home that no keyring of the user's knows of.
    environment = {
        "HOME": str(private), "XDG_RUNTIME_DIR": str(out / "run"), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", IN_SESSION: "1",
        **({"FAKE_ALTER": os.environ["FAKE_ALTER"]} if "FAKE_ALTER" in os.environ else {}),
    }
    inner = [sys.executable, "-B", __file__, mcpress, fixture, str(home)]
    return subprocess.run(["dbus-run-session", "--", *inner], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
