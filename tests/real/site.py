"""The rules of a site, which nothing that its users say turns off: in /etc/mcpress, as a machine has them.

    python3 site.py MCPRESS FIXTURE [HOME]

MCPRESS is a built mcpress, FIXTURE a built mcpress-fixture. The tests run in a namespace of mounts of their
own, with another folder for /etc, so that nothing of the machine is touched; where the system allows none,
they are left out, and it is said. Each check prints a line; any failure exits 1.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from program import Program
from report import Report

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SITE = Path("/etc/mcpress")
# What a program needs of /etc to be started.
KEPT = ["ld.so.cache", "ld.so.conf", "ld.so.conf.d", "ld-musl-x86_64.path", "localtime", "alternatives"]
# Ada's, a keeper, by this secret, until the year 2100.
SECRET = "a secret of the tests, of 32 bytes or more"
KEEPER = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhZGEiLCJyb2xlcyI6WyJrZWVwZXIiXSwiZXhwIjo0MTAyNDQ0ODAwfQ."
    "twxkIycIEwYbvToYjYhl0wgL08FOXvKt_0H0cSHtVQ8"
)
README = "fixture://everyday/readme"


class Machine:
    """A machine with a site's rules, and a user of it with a home and a few programs."""

    def __init__(self, report, mcpress, fixture, out):
        self.report, self.mcpress, self.out = report, mcpress, out
        self.home = out / "home"
        # Where a user's variables can say that everything is.
        self.elsewhere = out / "elsewhere"
        folders = {"XDG_CONFIG_HOME": "config", "XDG_STATE_HOME": "state", "HOME": "home"}
        self.away = {name: str(self.elsewhere / folder) for name, folder in folders.items()}
        self.server = f"{fixture} everyday"
        (out / "overlay.toml").write_text("tools.delete_everything.effect = 'read-only'\n")
        self.zoo = self.made("zoo")
        self.soft = self.made("soft", "--overlay", str(out / "overlay.toml"))

    def made(self, name, *options):
        made = Program(self.mcpress, self.out)(
            "generate-cli", "--command", self.server, "--name", name, "--bundle", str(self.out / name), *options,
        )
        self.report.check(f"{name} is made", made.code == 0, made)
        return Program(self.out / name, self.home)

    def fresh(self, rules=None, name=None, user=None, config=None):
        """Another machine: these rules of the site's, for all programs or the one; these of the user's."""
        for folder in (SITE, self.home, self.elsewhere):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        if rules is not None:
            self.rule(rules, name)
        for file, text in (("policy.toml", user), ("config.toml", config)):
            if text is not None:
                for program in ("zoo", "soft", "mcpress-call"):
                    folder = self.home / ".config" / program
                    folder.mkdir(parents=True, exist_ok=True)
                    (folder / file).write_text(text)

    def rule(self, rules, name=None):
        folder = SITE / name if name else SITE
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "policy.toml").write_text(rules)

    def lines(self, file=".local/state/zoo/audit.jsonl"):
        path = self.home / file
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def refuses(self, what, run, code, words=""):
        error = run.error() or {}
        fits = run.code == 4 and error.get("code") == code and words in error.get("message", "")
        return self.report.check(what, fits and not run.out, run)

    def works(self, what, run):
        return self.report.check(what, run.code == 0, run)

    def rules(self):
        echo = ["echo", "--text", "x", "-o", "json"]
        self.fresh("deny = ['echo']\n", user="allow = ['*']\n", config="[policy]\nallow = ['*']\n")
        run = self.zoo(*echo)
        self.refuses("the site's rule is named", run, "policy_denied", f"{SITE}/policy.toml:1: deny \"echo\"")
        hint = (run.error() or {}).get("hint", "")
        self.report.check("and whose it is", "the site's" in hint, run)
        self.refuses("no folder turns it off", self.zoo(*echo, env=self.away), "policy_denied")
        without = self.zoo(*echo, without=("HOME",))
        self.refuses("nor does none", without, "policy_denied")
        empty = self.out / "empty.toml"
        empty.write_text("")
        self.refuses("nor another configuration", self.zoo(*echo, "--mcp-config", str(empty)), "policy_denied")
        self.refuses("nor another server", self.zoo(*echo, "--mcp-command", self.server), "policy_denied")
        self.refuses("it holds for call", self.zoo("call", "echo", "-o", "json"), "policy_denied")
        self.refuses("for another name of the server", self.soft(*echo), "policy_denied")
        call = Program(self.mcpress, self.home)
        line = ["call", "--command", self.server, *echo]
        self.refuses("and for mcpress call", call(*line), "policy_denied")
        self.works("what it does not name goes on", self.zoo("read-only"))
        self.fresh("deny = ['echo']\n", "zoo")
        self.refuses("rules for a program hold for it", self.zoo(*echo), "policy_denied")
        self.works("and for no other name", self.soft(*echo))
        self.works("nor for mcpress call", call(*line))
        self.fresh("deny = ['*']\n")
        for line in (["resource", "read", README], ["prompt", "get", "greet", "--name", "x"], ["self", "tasks", "wait", "7"]):
            self.refuses(f"all means {line[0]} {line[1]} as well", self.zoo(*line, "-o", "json"), "policy_denied")
        self.fresh("allow = ['resource:*']\n", user="allow = ['*']\n")
        self.works("resources can be allowed", self.zoo("resource", "read", README))
        self.refuses("and nothing else", self.zoo(*echo), "policy_denied")

    def marks(self):
        delete = ["delete-everything", "--yes", "-o", "json"]
        self.fresh()
        self.works("an overlay makes a tool harmless", self.soft("delete-everything"))
        for rules in ("read_only = true", "deny = ['annotation:destructive']", "allow = ['annotation:read-only']"):
            self.fresh(user=rules)
            self.works(f"in the user's eyes: {rules}", self.soft("delete-everything"))
            self.fresh(rules)
            self.refuses(f"and not in the site's: {rules}", self.soft(*delete), "policy_denied")
            self.works("what the server marks so is harmless", self.soft("read-only"))
        for rules in ("confirm = ['annotation:destructive']\nforbid_yes = true", "forbid_yes = true"):
            self.fresh(rules)
            run = self.soft(*delete)
            self.refuses(f"a person is wanted: {rules!r}", run, "confirmation_required")

    def identities(self):
        roles = "allow = ['resource:*']\n[roles.keeper]\nallow = ['echo']\n"
        identity = "[identity]\nsecret_file = 'secret'\n"
        echo = ["echo", "--text", "x", "-o", "json", "--mcp-identity", KEEPER]
        self.fresh(roles + identity)
        self.secret(SITE)
        self.works("a role is known by the site's secret", self.zoo(*echo))
        self.refuses("nobody has none", self.zoo(*echo[:-2]), "policy_denied")
        self.fresh(roles, user=identity)
        self.secret(self.home / ".config/zoo")
        self.refuses("and by no secret of the user's", self.zoo(*echo), "policy_denied")
        self.fresh(f"{identity}required = true\n")
        self.secret(SITE)
        lines = [["echo", "--text", "x"], ["resource", "read", README], ["resource", "list"], ["prompt", "list"],
                 ["prompt", "get", "greet", "--name", "x"], ["self", "tasks", "list"], ["self", "tasks", "get", "7"]]
        for line in lines:
            run = self.zoo(*line, "-o", "json")
            self.refuses(f"nobody asks unknown: {' '.join(line)}", run, "policy_denied", "without an identity")
        self.works("one who is known does", self.zoo("resource", "read", README, "--mcp-identity", KEEPER))

    @staticmethod
    def secret(folder):
        (folder / "secret").write_text(SECRET)
        (folder / "secret").chmod(0o600)

    def logs(self):
        echo = ["echo", "--text", "x", "-o", "json"]
        turned = "[audit]\nenabled = false\nfile = '/dev/null'\nsize = 0\nkeep = 0\nrequired = false\n"
        self.fresh("[audit]\nrequired = true\n", user=turned, config=turned)
        for _ in range(3):
            self.works("a call is made", self.zoo(*echo))
        self.works("a call is made from elsewhere", self.zoo(*echo, env=self.away))
        lines = self.lines()
        self.report.equal("the log has the begin and the end of each", len(lines), 8)
        strays = [str(path) for path in self.out.rglob("audit.jsonl*") if self.home not in path.parents]
        self.report.equal("and nothing is anywhere else", strays, [])
        run = self.zoo("self", "audit", "verify")
        self.report.check("it is whole", run.code == 0 and run.out.startswith("8 lines"), run)
        log = self.home / ".local/state/zoo/audit.jsonl"
        for path in log.parent.iterdir():
            path.unlink()
        log.mkdir()
        self.refuses("what cannot be written is not done", self.zoo(*echo), "audit_required")
        self.fresh("[audit]\nfile = '~/log'\n", user="[audit]\nfile = 'mine'\nrequired = true\n")
        self.works("the site names the file", self.zoo(*echo))
        self.report.equal("the user has it required all the same", len(self.lines("log")), 2)
        self.works("its home is the system's", self.zoo(*echo, env={"HOME": str(self.elsewhere)}))
        self.report.equal("and no variable's", len(self.lines("log")), 3)

    def limits(self):
        echo = ["echo", "--text", "x", "-o", "json"]
        self.fresh("[limits]\nper_minute = 2\n", user="[limits]\nper_minute = 60\n")
        self.works("one call", self.zoo(*echo))
        self.works("a second from elsewhere", self.zoo(*echo, env=self.away))
        for env in (self.away, {}):
            self.refuses("and no third", self.zoo(*echo, env=env), "limit_reached", "limits.per_minute = 2")

    def broken(self):
        echo = ["echo", "--text", "x", "-o", "json"]
        policy = SITE / "policy.toml"

        def pipe():
            os.mkfifo(policy)

        def link():
            policy.symlink_to("/no/such/file")

        def folder():
            shutil.rmtree(SITE)
            SITE.symlink_to("/no/such/folder")

        breaks = {
            "a pipe": (pipe, "no regular file"), "a folder": (policy.mkdir, "no regular file"),
            "a link that leads nowhere": (link, "leads nowhere"),
            "a folder that is one": (folder, "leads nowhere"),
        }
        for text, words in (("deny = [", "unclosed array"), ("denny = ['echo']", "unknown key"),
                            ("deny = ['annotations:destructive']", "nothing is named by"), ("deny = ['!echo']", "`!`"),
                            ("deny = ['echo,add']", "a comma"), ("deny = ['[a-']", "without its"),
                            ("[limits]\nper_minute = 0", "0 allows no call")):
            breaks[repr(text)] = (lambda text=text: policy.write_text(text), words)
        for what, (make, words) in breaks.items():
            self.fresh()
            make()
            run = self.zoo(*echo, timeout=20)
            self.refuses(f"{what} stops every call", run, "policy_unreadable", words)
            last = (self.lines() or [{}])[-1]
            self.report.equal(f"{what} is written down", (last.get("error"), last.get("exit")), ("policy_unreadable", 4))
            run = self.zoo("resource", "read", README, "-o", "json", timeout=20)
            self.refuses(f"{what} stops a resource", run, "policy_unreadable")
            run = self.zoo("self", "audit", "list", timeout=20)
            told = run.code == 0 and "denied" in run.out and "warning: " in run.err and words in run.err
            self.report.check(f"{what} is seen in the log, with a warning", told, run)
            if SITE.is_symlink():
                SITE.unlink()


def outside(arguments):
    """Runs this in a namespace of mounts, with an /etc of its own; gives the exit code."""
    report = Report()
    own = [] if os.geteuid() == 0 else ["--map-root-user"]
    unshare = shutil.which("unshare")
    trial = unshare and subprocess.run(
        [unshare, "--mount", *own, "mount", "--bind", "/etc", "/etc"], capture_output=True, text=True, check=False,
    )
    if not trial or trial.returncode:
        why = trial.stderr.strip() if trial else "there is no unshare"
        print(f"a site's rules are not tested: the system gives no namespace of mounts ({why})")
        return 0
    mcpress, fixture, *home = arguments
    home = Path(home[0] if home else os.environ.get("MCPRESS_REAL_DIR", ROOT / "target/real")).resolve()
    out = home / "out" / "site"
    shutil.rmtree(out, ignore_errors=True)
    etc = out / "etc"
    etc.mkdir(parents=True)
    for name in KEPT:
        path = Path("/etc", name)
        if path.is_dir():
            shutil.copytree(path, etc / name, symlinks=True)
        elif path.exists():
            shutil.copy(path, etc / name)
    # Within, whoever has a namespace of their own is root.
    (etc / "passwd").write_text(f"tester:x:0:0::{out}/home:/bin/sh\n")
    command = 'mount --bind "$1" /etc && shift && exec "$@"'
    line = [unshare, "--mount", *own, "sh", "-c", command, "sh", str(etc), sys.executable, "-B", __file__,
            "--inside", str(Path(mcpress).resolve()), str(Path(fixture).resolve()), str(out)]
    before = SITE.exists()
    ran = subprocess.run(line, check=False)
    report.equal("the machine's own rules are as they were", SITE.exists(), before)
    return ran.returncode or report.finish()


def inside(mcpress, fixture, out):
    report = Report()
    machine = Machine(report, mcpress, fixture, Path(out))
    only = os.environ.get("ONLY", "rules,marks,identities,logs,limits,broken").split(",")
    for part in only:
        report.part(part, getattr(machine, part))
    return report.finish()


if __name__ == "__main__":
    sys.exit(inside(*sys.argv[2:]) if sys.argv[1] == "--inside" else outside(sys.argv[1:]))
