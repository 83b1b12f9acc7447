"""altr-mcp, with the vault's credentials and without one of its own.

    python3 altr_broker.py MCPRESS [HOME]

altr-mcp is the one that `run` installs into HOME/servers/py. Its API is played by altr_api.py, which demands
the real credentials; the vault is ../shared/alter/fake_alter.py, which has them. In each of the modes proxy
and forward, tools are called, and meanwhile the environment and the command line of every process are read,
and every byte is recorded that altr-mcp sends or receives. Each check prints a line; any failure exits 1.
"""

import base64
import json
import os
import shlex
import shutil
import statistics
import sys
import threading
import urllib.request
from pathlib import Path

import altr_api
from alter_auth import FAKE, Started
from exchange import Server
from leak import Marks
from program import Program
from report import Report
from watched import Watched

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
KEY, SECRET, ORG = "fake-mapi-key", "fake-mapi-secret", "acme"
URLS = {"ALTR_API_BASE_URL": "", "ALTR_ALTRNET_BASE_URL": "", "ALTR_AUDIT_REPORT_BASE_URL": "/v1"}
RUN, REASON = "11111111-2222-4333-8444-555555555555", "to see the tags"
# How much longer than a direct one a brokered request of altr-mcp's may take, in milliseconds, and the number
# of runs. It is measured in altr-mcp, at its sockets: the start of altr-mcp takes a second or two and differs
# from run to run by several times what is looked for, so that the time of whole runs is told and not judged.
SLOWER, RUNS = 100, 9
CALLS = [
    ("get_tags", ["get-tags"], {}, {"method": "GET", "path": "/v1/tag/masking"}),
    ("get_databases", ["get-databases"], {}, {"method": "GET", "path": "/api/databases"}),
    ("get_roles", ["get-roles"], {}, {"method": "GET", "path": "/api/userGroups"}),
    (
        "create_policy", ["create-policy", "--tag", "STOPLIGHT"], {"tag": "STOPLIGHT"},
        {"method": "POST", "body": {"identifier": "STOPLIGHT", "type": "TAG"}},
    ),
    (
        "search_query_audits", ["search-query-audits", "--limit", "10"], {"limit": 10},
        {"method": "POST", "path": "/v1/query-audits/search", "query": {"limit": "10"}},
    ),
]


class Api:
    """The API, in this process: it has the credentials, and no other process is given them."""

    def __init__(self, log):
        self.log = Path(log)
        self.api = altr_api.Api(self.log, KEY, SECRET)
        self.url = f"http://127.0.0.1:{self.api.server_port}"
        threading.Thread(target=self.api.serve_forever, daemon=True).start()

    def requests(self):
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]


def matches(request, wanted):
    return all(request[part] == value for part, value in wanted.items())


def spied_server(server, spied):
    """The line that starts a server whose every byte is written down. Of itself altr-mcp asks PyPI whether
    there is a newer fastmcp."""
    return shlex.join([
        "env", f"MCPRESS_SPY={spied}", f"PYTHONPATH={HERE / 'spy'}", "PYTHONDONTWRITEBYTECODE=1",
        "FASTMCP_CHECK_FOR_UPDATES=off", server,
    ])


class Trial:
    """One mode."""

    def __init__(self, report, program, world, api, out, server, mode):
        self.report, self.world, self.api, self.mode = report, world, api, mode
        self.home, self.spied = out / mode / "home", out / mode / "spied"
        self.spied.mkdir(parents=True)
        self.home.mkdir()
        # What is watched for: the credentials, and the key to the vault but for the program that has it.
        self.marks = Marks({"key": KEY, "secret": SECRET, "vault": world["keys"]["app"]})
        self.server = spied_server(server, self.spied)
        self.cli = Program(program, self.home, env={
            "ORG_ID": ORG, "ALTER_BASE_URL": world["url"], "ALTER_API_KEY": world["keys"]["app"],
        })
        self.configure("altr-mapi")

    def check(self, what, true, detail=""):
        return self.report.check(f"{self.mode}: {what}", true, detail)

    def configure(self, provider):
        grant = f'source = "alter"\nprovider = "{provider}"\n'
        text = "".join(f"[credentials.{name}]\n{grant}" for name in ("MAPI_KEY", "MAPI_SECRET"))
        for name, path in URLS.items():
            text += f'[credentials.{name}]\n{grant}mode = "{self.mode}"\norigin = "{self.api.url}{path}"\n'
        folder = self.home / ".config/altr"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.toml").write_text(text)

    def call(self, *line, **more):
        return self.cli(*line, "--mcp-command", self.server, "--output", "json", **more)

    def journal(self, path):
        with urllib.request.urlopen(f"{self.world['url']}/_control/journal", timeout=10) as answer:
            entries = json.load(answer)
        return [entry for entry in entries if entry["request"]["path"].startswith(path)]

    def spied_on(self, name):
        return {path.name.split(".")[0]: path.read_bytes() for path in self.spied.glob(f"*.{name}")}

    def given_away(self):
        """A server that does have the credentials is found out: the search is known to work."""
        with Watched(self.marks, self.home) as watch:
            given = {"MAPI_KEY": KEY, "MAPI_SECRET": SECRET, **{name: self.api.url + path for name, path in URLS.items()}}
            empty = self.home / "empty.toml"
            empty.write_text("")
            done = self.call("get-tags", "--mcp-config", str(empty), env=given)
            # What is seen off after the answer is not to be found in the next part.
            self.check("and is gone with its server", watch.gone())
        found = {mark for what, name, mark in watch.seen if what == "environ" and name != "altr"}
        told = self.marks.found(b"".join(self.spied_on("environ").values()))
        heard = self.marks.found(b"".join(self.spied_on("traffic").values()))
        seen = found == {"key", "secret"} and told == ["key", "secret"] and heard == ["basic"]
        self.check("what is given away is found", done.code == 0 and seen, (done, found, told, heard))
        for path in self.spied.iterdir():
            path.unlink()

    def tools(self, answers):
        """The tools work, and nobody is shown what they work with."""
        before, rows = len(self.api.requests()), len(self.journal("/sdk/oauth/audit/api-call"))
        said, outcomes = "", []
        with Watched(self.marks, self.home) as watch:
            for tool, line, _, wanted in CALLS:
                asked = len(self.api.requests())
                done = self.call(*line, "--mcp-reason", REASON, "--mcp-run-id", RUN)
                outcomes.append(done)
                said += done.out + done.err
                self.check(f"{tool} succeeds", done.code == 0, done)
                self.report.equal(f"{self.mode}: {tool} answers what it answers by itself", done.json(), answers[tool])
                made = self.api.requests()[asked:]
                right = [request for request in made if matches(request, wanted) and request["authorized"]]
                self.check(f"{tool} reaches the API with the real credentials", right, made)
            missing = self.call("disconnect-database", "--database-id", "11", "--yes", "--mcp-reason", REASON)
            said += missing.out + missing.err
            error = (missing.error() or {}).get("code")
            told = missing.code == 1 and error == "tool_error" and "404" in missing.out
            self.check("a tool that the API turns away with 404 exits 1", told, missing)
        made = self.api.requests()[before:]
        self.check("no request comes without them", made and all(request["authorized"] for request in made), made)
        self.check("nothing of it is said", not self.marks.found(said), said[-2000:])
        self.processes(watch)
        self.traffic()
        if self.mode == "proxy":
            self.rows(rows, made)
        else:
            self.forwarded(made)

    def processes(self, watch):
        """What every process was given, read while it ran."""
        servers = {pid: given for (pid, name), given in watch.given.items() if name not in ("altr", "env")}
        started = self.spied_on("environ")
        self.check(
            f"altr-mcp was looked at while it ran ({watch.looks} looks, {len(servers)} processes)",
            len(started) == len(CALLS) + 1 and set(started) <= set(servers), (sorted(started), sorted(servers)),
        )
        # The key to the vault is the program's own, and stays there.
        seen = [found for found in watch.seen if found != ("environ", "altr", "vault")]
        self.check("no process shows a secret, in its environment or on its line", not seen, seen)
        for name in ("environ", "argv"):
            found = {pid: self.marks.found(given) for pid, given in self.spied_on(name).items()}
            self.check(f"altr-mcp has none in its {name}", not any(found.values()), found)
        stand_ins, bases = set(), set()
        for given in started.values():
            pairs = dict(pair.split(b"=", 1) for pair in given.split(b"\0") if b"=" in pair)
            self.check_given(pairs)
            stand_ins |= {pairs.get(b"MAPI_KEY", b""), pairs.get(b"MAPI_SECRET", b"")}
            bases |= {pairs.get(name.encode(), b"") for name in URLS}
        self.stand_ins, self.bases = {one.decode() for one in stand_ins}, {base.decode() for base in bases}
        self.check("every run has a stand-in of its own", len(stand_ins) >= len(started) and b"" not in stand_ins, stand_ins)
        here = all(base.startswith("http://127.0.0.1:") for base in self.bases)
        self.check("the addresses are of this machine", here and len(self.bases) >= len(started), self.bases)

    def check_given(self, pairs):
        keys = [name for name in pairs if name in (b"ALTER_API_KEY", b"AGENT_API_KEY")]
        if keys or pairs.get(b"ORG_ID") != ORG.encode():
            self.check("altr-mcp is given what it is to be given", False, sorted(pairs))

    def traffic(self):
        """What altr-mcp said and heard."""
        traffic = b"".join(self.spied_on("traffic").values())
        found = self.marks.found(traffic)
        self.check(f"none of {len(traffic)} bytes that it sends and receives is one", traffic and not found, found)
        right = b"GET " in traffic and b"/v1/tag/masking" in traffic and b"STOPLIGHT" in traffic
        self.check("and these were its requests", right, traffic[:2000])
        basics = {
            base64.b64encode(f"{key}:{secret}".encode()) for key in self.stand_ins for secret in self.stand_ins
        }
        self.check("which have the stand-ins", any(basic in traffic for basic in basics))
        peers = {peer for peers in self.spied_on("peers").values() for peer in peers.decode().split()}
        bases = {base.split("/")[2] for base in self.bases}
        self.check("it speaks to the program alone", peers and peers <= bases, (peers, bases))

    def rows(self, before, made):
        """The vault is told of each request: whose it is, why it was made, and sizes."""
        rows = self.journal("/sdk/oauth/audit/api-call")[before:]
        self.report.equal(f"{self.mode}: the vault has a row for each request", len(rows), len(made))
        bodies = [row["request"]["body"] for row in rows]
        sized = [body for body in bodies if body.get("request_body") or body.get("response_body")]
        only = all(
            value is None or (value.startswith("<body: ") and value.endswith(" bytes>"))
            for body in sized for value in (body["request_body"], body["response_body"])
        )
        self.check("with sizes, and no bodies", len(sized) == len(bodies) and only, bodies)
        posts = [body for body in bodies if body["method"] == "POST" and body["url"].endswith("/policy")]
        self.check("of what was sent too", posts and all(post["request_body"] for post in posts), posts)
        self.report.equal(f"{self.mode}: and the reason", {body["reason"] for body in bodies}, {REASON})
        self.attributed([body["context"] for body in bodies])
        statuses = sorted(body["response_status"] for body in bodies)
        self.report.equal(f"{self.mode}: and what the API said", statuses, sorted(one["status"] for one in made))
        found = self.marks.found(json.dumps(bodies))
        self.check("no row has a secret", not found, found)

    def forwarded(self, made):
        """The vault makes each request: it is told whose it is and why, and no secret leaves it."""
        calls = self.journal("/sdk/proxy")
        self.report.equal(f"{self.mode}: the vault makes each request", len(calls), len(made))
        contexts = []
        for call in calls:
            headers = {name.lower(): value for name, value in call["request"]["headers"]}
            contexts.append(json.loads(headers.get("x-alter-context", "{}")))
        self.attributed(contexts)
        reasons = {call["request"]["body"].get("reason") for call in calls}
        self.report.equal(f"{self.mode}: and knows the reason", reasons, {REASON})
        self.report.equal(f"{self.mode}: no credential comes to this machine", self.journal("/sdk/token"), [])

    def attributed(self, contexts):
        tools = {context.get("tool") for context in contexts}
        wanted = {tool for tool, *_ in CALLS} | {"disconnect_database"}
        self.report.equal(f"{self.mode}: with the tool", tools, wanted)
        of_run = {context.get("run_id") for context in contexts if context.get("tool") != "disconnect_database"}
        self.report.equal(f"{self.mode}: with the run", of_run, {RUN})

    def revoked(self):
        """A grant that was taken back. Of itself altr-mcp answers with an empty list."""
        self.configure("revoked-test")
        before = len(self.api.requests())
        for line in (["get-tags"], ["get-roles"], ["create-policy", "--tag", "STOPLIGHT"]):
            done = self.call(*line)
            error = done.error() or {}
            told = done.code in (3, 4) and error.get("exit") == done.code and error.get("hint")
            self.check(f"{line[0]} with a revoked grant exits {done.code}, with a way out", told, done)
        self.report.equal(f"{self.mode}: nothing reaches the API", len(self.api.requests()), before)
        looked = self.cli("self", "doctor", "--output", "json").json() or {}
        grant = [found for found in looked.get("findings", []) if found["subject"] == "grant revoked-test"]
        self.check("the doctor says so", [found.get("status") for found in grant] == ["revoked"], looked)
        self.configure("altr-mapi")

    def run(self, answers):
        self.given_away()
        self.tools(answers)
        self.revoked()


def requests(times):
    """How long each request took that a server made, in milliseconds: from its connection to the last byte."""
    sockets = {}
    for line in times.decode().splitlines():
        name, what, at = line.split()
        begun, ended = sockets.get(name, (int(at), int(at)))
        sockets[name] = (begun, int(at) if what == "in" else ended)
    return [(ended - begun) / 1e6 for begun, ended in sockets.values()]


def cost(report, trials, api, server, out):
    """How long a request takes, and a whole call: directly, and by the vault."""
    home = out / "direct"
    home.mkdir()
    urls = {name: f"{api.url}{path}" for name, path in URLS.items()}
    given = {"ORG_ID": ORG, "MAPI_KEY": KEY, "MAPI_SECRET": SECRET, **urls}
    ways = {"direct": Program(trials[0].cli.path, home, env=given), **{trial.mode: trial.cli for trial in trials}}
    whole, asked = {name: [] for name in ways}, {name: [] for name in ways}
    for turn in range(RUNS + 1):
        # Each is the first as often as the others: what one leaves running is the next one's burden.
        names = sorted(ways, key=lambda name: (list(ways).index(name) + turn) % len(ways))
        for name in names:
            spied = out / f"{name}-{turn}"
            spied.mkdir()
            done = ways[name]("get-tags", "--mcp-command", spied_server(server, spied))
            took = [time for path in spied.glob("*.times") for time in requests(path.read_bytes())]
            # The first turn fills the caches.
            if turn and done.code == 0 and len(took) == 1:
                whole[name].append(done.seconds * 1000)
                asked[name] += took
    right = all(len(taken) == RUNS for taken in (*whole.values(), *asked.values()))
    if not report.check("every call that is measured succeeds, with one request", right, (whole, asked)):
        return
    for what, times in (("a request", asked), ("a call", whole)):
        for name, taken in times.items():
            least, middle, most = (of(taken) for of in (min, statistics.median, max))
            print(f"     {what}, {name}: {middle:.1f} ms at the median of {RUNS}, {least:.1f} to {most:.1f}")
    for trial in trials:
        pairs = zip(whole[trial.mode], whole["direct"])
        print(f"     {trial.mode}: a call {statistics.median(a - b for a, b in pairs):+.0f} ms, at the median of its turns")
        more = statistics.median(asked[trial.mode]) - statistics.median(asked["direct"])
        report.check(f"{trial.mode}: a request {more:+.1f} ms beside a direct one", more <= SLOWER, asked)


def main():
    mcpress, *home = sys.argv[1:]
    home = Path(home[0] if home else os.environ.get("MCPRESS_REAL_DIR", ROOT / "target/real")).resolve()
    if not FAKE.is_file():
        print(f"no {FAKE}: left out")
        return 0
    server, out = str(home / "servers/py/bin/altr-mcp"), home / "out" / "altr-broker"
    if not Path(server).is_file():
        print(f"FAIL there is no {server}: tests/real/run installs it")
        return 1
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    report, api, program = Report(), Api(out / "api.log"), out / "altr"
    slots = ["ORG_ID", "MAPI_KEY", "MAPI_SECRET"]
    made = Program(str(Path(mcpress).resolve()), out)(
        "generate-cli", "--command", server, "--name", "altr", "--broker", "--bundle", str(program),
        *(part for slot in slots for part in ("--env", f"{slot}=made-up")),
        *(part for name in URLS for part in ("--env", f"{name}?")), timeout=600,
    )
    report.check("a program is made, with values that are made up", made.code == 0, made)
    urls = {name: f"{api.url}{path}" for name, path in URLS.items()}
    given = {**os.environ, "ORG_ID": ORG, "MAPI_KEY": KEY, "MAPI_SECRET": SECRET, **urls}
    with Server([server], env=given) as bare:
        answers = {tool: bare.call(tool, **arguments)["structuredContent"] for tool, _, arguments, _ in CALLS}
    trials = []
    for mode in ("proxy", "forward"):
        # Each mode has a vault of its own, and so a journal.
        log = out / f"{mode}.log"
        with Started(log, sys.executable, "-B", str(FAKE), "--port", "0", "--provider-port", "0") as fake:
            trial = Trial(report, program, json.loads(fake.line), api, out, server, mode)
            report.part(mode, lambda trial=trial: trial.run(answers))
    with Started(out / "cost.log", sys.executable, "-B", str(FAKE), "--port", "0", "--provider-port", "0") as fake:
        world = json.loads(fake.line)
        for mode in ("proxy", "forward"):
            trials.append(Trial(report, program, world, api, out / "cost", server, mode))
        report.part("cost", lambda: cost(report, trials, api, server, out))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
