"""Calls the tools of a server that knows the vault, written with Alter's own library.

    python3 alter_aware.py MCPRESS [HOME]

MCPRESS is a built mcpress. The library is installed at a pinned version into HOME/servers/alter, with
HOME as in `run`; Alter itself is played by ../shared/alter/fake_alter.py, without which there is
nothing to try. Each check prints a line; any failure exits 1.
"""

import json
import os
import shlex
import shutil
import sys
import time
import urllib.request
from pathlib import Path

from alter_auth import FAKE, HERE, ROOT, Started, install
from program import Program
from report import Report

LIST = ["list-events", "--query", "standup"]
SEND = ["send-slack", "--channel", "standup", "--text", "three events"]
NAME = ["name-events", "--query", "standup"]


class Vault:
    """The side of the fake that a test speaks to."""

    def __init__(self, world):
        self.url, self.world = world["url"], world

    def ask(self, order, **body):
        data = None if order == "journal" else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_control/{order}", data)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def exchanges(self, path):
        return [entry for entry in self.ask("journal") if entry["request"]["path"] == path]

    def until(self, path, count=1, within=30):
        end = time.monotonic() + within
        while time.monotonic() < end and len(self.exchanges(path)) < count:
            time.sleep(0.1)
        return self.exchanges(path)


class Trial:
    def __init__(self, report, mcpress, python, vault, out):
        self.report, self.mcpress, self.python = report, mcpress, python
        self.vault, self.out = vault, out
        self.env = {
            "ALTER_BASE_URL": vault.url,
            "PROVIDER_URL": vault.world["provider_url"],
            "AGENT_API_KEY": vault.world["keys"]["app"],
        }

    def program(self, kind, config=""):
        """A program for the server, and a home in which it has this configuration."""
        home = self.out / kind
        shutil.rmtree(home, ignore_errors=True)
        (home / ".config/aware").mkdir(parents=True)
        (home / ".config/aware/config.toml").write_text(config)
        command = shlex.join([self.python, "-B", str(HERE / "aware_server.py"), kind])
        made = Program(self.mcpress, home, env=self.env)(
            "generate-cli", "--command", command, "--env", "ALTER_BASE_URL", "--env", "PROVIDER_URL",
            "--env", "AGENT_API_KEY", "--name", "aware", "--bundle", str(home / "aware"),
        )
        self.report.check(f"{kind}: a program is made", made.code == 0, made)
        return Program(home / "aware", home, env=self.env)

    def missing(self):
        """A grant that is missing, wherever the library puts that."""
        cli = self.program("app", '[credentials.AGENT_API_KEY]\nsource = "env"\n')
        for line in (LIST, SEND, NAME):
            self.vault.ask("reset")
            away = cli(*line, "--output", "json")
            error = away.error() or {}
            said = (away.code, error.get("code")) == (3, "authorization_required")
            self.report.check(f"{line[0]}: off a terminal the page is told", said, away)
            page = error.get("connect_url", "")
            self.report.check(f"{line[0]}: it is the vault's", page.startswith(f"{self.vault.url}/connect"), page)
            self.report.check(f"{line[0]}: and in the hint", page and page in error.get("hint", ""), error)
            run = cli.start(*line, "--wait", "--output", "json")
            self.vault.until("/sdk/oauth/connect/session", 2)
            self.vault.ask("connect", outcome="complete")
            out, err = run.communicate(timeout=60)
            self.report.check(f"{line[0]}: it goes on once somebody has connected", run.returncode == 0, err)
            self.report.check(f"{line[0]}: and answers", '"method"' in out or '"GET"' in out, out)
            self.report.check(f"{line[0]}: having said where", "/connect#" in err, err)
        contexts = [
            json.loads(value) for entry in self.vault.exchanges("/sdk/token")
            for name, value in self.headers(entry) if name.lower() == "x-alter-context"
        ]
        self.report.check("the tool is in the vault's records", contexts and contexts[-1]["tool"] == "name_events", contexts)

    def narrow(self):
        """A grant that allows too little: the library says so, and not where to go."""
        cli = self.program("app", '[credentials.AGENT_API_KEY]\nsource = "env"\n')
        self.vault.ask("reset")
        refusal = {"detail": {"error": "scope_mismatch", "message": "too little", "details": {"provider_id": "google"}}}
        self.vault.ask("fail", path="/sdk/token", status=403, body=refusal, times=9)
        for line in (LIST, NAME):
            away = cli(*line, "--output", "json")
            error = away.error() or {}
            said = (away.code, error.get("code")) == (3, "scope_reauth_required") and "connect_url" not in error
            self.report.check(f"{line[0]}: too narrow a grant is named", said, away)

    def delegated(self):
        """The guide's own set-up, in which the library makes a failure of what is missing."""
        self.vault.ask("reset")
        cli = self.program("agent")
        plain = cli(*LIST, "--output", "json", env={"AGENT_API_KEY": self.vault.world["keys"]["agent"]})
        error = plain.error() or {}
        said = (plain.code, error.get("code")) == (1, "tool_error")
        self.report.check("a failure in words is a failure, and nothing is guessed", said, plain)

    def derived(self):
        """A key of a few minutes for the server, and Connect for what that lacks."""
        cli = self.program("app", '[credentials.AGENT_API_KEY]\nsource = "alter"\nmode = "derive"\n')
        self.vault.ask("reset")
        env = {"ALTER_API_KEY": self.vault.world["keys"]["app"]}
        connect = cli.start("auth", "connect", "google", "--wait", "--output", "json", env=env)
        self.vault.until("/sdk/oauth/connect/session/poll")
        self.vault.ask("connect", outcome="complete")
        out, err = connect.communicate(timeout=60)
        self.report.check("an account is connected ahead of time", connect.returncode == 0, err)
        self.report.check("and named", json.loads(out or "{}").get("status") == "connected", out)
        called = cli(*LIST, "--output", "json", env=env)
        self.report.check("a derived key does for the server", called.code == 0, called)
        given = {value for entry in self.vault.exchanges("/sdk/token") for name, value in self.headers(entry) if name.lower() == "x-api-key"}
        self.report.check("which never has the other", given and all(key.startswith("alter_dk_") for key in given), given)

    @staticmethod
    def headers(entry):
        headers = entry["request"]["headers"]
        return headers.items() if isinstance(headers, dict) else headers


def main():
    mcpress, *home = sys.argv[1:]
    home = Path(home[0] if home else os.environ.get("MCPRESS_REAL_DIR", ROOT / "target/real")).resolve()
    if not FAKE.is_file():
        print(f"no {FAKE}: left out")
        return 0
    servers, out = home / "servers", home / "out" / "aware"
    servers.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    python = install(servers)
    report = Report()
    with Started(out / "alter.log", sys.executable, "-B", str(FAKE), "--port", "0", "--provider-port", "0") as fake:
        trial = Trial(report, str(Path(mcpress).resolve()), python, Vault(json.loads(fake.line)), out)
        for part in (trial.missing, trial.narrow, trial.delegated, trial.derived):
            report.part(part.__name__, part)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
