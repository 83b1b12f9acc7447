"""Holds the workspace's own Alter backend against the one that its specification comes with.

    python3 alter_twins.py FIXTURE [HOME]

FIXTURE is a built mcpress-fixture. The vendor's client for Python goes through the same scenarios with
either backend, and must come to the same ends by the same exchanges: so what the tests in Rust rest on
is what that client was written for. The other one is ../shared/alter/fake_alter.py, without which there
is nothing to hold it against. Each check prints a line; any failure exits 1.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

from alter_auth import FAKE, HERE, ROOT, Started, install
from report import Report

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def drive(python, log, *backend):
    """What each scenario comes to, and the exchanges it takes."""
    with Started(log, *backend) as started:
        world = json.loads(started.line)
        where = [world["url"], world["provider_url"], json.dumps(world["keys"]), json.dumps(world["grants"])]
        run = subprocess.run(
            [python, "-B", str(HERE / "alter_client.py"), *where],
            capture_output=True, text=True, env={**os.environ, "ALTER_BASE_URL": world["url"]}, check=False,
        )
        with urllib.request.urlopen(f"{world['url']}/_control/journal", timeout=10) as answer:
            journal = json.load(answer)
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    ends = {line["scenario"]: line["outcome"] for line in lines}
    ways = {}
    for entry in journal:
        request = entry["request"]
        step = (entry["listener"], request["method"], UUID.sub("ID", request["path"]), entry["response"]["status"])
        ways.setdefault(entry["scenario"], []).append(step)
    wrong = [entry for entry in journal if (entry.get("signature") or {}).get("problem")]
    # What the client sends in the background comes in any order.
    return run, ends, {name: sorted(steps) for name, steps in ways.items()}, wrong


def main():
    fixture, *home = sys.argv[1:]
    home = Path(home[0] if home else os.environ.get("MCPRESS_REAL_DIR", ROOT / "target/real")).resolve()
    if not FAKE.is_file():
        print(f"no {FAKE}: left out")
        return 0
    servers, out = home / "servers", home / "out" / "twins"
    servers.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    python = install(servers)
    report = Report()
    theirs, wanted, ways, wrong = drive(python, out / "fake.log", sys.executable, "-B", str(FAKE))
    report.check("the client goes through its scenarios", theirs.returncode == 0 and not wrong, theirs.stderr)
    ours, ends, steps, wrong = drive(python, out / "fixture.log", str(Path(fixture).resolve()), "alter")
    report.check("and with ours", ours.returncode == 0, ours.stderr)
    report.check("every signature holds", not wrong, wrong)
    for name in wanted:
        same = ends.get(name) == wanted[name] and steps.get(name) == ways.get(name)
        report.check(name, same, f"found  {ends.get(name)} {steps.get(name)}\nwanted {wanted[name]} {ways.get(name)}")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
