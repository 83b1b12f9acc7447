"""Runs the scenarios of README.md and judges them. Started by `run`.

    python3 suite.py ROOT MCPRESS HOME NODE [SCENARIO…]

The suite's own verdict is not enough: a scenario that made no check counts as passed there, even when
the client failed. So the checks of each are read again here, and the adapter's word is heard too.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "real"))
from report import Report  # noqa: E402

# How many scenarios a revision requires of a client.
REQUIRED = {"2025-11-25": 18, "2026-07-28": 32}
PASSES = "passes"
# It measures how long the client waits, and is given the machine for itself.
TIMED = "sse-retry"


class Suite:
    """The package, the program under test, and the table of what it is put to."""

    def __init__(self, mcpress, home, node):
        self.report = Report()
        self.home = home
        self.results = home / "results"
        shutil.rmtree(self.results, ignore_errors=True)
        self.program = home / "conformance"
        self.package = home / "node_modules/@modelcontextprotocol/conformance"
        self.node = node
        self.env = {
            "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(home), "MCPRESS": str(mcpress),
            "PROGRAM": str(self.program), "SCRATCH": str(home / "scratch"),
        }
        shutil.rmtree(home / "scratch", ignore_errors=True)
        (home / "scratch").mkdir()

    def press(self):
        """The program that most scenarios are answered with, from the tools of all their servers."""
        done = subprocess.run(
            [
                self.env["MCPRESS"], "generate-cli", "--from", str(HERE / "tools.json"),
                "--url", "http://localhost/mcp", "--name", "conformance", "--bundle", str(self.program),
            ],
            env=self.env, capture_output=True, text=True,
        )
        return self.report.check("a program is bundled", done.returncode == 0, done.stderr)

    def required(self, revision):
        """The names of the client scenarios that a revision requires."""
        names, within = set(), False
        for line in (self.package / f"requirements/{revision}.yaml").read_text().splitlines():
            if re.match(r"\S", line):
                within = line.startswith("client:")
            elif within and (name := re.match(r"\s+- ([^\s:]\S*)$", line)):
                names.add(name[1])
        return names

    def scenarios(self):
        """The names of all client scenarios."""
        listing = self.conformance("list", "--client").stdout
        return set(re.findall(r"^\s+- (\S+)", listing, re.MULTILINE))

    def table(self):
        """The rows of README.md: a scenario and a revision, and whether it is said to pass."""
        rows = {}
        for line in (HERE / "README.md").read_text(encoding="utf-8").splitlines():
            row = re.match(r"\| `([^`]+)` \| ([^|]+) \|.*\| ([^|]+) \|$", line)
            for revision in re.findall(r"[-\d]{10}", row[2]) if row else []:
                rows[row[1], revision] = row[3].strip() == PASSES
        return rows

    def run(self, picked):
        if not self.press():
            return self.report.finish()
        rows = self.table()
        for revision, count in REQUIRED.items():
            required = self.required(revision)
            named = {name for (name, of), passes in rows.items() if of == revision and passes}
            found = (len(required), sorted(required - named))
            self.report.equal(f"README.md has all {count} that {revision} requires pass", found, (count, []))
        listed = {name for name, _ in rows}
        self.report.equal("README.md has a row for each scenario", sorted(self.scenarios() - listed), [])
        self.report.equal("each scenario asked for is one of them", sorted(set(picked) - listed), [])
        jobs = [row for row, passes in rows.items() if passes and (not picked or row[0] in picked)]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for job in [job for job in jobs if job[0] == TIMED]:
                done = self.scenario(job)
                # A machine with other work is late now and then.
                self.judge(job, done if done.returncode == 0 else self.scenario(job))
            rest = [job for job in jobs if job[0] != TIMED]
            for job, done in zip(rest, pool.map(self.scenario, rest)):
                self.judge(job, done)
        return self.report.finish()

    def scenario(self, job):
        name, revision = job
        # Extensions are of no revision, and would be passed over without `--force`.
        return self.conformance(
            "client", "--command", str(HERE / "adapter"), "--scenario", name, "--timeout", "60000",
            "--spec-version", revision, "--force", "-o", str(self.results / revision),
        )

    def conformance(self, *line):
        argv = [self.node, str(self.package / "dist/index.js"), *line]
        return subprocess.run(argv, env=self.env, stdin=subprocess.DEVNULL, capture_output=True, text=True)

    def judge(self, job, done):
        name, revision = job
        folders = sorted((self.results / revision).glob(f"{name}-2*"))
        made = folders[-1] / "checks.json" if folders else None
        checks = json.loads(made.read_text(encoding="utf-8")) if made and made.is_file() else []
        count = lambda status: sum(check["status"] == status for check in checks)  # noqa: E731
        said = (folders[-1] / "stderr.txt").read_text(encoding="utf-8", errors="replace") if checks else ""
        skipped = f", {count('SKIPPED')} skipped" if count("SKIPPED") else ""
        well = done.returncode == 0 and count("SUCCESS") and not count("FAILURE") and not count("WARNING")
        bad = [f"{check['status']} {check['id']}: {check.get('errorMessage') or check['description']}"
               for check in checks if check["status"] in ("FAILURE", "WARNING")]
        self.report.check(
            f"{name} {revision} ({count('SUCCESS')} checks{skipped})",
            well and "adapter: " not in said,
            "\n".join([f"exit {done.returncode}", *bad, said[-3000:], "" if checks else done.stdout + done.stderr]),
        )


def main():
    _, mcpress, home, node, *picked = sys.argv[1:]
    sys.exit(Suite(Path(mcpress), Path(home), node).run(picked))


if __name__ == "__main__":
    main()
