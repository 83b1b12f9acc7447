"""Looks for secrets wherever a generated command line, or a process that it starts, could leave them.

    python3 leak.py MCPRESS FIXTURE [HOME]

MCPRESS is a built mcpress, FIXTURE a built mcpress-fixture, which plays the vault, the API and the server.
Every secret is marked. Each way for a program to come by one is tried with every command, every output and
every kind of trouble; what is said, what is in any file that was written, and what any process of the
machine shows of its command line and its environment is searched for the marks, in every form that they are
sent in. Where a mark has to be, it has to be found: so the search is known to work. Each check prints a
line; any failure exits 1.
"""

import base64
import json
import os
import re
import resource
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path

from program import Program
from report import Report

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# Secrets of one's own, with what is escaped in JSON, in URLs and in shells; nobody else has the same.
OWN = f'm4rk-{os.getpid()}-\\"é%2B+/-0wn-s3cret'
KEPT = f"m4rk-{os.getpid()}-kept-s3cret"
# What the API wants; the vault has both.
USER, PASSWORD = "fake-mapi-key", "fake-mapi-secret"
PLACES = ["result", "failure", "error", "stderr", "log", "progress"]
SYSTEM = ["/tmp", "/var/tmp", "/dev/shm", "/run/user"]

ROUTE = """
[credentials.ERRAND_API_URL]
source = "alter"
mode = "MODE"
provider = "PROVIDER"
origin = "ORIGIN/v1"
[credentials.ERRAND_KEY]
source = "alter"
provider = "PROVIDER"
[credentials.ERRAND_SECRET]
source = "alter"
provider = "PROVIDER"
"""
VALUES = """
[credentials.ERRAND_KEY]
source = "alter"
mode = "env"
provider = "altr-basic"
field = "username"
[credentials.ERRAND_SECRET]
source = "alter"
mode = "env"
provider = "altr-basic"
field = "password"
"""


def forms(mark):
    """A secret as it is, and as it is sent."""
    return {
        mark, json.dumps(mark)[1:-1], json.dumps(mark, ensure_ascii=False)[1:-1],
        urllib.parse.quote(mark, safe=""), base64.b64encode(mark.encode()).decode().rstrip("="),
    }


class Marks:
    """The secrets of a trial, by name."""

    def __init__(self, secrets):
        self.secrets = secrets
        basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode().rstrip("=")
        self.forms = {name: forms(mark) for name, mark in secrets.items()}
        self.forms["basic"] = {basic}
        self.bytes = {name: [form.encode() for form in all_] for name, all_ in self.forms.items()}

    def found(self, data):
        data = data if isinstance(data, bytes) else data.encode("utf-8", "surrogateescape")
        # The address of a page has its session within, and is for whoever is to open it.
        data = re.sub(rb"#session=sess_fake_\d+", b"", data)
        return sorted(name for name, all_ in self.bytes.items() if any(form in data for form in all_))


def processes():
    """The ids of all processes; none where the system does not show them as files."""
    return [pid for pid in os.listdir("/proc") if pid.isdigit()] if os.path.isdir("/proc") else []


class Watch(threading.Thread):
    """Reads the command lines and environments of all processes, again and again.

    The vault's secrets are the same in every test, which others may run at the same time: they count in
    processes that know of the trial's folder. The trial's own count in any.
    """

    def __init__(self, marks, folder):
        super().__init__(daemon=True)
        self.marks, self.folder, self.seen, self.over = marks, str(folder).encode(), set(), threading.Event()

    def run(self):
        while not self.over.is_set():
            self.look()
            time.sleep(0.005)

    def look(self):
        for pid in processes():
            try:
                shown = {what: Path(f"/proc/{pid}/{what}").read_bytes() for what in ("cmdline", "environ")}
            except OSError:
                continue
            is_ours = any(self.folder in data for data in shown.values())
            for what, data in shown.items():
                found = [mark for mark in self.marks.found(data) if is_ours or mark in ("own", "kept")]
                if found:
                    self.seen.update((what, self.name_of(pid), mark) for mark in found)

    def name_of(self, pid):
        try:
            return self.named(Path(f"/proc/{pid}/cmdline").read_bytes())
        except OSError:
            return "?"

    @staticmethod
    def named(line):
        words = line.split(b"\0")
        names = [Path(word.decode("utf-8", "replace")).name for word in words[:2]]
        return names[1] if names[0] == "mcpress-fixture" and len(names) > 1 else names[0]

    def gone(self, within=10.0):
        """Whether nothing of the trial runs any more, but for its vault; waits a while for it."""
        end = time.monotonic() + within
        while any(self.is_ours(pid) for pid in processes()):
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True

    def is_ours(self, pid):
        try:
            return self.folder in Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            return False

    def listing(self):
        said = subprocess.run(["ps", "-A", "-ww", "-o", "args="], capture_output=True, check=False).stdout
        return [mark for mark in self.marks.found(said) if mark in ("own", "kept")]


class Trial:
    """The vault, a program, and a home that nothing else writes to."""

    def __init__(self, report, mcpress, fixture, out):
        self.report, self.mcpress, self.fixture, self.out = report, mcpress, fixture, out
        self.vault = subprocess.Popen([fixture, "alter"], stdout=subprocess.PIPE, text=True)
        self.world = json.loads(self.vault.stdout.readline())
        self.key = self.world["keys"]["app"]
        self.user = self.world["users"]["alice"]["jwt"]
        self.marks = Marks({
            "own": OWN, "kept": KEPT, "username": USER, "password": PASSWORD, "vault key": self.key,
            "user token": self.user, "bearer": "sk_fake_bearer", "query": "fake-query-key",
            "google": "ya29.fake-google", "derived": "alter_dk_", "session": "sess_fake_",
        })
        self.home = out / "home"
        self.home.mkdir()
        self.temporary = out / "tmp"
        self.temporary.mkdir()
        self.since = time.time()
        made = Program(mcpress, out)(
            "generate-cli", "--command", f"{fixture} errand", "--name", "errand", "--broker",
            "--env", f"ERRAND_API_URL={self.world['provider_url']}/v1", "--env", f"ERRAND_KEY={OWN}",
            "--env", f"ERRAND_SECRET={OWN}", "--out", str(out / "crate"), "--bundle", str(out / "errand"),
            env={"HOME": str(self.home)},
        )
        report.check("a program is made", made.code == 0 and Watch(self.marks, self.home).gone(), made)
        self.silent("made with values", made.out + made.err)
        # The vault's invented keys are in the tests of every runtime.
        self.kept_out("what is made", out / "crate", out / "errand", only=("own", "kept"))

    def control(self, order, **body):
        data = json.dumps(body).encode()
        request = urllib.request.Request(f"{self.world['url']}/_control/{order}", data=data, method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def program(self, **env):
        given = {"TMPDIR": str(self.temporary), "RUST_BACKTRACE": "full", "RUST_LOG": "trace",
                 "ERRAND_API_URL": f"{self.world['provider_url']}/v1", **env}
        return Program(self.out / "errand", self.home, env=given)

    def config(self, text):
        folder = self.home / ".config/errand"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.toml").write_text(text.replace("ORIGIN", self.world["provider_url"]))

    def silent(self, what, said):
        found = self.marks.found(said)
        return self.report.check(f"{what}: nothing is said", not found, f"{found}\n{said[-2000:]}")

    def kept_out(self, what, *folders, but=(), only=()):
        """Searches every file below; `but` are those that a secret was to be kept in, `only` the marks that count."""
        found, files = [], 0
        for folder in folders:
            for path in [folder] if folder.is_file() else folder.rglob("*"):
                if not path.is_file() or path.is_symlink() or path in but:
                    continue
                files += 1
                marks = [mark for mark in self.marks.found(path.read_bytes()) if not only or mark in only]
                if marks:
                    found.append(f"{path}: {marks}")
        self.report.check(f"{what}: nothing is in {files} files", not found, "\n".join(found))

    def everything(self, cli, note):
        """Runs every command in every output, and searches what is said."""
        said = []
        lines = [
            ["get", "--path", "things"], ["get", "--path", "nothing"], ["post", "--path", "things", "--body", '{"a": 1}'],
            ["delete", "--path", "things/1", "--yes"], ["delete", "--path", "x"], ["upload", "--n", "2000"], ["download", "--n", "2000"],
            ["many", "--path", "things", "--n", "3"], ["request", "--target", "/v1/../x"], ["environment"], ["wait", "--ms", "50"],
            ["get", "--no-such-flag"], ["get", "--path", "things", "--dry-run"], ["call", "get", "path=things"],
            *[["blurt", "--place", place] for place in PLACES],
            ["auth", "status"], ["auth", "approvals", "list"], ["auth", "login"], ["auth", "logout"],
            ["self", "info"], ["self", "tools"], ["self", "check"], ["self", "doctor"], ["self", "audit", "list"],
            ["self", "audit", "stats"], ["self", "audit", "verify"], ["self", "tasks", "list"], ["self", "explain", "get"],
            ["self", "capture"], ["self", "completions", "bash"], ["--help"], ["get", "--help"], ["nonsense"],
        ]
        for line in lines:
            for output in (["text", "json", "raw"] if line[0] in ("get", "blurt", "environment") else ["json"]):
                more = [] if "help" in line[-1] else ["-o", output]
                if line[0] not in ("auth", "self", "nonsense", "--help"):
                    more += ["-v"] if output != "text" else []
                run = cli(*line, *more)
                said.append(f"$ {' '.join([*line, *more])} {run.code}\n{run.out}{run.err}")
        panics = [text for text in said if "panicked" in text]
        self.report.check(f"{note}: nothing panics", not panics, "\n".join(panics))
        found = {tuple(self.marks.found(text)): text for text in said if self.marks.found(text)}
        self.report.check(f"{note}: {len(said)} runs say nothing", not found, "\n".join(f"{marks}\n{text[:1500]}" for marks, text in found.items()))

    def trial(self, name, env, config="", allowed=(), wanted=(), but=(), stdin=None):
        """One way to come by a secret: `allowed` and `wanted` are what processes may and must show."""
        self.control("reset")
        self.config(config)
        cli = self.program(**env)
        watch = Watch(self.marks, self.out)
        watch.start()
        if stdin:
            run = cli("auth", "set", "ERRAND_SECRET", "--insecure-storage", stdin=stdin)
            self.report.check(f"{name}: a value is kept", run.code == 0, run)
        self.everything(cli, name)
        works = cli("get", "--path", "things", "-o", "json")
        self.report.check(f"{name}: nothing is left running", watch.gone())
        watch.over.set()
        watch.join()
        # A process that has not become its program yet, or has ended, is the one that it was before.
        nameless = {(what, "errand", mark) for what, name_, mark in watch.seen if name_ in ("", "?")}
        named = {place for place in watch.seen if place[1] not in ("", "?")}
        seen = {place for place in named | nameless if place not in allowed}
        self.report.check(f"{name}: no process shows one", not seen, sorted(seen))
        for place in wanted:
            self.report.check(f"{name}: the search finds {place}", place in watch.seen, sorted(watch.seen))
        self.report.check(f"{name}: ps shows none", not watch.listing(), watch.listing())
        self.kept_out(name, self.home, self.temporary, but=but)
        rows = [entry["request"]["body_raw"] for entry in self.control("journal") if "audit" in entry["request"]["path"]]
        self.silent(f"{name}: {len(rows)} rows of the vault's", "\n".join(rows))
        return works

    def sources(self):
        secret = self.out / "secret"
        secret.write_text(OWN)
        secret.chmod(0o600)
        callers = {("environ", "errand", mark) for mark in ("own", "password", "username", "vault key", "user token")}
        servers = {("environ", "errand", "own"), ("environ", "errand", "kept")}
        base = {"ERRAND_KEY": USER}
        # The name of the server's process is that of the program: both are called `errand`.
        self.trial("env", {**base, "ERRAND_SECRET": OWN}, allowed=callers | servers, wanted=[("environ", "errand", "own")])
        for source in (f'source = "file"\npath = "{secret}"', f'source = "command"\ncommand = ["cat", "{secret}"]'):
            name = source.split('"')[1]
            self.trial(name, base, f"[credentials.ERRAND_SECRET]\n{source}\n", allowed=callers | servers)
        store = self.home / ".local/state/errand/credentials.json"
        self.trial("store", base, allowed=callers | servers, but=(store,), stdin=KEPT)
        mode = stat.S_IMODE(store.stat().st_mode)
        self.report.check("store: it is for its owner alone", mode == 0o600 and KEPT.encode() in store.read_bytes(), oct(mode))
        forgotten = self.program()("auth", "unset", "ERRAND_SECRET")
        self.report.check("store: it is forgotten", forgotten.code == 0 and b"m4rk" not in store.read_bytes(), forgotten)

    def vaults(self):
        env = {"ALTER_BASE_URL": self.world["url"], "ALTER_API_KEY": self.key}
        key = {("environ", "errand", "vault key")}
        server = {("environ", "errand", "username"), ("environ", "errand", "password")}
        works = self.trial("mode env", env, VALUES, allowed=key | server, wanted=sorted(server))
        self.works("mode env", works)
        for mode in ("proxy", "forward"):
            works = self.trial(f"mode {mode}", env, self.route(mode, "altr-basic"), allowed=key)
            self.works(f"mode {mode}", works)
        works = self.trial("a key in the query", env, self.route("proxy", "query-test").replace("/v1", ""), allowed=key)
        self.report.check("a key in the query: it works", works.code == 0, works)
        user = self.route("proxy", "google").replace('provider = "google"', 'provider = "google"\nuser_token = "env:THE_USER"')
        token = {("environ", "errand", "user token")}
        self.trial("a user's", {**env, "THE_USER": self.user}, user, allowed=key | token)
        derive = '[credentials.AGENT_API_KEY]\nsource = "alter"\nmode = "derive"\n'
        plain = {**env, "ERRAND_KEY": "nobody", "ERRAND_SECRET": "nothing"}
        self.trial("mode derive", plain, derive, allowed=key | {("environ", "errand", "derived")}, wanted=[("environ", "errand", "derived")])

    def troubles(self):
        """What is said and left when things go wrong."""
        env = {"ALTER_BASE_URL": self.world["url"], "ALTER_API_KEY": self.key}
        said = []

        def run(what, config=None, more=(), fail=None, **changed):
            self.control("reset")
            if fail:
                self.control("fail", **fail)
            self.config(config if config is not None else self.route("proxy", "altr-basic"))
            for output in ("text", "json"):
                done = self.program(**{**env, **changed})("get", "--path", "things", "-v", "-o", output, *more)
                said.append(f"{what}\n{done.out}{done.err}")
                self.report.check(f"{what}: it fails", done.code != 0, done)

        token = "/sdk/token"
        for key in ("revoked", "expired", "narrow", "paused_agent"):
            run(f"a key that is {key}", ALTER_API_KEY=self.world["keys"][key])
        run("a key that is none", ALTER_API_KEY=f"{self.key}x")
        run("a vault that is not there", ALTER_BASE_URL="http://127.0.0.1:9")
        run("a vault over plain HTTP", ALTER_BASE_URL=f"http://{self.key}.example")
        run("a vault in trouble", fail={"path": token, "status": 503, "raw": f"echo {self.key} {PASSWORD}", "times": 99})
        run("an answer that is none", fail={"path": token, "status": 200, "raw": f'{{"access_token": "{PASSWORD}"', "times": 99})
        run("an answer with a secret out of place", fail={
            "path": token, "status": 200, "times": 99,
            "body": {"access_token": PASSWORD, "grant_id": PASSWORD, "injection_header": PASSWORD},
        })
        run("an error with the key in it", fail={
            "path": token, "status": 403, "times": 99, "body": {"error": "policy", "message": f"no to {self.key}", "hint": self.key},
        })
        run("a connection that breaks", fail={"path": token, "status": 0, "times": 99})
        for provider in ("mail", "nobody", "revoked-test", "user-limits", "approval-test"):
            run(f"provider {provider}", self.route("proxy", provider))
        run("denied", self.route("forward", "approval-test"), more=("--timeout", "1500ms"))
        run("a secret in the configuration", f'[credentials.ERRAND_SECRET]\nvalue = "{PASSWORD}"\n')
        run("a user token in the configuration", self.route("proxy", "google").replace(
            'provider = "google"', f'provider = "google"\nuser_token = "{self.user}"'))
        run("a server that is not there", more=("--mcp-command", "no-such-server"))
        run("a server that dies", VALUES, more=("--mcp-command", f"{self.fixture} dead --after call"))
        found = {tuple(self.marks.found(text)): text for text in said if self.marks.found(text)}
        self.report.check(f"trouble: {len(said)} runs say nothing", not found,
                          "\n".join(f"{marks}\n{text[:1500]}" for marks, text in found.items()))
        self.kept_out("trouble", self.home, self.temporary)

    def crashes(self):
        """A program that is killed in the midst leaves no memory behind."""
        env = {"ALTER_BASE_URL": self.world["url"], "ALTER_API_KEY": self.key}
        self.control("reset")
        self.config(VALUES)
        for kind in (signal.SIGABRT, signal.SIGSEGV, signal.SIGTERM, signal.SIGINT):
            running = self.program(**env).start("wait", "--ms", "20000")
            time.sleep(1.0)
            limits = Path(f"/proc/{running.pid}/limits")
            if limits.exists():
                core = [line for line in limits.read_text().splitlines() if line.startswith("Max core file size")]
                self.report.check(f"{kind.name}: no core may be written", core and core[0].split()[4] == "0", core)
            running.send_signal(kind)
            out, err = running.communicate(timeout=20)
            self.silent(f"{kind.name}", out + err)
        self.panic()
        time.sleep(1.0)
        cores = [path for folder in (self.home, self.temporary, self.out) for path in folder.rglob("core*") if path.is_file() and "crate" not in str(path)]
        self.report.check("no core is left", not cores, cores)
        self.kept_out("crashes", self.home, self.temporary)

    def panic(self):
        """A program that panics in the midst, with a secret in what it says of it, in all of its forms."""
        crate, main = self.out / "panicking", self.out / "panicking/src/main.rs"
        shutil.copytree(self.out / "crate", crate)
        before = "fn main() -> std::process::ExitCode {"
        after = """
    std::thread::spawn(|| {
        std::thread::sleep(std::time::Duration::from_secs(1));
        let secret = std::env::var("ERRAND_SECRET").expect("a secret");
        panic!("{secret} is not what {secret:?} was thought to be");
    });"""
        main.write_text(main.read_text().replace(before, before + after))
        target = Path(self.mcpress).parent.parent
        built = subprocess.run(
            ["cargo", "build", "--quiet", "--release", "--target-dir", str(target)],
            cwd=crate, capture_output=True, text=True, check=False,
        )
        if not self.report.check("a program that panics is built", built.returncode == 0, built.stderr):
            return
        shutil.copy(target / "release/errand", self.out / "panicking/errand")
        self.config("")
        for output in ("text", "json"):
            cli = self.program(ERRAND_KEY=USER, ERRAND_SECRET=OWN)
            cli.path = str(self.out / "panicking/errand")
            run = cli("wait", "--ms", "20000", "-v", "-o", output)
            told = "error: this program has a defect, at src/main.rs:" in run.err and "[redacted] is not what" in run.err
            self.report.check(f"a panic with -o {output} is told, and ends the program", told and run.code == -signal.SIGABRT, run)
            self.silent(f"a panic with -o {output}", run.out + run.err)

    def elsewhere(self):
        """Files outside of the program's own folders that are newer than the trial."""
        found = []
        for folder in map(Path, SYSTEM):
            for root, folders, files in os.walk(folder, onerror=lambda _: None):
                folders[:] = [name for name in folders if Path(root, name) not in (self.out, ROOT)]
                for name in files:
                    path = Path(root, name)
                    try:
                        is_new = path.is_file() and not path.is_symlink() and path.stat().st_mtime >= self.since
                        marks = self.marks.found(path.read_bytes()) if is_new and path.stat().st_size < 1 << 26 else []
                    except OSError:
                        continue
                    if set(marks) - {"derived", "session"}:
                        found.append(f"{path}: {marks}")
        self.report.check("nothing is in files elsewhere", not found, "\n".join(found))

    def route(self, mode, provider):
        return ROUTE.replace("MODE", mode).replace("PROVIDER", provider)

    def works(self, name, run):
        said = run.json() or {}
        self.report.check(f"{name}: it works", run.code == 0 and said.get("status") == 200, run)


def main():
    mcpress, fixture, *home = sys.argv[1:]
    home = Path(home[0] if home else os.environ.get("MCPRESS_REAL_DIR", ROOT / "target/real")).resolve()
    out = home / "out" / "leak"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    # A program that does nothing about it would leave a core behind.
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))
    report = Report()
    trial = Trial(report, str(Path(mcpress).resolve()), str(Path(fixture).resolve()), out)
    only = os.environ.get("ONLY", "sources,vaults,troubles,crashes,elsewhere").split(",")
    try:
        for part in only:
            report.part(part, getattr(trial, part))
    finally:
        trial.vault.terminate()
        trial.vault.wait()
        trial.vault.stdout.close()
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
