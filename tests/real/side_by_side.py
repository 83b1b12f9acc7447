"""Puts a generated command line beside the vendor's own client for Python, at the same backend.

    python3 side_by_side.py MCPRESS FIXTURE [HOME]

MCPRESS is a built mcpress, FIXTURE a built mcpress-fixture. Both clients do the same with
../shared/alter/fake_alter.py, without which there is nothing to hold them beside: a program of the server
`errand`, whose requests get their credential from the vault on the way, and the vendor's client, which is
asked for the same requests. Then the backend's journals are compared: the same endpoints in the same
number, the same headers under the signature, the same bodies, the same requests at the provider. What may
differ is written beside each scenario, and has to: a difference that is gone is told like one that is new.
Each check prints a line; any failure exits 1.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from alter_auth import FAKE, HERE, ROOT, Started, install
from program import Program
from report import Report

RUN = "11111111-2222-4333-8444-555555555555"
# What says when and not what: each is checked by the backend or by the API, and is new in every request.
FRESH = {
    "x-alter-timestamp", "x-alter-nonce", "x-alter-content-sha256", "x-alter-signature", "x-alter-signature-v2", "x-amz-date",
}
# What a client of HTTP says of itself.
OWN = {"host", "connection", "accept", "accept-encoding", "user-agent", "content-length", "transfer-encoding"}

# Where a difference may be, and why it is an improvement.
BODIES = (r"audit.*body\.(request|response)_(body|headers)", "the vault is told of sizes, not of bodies and all headers")
TRUE_URL = (r"audit.*body\.url", "the vault is told of the address that was asked")
MERGED = (r"provider.*target", "a credential in the query does not take the place of the query")
ONE_HEADER = (r"provider.*authorization", "there is one Authorization, the vault's")
NO_COOKIES = (r"provider.*cookie", "what one request is given, another does not say")
# What the two are asked for differently, and means the same.
IN_THE_URL = (r"proxy.*body\.(url|query_params)", "the query is where the server has put it")
SERVERS_OWN = (r"proxy.*body\.headers", "what the server says of its body goes along")
SESSION = (r"body\.sdk_correlation_id", "either has an id of its own for it")
NAMED = (r"derive.*body\.name", "the key has a name that the vault's operator can find it by")
ASKED_FOR = (r"connect/session 201 number", "a person is asked to give it anew")

ROUTE = """
[credentials.ERRAND_API_URL]
source = "alter"
mode = "MODE"
ADDRESS
origin = "ORIGIN"
[credentials.ERRAND_KEY]
source = "alter"
ADDRESS
[credentials.ERRAND_SECRET]
source = "alter"
ADDRESS
"""


def route(mode, **address):
    lines = "\n".join(f'{name} = "{value}"' for name, value in address.items())
    return ROUTE.replace("MODE", mode).replace("ADDRESS", lines)


def get(provider, path="things", mode="proxy", more=(), **query):
    """One GET, as either asks for it."""
    target = path + ("?" + "&".join(f"{name}={value}" for name, value in query.items()) if query else "")
    call = {"do": "proxy_request" if mode == "forward" else "request", "path": f"/{path}", "provider": provider, **dict(more)}
    if query:
        call["query_params"] = query
    return {"calls": [call], "config": route(mode, provider=provider), "line": ["get", "--path", target]}


def post(provider, body, mode="proxy", tool="post", method="POST"):
    call = {"do": "proxy_request" if mode == "forward" else "request", "method": method, "path": "/things",
            "provider": provider, "json": body}
    return {"calls": [call], "config": route(mode, provider=provider),
            "line": [tool, "--path", "things", "--body", json.dumps(body)]}


def after(path, order, **body):
    """Says something to the backend once it was asked that."""
    return {"during": (path, order, body)}


AUDITED = [BODIES]
REFUSED = ["revoked-test", "expired-test", "flagged"]
FORWARDED = [SERVERS_OWN]
SCENARIOS = {
    "a bearer": {**get("stripe-test"), "differ": AUDITED},
    "a query of one's own": {**get("stripe-test", x="1"), "differ": [*AUDITED, TRUE_URL]},
    "a body": {**post("stripe-test", {"name": "é", "n": [1, 2.5, None]}), "differ": AUDITED},
    "a put": {**post("stripe-test", [1], tool="put", method="PUT"), "differ": AUDITED},
    "two headers": {**get("datadog-test"), "differ": AUDITED},
    "a key in the query": {**get("query-test"), "differ": AUDITED},
    "a key in the query beside another": {
        "calls": [{"do": "request", "path": "/things?x=1", "provider": "query-test"}],
        "config": route("proxy", provider="query-test"), "line": ["get", "--path", "things?x=1"],
        "differ": [*AUDITED, MERGED, (r"token.*body\.request\.url", "the vault judges the place, not the query")],
    },
    "Basic": {**get("altr-mapi"), "differ": AUDITED},
    "a signature for AWS": {**get("aws-test", "bucket/key"), "differ": AUDITED},
    "a refreshed token": {**get("drifted"), "differ": AUDITED},
    "a redirect": {**get("stripe-test", "redirect"), "differ": AUDITED},
    "a provider that says no": {**get("stripe-test", "status/401"), "differ": AUDITED},
    "a provider in trouble": {**get("stripe-test", "status/500"), "differ": AUDITED},
    "too few scopes": {**get("drifted", "insufficient-scope"), "differ": [*AUDITED, SESSION, ASKED_FOR]},
    "a reason": {
        **get("stripe-test", more={"reason": "to see"}), "more": ["--mcp-reason", "to see"], "differ": AUDITED,
    },
    "a header of the caller's": {
        "calls": [{"do": "request", "path": "/things", "provider": "stripe-test",
                   "extra_headers": {"X-More": "1", "authorization": "Basic mine"}}],
        "config": route("proxy", provider="stripe-test"),
        "line": ["request", "--target", "/things", "--headers", '{"X-More": "1"}'],
        "differ": [*AUDITED, ONE_HEADER],
    },
    "two in a row": {
        "calls": [{"do": "request", "path": "/things", "provider": "stripe-test"}] * 2,
        "config": route("proxy", provider="stripe-test"), "line": ["many", "--path", "things", "--n", "2"],
        "differ": [*AUDITED, NO_COOKIES, (r"token.*number", "a credential is asked for once a run")],
    },
    "forwarded": {**get("stripe-test", mode="forward"), "differ": []},
    "forwarded with a query": {**get("stripe-test", mode="forward", x="1"), "differ": [IN_THE_URL]},
    "forwarded with a body": {**post("stripe-test", {"name": "é"}, mode="forward"), "differ": FORWARDED},
    "forwarded, restricted": {**get("restricted", mode="forward"), "differ": []},
    "forwarded to a provider that says no": {**get("stripe-test", "status/404", mode="forward"), "differ": []},
    "approved": {
        **post("approval-test", {"a": 1}, mode="forward"), **after("/sdk/proxy", "approval", outcome="approve"),
        "differ": FORWARDED,
    },
    "denied": {
        **get("approval-test", mode="forward"), **after("/sdk/proxy", "approval", outcome="deny"), "differ": [],
    },
    "failed": {
        **get("approval-test", mode="forward"), **after("/sdk/proxy", "approval", outcome="fail"), "differ": [],
    },
    "connected": {
        "calls": [{"do": "connect", "provider": "notion"}], "config": "",
        "line": ["auth", "connect", "notion", "--wait"], "of_no_tool": True,
        **after("/sdk/oauth/connect/session/poll", "connect", outcome="complete"), "differ": [],
    },
    "not connected": {
        "calls": [{"do": "connect", "provider": "notion"}], "config": "",
        "line": ["auth", "connect", "notion", "--wait"], "of_no_tool": True,
        **after("/sdk/oauth/connect/session/poll", "connect", outcome="deny"), "differ": [],
    },
    "a key of a few minutes": {
        "calls": [{"do": "derive", "expires_in": 900,
                   "scopes": ["tokens:retrieve", "proxy:execute", "connect:initiate", "audit:emit"]}],
        "config": '[credentials.AGENT_API_KEY]\nsource = "alter"\nmode = "derive"\n', "line": ["environment"],
        "differ": [NAMED],
    },
    "no grant": {**get("notion", more={"recover": True}), "differ": []},
    "a deleted grant": {**get("deleted-test"), "differ": [ASKED_FOR]},
    "a broken grant": {**get("broken-test", more={"recover": True}), "differ": []},
    **{f"a grant that is {provider}": {**get(provider), "differ": [ASKED_FOR]} for provider in REFUSED},
    "a proxy alone": {**get("restricted"), "differ": []},
    "several": {
        "calls": [{"do": "request", "path": "/things", "provider": "slack", "user_token": "USER"}],
        "config": route("proxy", provider="slack", user_token="env:THE_USER"), "line": ["get", "--path", "things"],
        "differ": [],
    },
    "one of several": {
        "calls": [{"do": "request", "path": "/things", "provider": "slack", "user_token": "USER", "label": "work"}],
        "config": route("proxy", provider="slack", user_token="env:THE_USER", label="work"),
        "line": ["get", "--path", "things"], "differ": AUDITED,
    },
    "by its id": {
        "calls": [{"do": "request", "path": "/things", "grant_id": "BEARER"}],
        "config": route("proxy", grant_id="BEARER"), "line": ["get", "--path", "things"], "differ": AUDITED,
    },
}


class Trial:
    """The backend, a program, and the vendor's client."""

    def __init__(self, report, mcpress, fixture, python, world, out):
        self.report, self.python, self.world, self.out = report, python, world, out
        artifact = out / "errand"
        made = Program(mcpress, out)(
            "generate-cli", "--command", f"{fixture} errand", "--name", "errand", "--broker", "--bundle", str(artifact),
        )
        report.check("a program is made", made.code == 0, made)
        self.user = world["users"]["alice"]["jwt"]
        self.program = Program(artifact, out, env={
            "ALTER_BASE_URL": world["url"], "ALTER_API_KEY": world["keys"]["app"], "THE_USER": self.user,
        })

    def control(self, order, **body):
        data = json.dumps(body).encode()
        request = urllib.request.Request(f"{self.world['url']}/_control/{order}", data=data, method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def fill(self, text):
        places = {"ORIGIN": self.world["provider_url"], "BEARER": self.world["grants"]["bearer"], "USER": self.user}
        return re.sub("ORIGIN|BEARER|(?<!_)USER", lambda place: places[place[0]], text)

    def finish(self, process, during, stdin=""):
        """Waits for a process, and says what there is to say in the meantime."""
        if process.stdin:
            process.stdin.write(stdin)
            process.stdin.close()
        if during:
            path, order, body = during
            end = time.monotonic() + 15
            while time.monotonic() < end and process.poll() is None:
                if any(entry["request"]["path"] == path for entry in self.control("journal")):
                    self.control(order, **body)
                    break
                time.sleep(0.05)
        process.wait(60)
        said = process.stdout.read() + process.stderr.read()
        process.stdout.close()
        process.stderr.close()
        return said

    def vendor(self, scenario):
        self.control("reset")
        tool = scenario["line"][0]
        context = {} if scenario.get("of_no_tool") else {"tool": tool, "run_id": RUN, "framework": "mcpress"}
        argv = [self.python, "-B", str(HERE / "alter_calls.py"), self.world["provider_url"], self.world["keys"]["app"]]
        process = subprocess.Popen(
            argv + ([json.dumps(context)] if context else []), text=True, env={**os.environ, "ALTER_BASE_URL": self.world["url"]},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        said = self.finish(process, scenario.get("during"), self.fill(json.dumps(scenario["calls"])))
        return said, self.control("journal")

    def ours(self, scenario):
        self.control("reset")
        config = self.out / "config.toml"
        config.write_text(self.fill(scenario["config"]))
        process = self.program.start(
            *scenario["line"], *scenario.get("more", []), "--mcp-config", str(config), "--mcp-run-id", RUN, "-o", "json"
        )
        said = self.finish(process, scenario.get("during"))
        return said, self.control("journal")

    def run(self, name, scenario):
        vendor_said, vendor = self.vendor(scenario)
        said, ours = self.ours(scenario)
        wrong = [entry for entry in ours if (entry.get("signature") or {}).get("problem")]
        if wrong:
            self.report.check(f"{name}: signatures", False, wrong)
        found = differences(exchanges(vendor), exchanges(ours))
        allowed = scenario["differ"]
        new = [line for line in found if not any(re.search(place, line) for place, _ in allowed)]
        gone = [why for place, why in allowed if not any(re.search(place, line) for line in found)]
        detail = [f"new: {line}" for line in new] + [f"gone: {why}" for why in gone]
        if detail:
            detail += [f"vendor said {vendor_said.strip()[-200:]}", f"ours said {said.strip()[-400:]}"]
        self.report.check(name, not detail and len(vendor) > 0, "\n".join(detail))


def exchanges(journal):
    """What was asked, by endpoint, without what says when."""
    found = {}
    for entry in journal:
        request = entry["request"]
        headers = {}
        for header, value in request["headers"]:
            header = header.lower()
            if header in OWN:
                continue
            # A signature is another every second; what it is of is not.
            value = re.sub(r"(AWS4-HMAC-SHA256 Credential=[^/]+/).*(SignedHeaders=[^,]+).*", r"\1… \2", value)
            headers.setdefault(header, []).append("…" if header in FRESH else value)
        if entry["listener"] == "alter":
            headers = {name: values for name, values in headers.items() if name.startswith("x-") or name == "content-type"}
            if "x-alter-context" in headers:
                headers["x-alter-context"] = json.loads(headers["x-alter-context"][0])
            if isinstance(request["body"], dict):
                request["body"].pop("latency_ms", None)
        place = f"{entry['listener']} {request['method']} {request['path']} {entry['response']['status']}"
        said = {"headers": headers, "body": request["body"]}
        if entry["listener"] == "provider":
            said["target"] = request["target"]
        # A wait is as many requests as it takes.
        polls = "/sdk/approvals/" in place or place.split()[2].endswith("/poll")
        if polls and place in found:
            continue
        found.setdefault(place, []).append(said)
    return found


def differences(vendor, ours):
    """A line for each place where the two differ."""
    found = []
    for place in sorted({*vendor, *ours}):
        theirs, mine = vendor.get(place, []), ours.get(place, [])
        if len(theirs) != len(mine):
            found.append(f"{place} number: {len(theirs)} {len(mine)}")
        for one, other in zip(theirs, mine):
            walk(place, one, other, found)
    return found


def walk(place, one, other, found):
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            walk(f"{place}.{key}" if " body" in place or " headers" in place else f"{place} {key}",
                 one.get(key), other.get(key), found)
    elif one != other:
        found.append(f"{place}: {json.dumps(one)[:200]} {json.dumps(other)[:200]}")


def main():
    mcpress, fixture, *home = sys.argv[1:]
    home = Path(home[0] if home else os.environ.get("MCPRESS_REAL_DIR", ROOT / "target/real")).resolve()
    if not FAKE.is_file():
        print(f"no {FAKE}: left out")
        return 0
    servers, out = home / "servers", home / "out" / "side"
    servers.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    python = install(servers)
    report = Report()
    with Started(out / "alter.log", sys.executable, "-B", str(FAKE)) as fake:
        world = json.loads(fake.line)
        trial = Trial(report, str(Path(mcpress).resolve()), str(Path(fixture).resolve()), python, world, out)
        only = os.environ.get("ONLY", "").split(",") if os.environ.get("ONLY") else SCENARIOS
        for name in only:
            report.part(name, lambda name=name: trial.run(name, SCENARIOS[name]))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
