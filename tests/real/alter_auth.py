"""Signs in to MCP servers behind Alter's own provider, in each of the ways these are deployed.

    python3 alter_auth.py MCPRESS [HOME]

MCPRESS is a built mcpress. The provider is installed at a pinned version into HOME/servers/alter, with
HOME as in `run`; Alter itself is played by ../shared/alter/fake_alter.py, without which there is
nothing to try. Each check prints a line; any failure exits 1.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

from program import Program
from report import Report

SDK = "alter-sdk[mcp]==0.29.0"
HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FAKE = Path(os.environ.get("FAKE_ALTER", ROOT.parent / "shared/alter/fake_alter.py"))
LAYOUTS = ["origin", "doubled", "mounted"]
TOOLS = {"tools": [{
    "name": "greet",
    "inputSchema": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
}]}


def install(servers):
    """The provider, in an environment of its own that is kept for the next run."""
    home, stamp = servers / "alter", servers / "alter.stamp"
    if not stamp.is_file() or stamp.read_text() != SDK:
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        pip = [str(home / "bin/pip"), "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, SDK], check=True)
        stamp.write_text(SDK)
    return str(home / "bin/python")


class Started:
    """A process that says one line when it is ready; what else it says is in a log."""

    def __init__(self, log, *argv):
        with open(log, "a", encoding="utf-8") as stderr:
            self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=stderr, text=True)
        self.line = self.process.stdout.readline()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


class Trial:
    """One deployment and a program for it."""

    def __init__(self, report, mcpress, python, world, out, layout):
        self.report, self.mcpress, self.python = report, mcpress, python
        self.world, self.layout = world, layout
        self.home = out / layout
        self.home.mkdir(parents=True)

    def serve(self, life):
        key = self.world["keys"]["app"]
        return Started(
            self.home / "server.log", self.python, str(HERE / "alter_server.py"), self.layout, self.world["url"], key, str(life)
        )

    def program(self, url):
        tools = self.home / "tools.json"
        tools.write_text(json.dumps(TOOLS))
        artifact = self.home / "guarded"
        browser = [sys.executable, str(HERE / "alter_browser.py"), self.world["url"]]
        env = {"BROWSER": shlex.join(browser), "GUARDED_MCP_STORE": str(self.home / "store")}
        made = Program(self.mcpress, self.home)(
            "generate-cli", "--from", str(tools), "--url", url, "--name", "guarded",
            "--bundle", str(artifact),
        )
        self.check("a program is made", made.code == 0, made)
        return Program(artifact, self.home, env=env)

    def check(self, what, true, detail=""):
        return self.report.check(f"{self.layout}: {what}", true, detail)

    def greets(self, what, cli, **more):
        called = cli("greet", "--name", "alter", **more)
        self.check(what, called.code == 0 and "hello, alter" in called.out, called)

    def run(self):
        with self.serve(3600) as server:
            cli = self.program(server.line.split()[-1])
            away = cli("greet", "--name", "alter", "--output", "json", without=("BROWSER",))
            error = away.error() or {}
            said = away.code == 3 and "/authorize?" in error.get("authorization_url", "")
            self.check("without a person the page is told", said, away)
            login = cli("auth", "login")
            self.check("a person signs in", login.code == 0, login)
            self.greets("the call goes through", cli)
            status = cli("auth", "status", "--output", "json").json() or {}
            self.check("it is refreshed by itself", status.get("refreshed") is True, status)
            logout = cli("auth", "logout", "--output", "json")
            revoked = (logout.json() or {}).get("revoked")
            self.check("the tokens are given back", revoked is True, logout)
            after = cli("greet", "--name", "alter", without=("BROWSER",))
            self.check("after that nobody is signed in", after.code == 3, after)
        # Clients and tokens are in the server's memory alone: the next one knows neither.
        with self.serve(5) as server:
            cli = self.program(server.line.split()[-1])
            self.greets("a call signs in by itself", cli, env={"GUARDED_MCP_SIGN_IN": "always"})
            time.sleep(5.5)
            self.greets("a token that has died is refreshed, and not shown", cli)
            time.sleep(4.2)
            runs = [cli.start("greet", "--name", "alter") for _ in range(8)]
            codes = [run.wait(60) for run in runs]
            for run in runs:
                run.stdout.close()
                run.stderr.close()
            self.check("many at once redeem one token", codes == [0] * 8, codes)


def main():
    mcpress, *home = sys.argv[1:]
    home = Path(home[0] if home else os.environ.get("MCPRESS_REAL_DIR", ROOT / "target/real")).resolve()
    if not FAKE.is_file():
        print(f"no {FAKE}: left out")
        return 0
    servers, out = home / "servers", home / "out" / "alter"
    servers.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    python = install(servers)
    report = Report()
    with Started(out / "alter.log", sys.executable, str(FAKE), "--port", "0", "--provider-port", "0") as fake:
        world = json.loads(fake.line)
        for layout in LAYOUTS:
            trial = Trial(report, str(Path(mcpress).resolve()), python, world, out, layout)
            report.part(layout, trial.run)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
