"""altr-mcp behind its generated command line: the command lines of its README, and what goes wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path

from exchange import Server
from program import Program

HERE = Path(__file__).resolve().parent
CREDENTIALS = {"ORG_ID": "acme", "MAPI_KEY": "key-of-the-suite", "MAPI_SECRET": "s3cr3t-of-the-suite"}
RULES = [{"masking_policy": 10001, "role": "PUBLIC", "tag_value": "red"}]
TOOLS = 172

# The README's commands: what is typed, the tool and arguments it stands for, and the request that
# must reach the API (the last one, where a tool makes several).
COMMANDS = [
    (["get-databases"], "get_databases", {}, {"method": "GET", "path": "/api/databases"}),
    (
        ["get-database-id", "--database-name", "my_database"],
        "get_database_id", {"database_name": "my_database"},
        {"method": "GET", "query": {"friendlyDatabaseName": "my_database"}},
    ),
    (
        ["create-policy", "--tag", "STOPLIGHT"],
        "create_policy", {"tag": "STOPLIGHT"},
        {"method": "POST", "body": {"identifier": "STOPLIGHT", "type": "TAG"}},
    ),
    (
        ["add-rules", "--policy-id", "TAG#abc123", "--rules", json.dumps(RULES)],
        "add_rules", {"policy_id": "TAG#abc123", "rules": RULES},
        {
            "method": "PATCH",
            "path": "/v1/unified-policy/management/policy/TAG%23abc123/rules/batch",
            "body": {"rules": [{"action": "PUT", "rule": RULES[0]}]},
        },
    ),
    (
        ["search-query-audits", "--limit", "10"],
        "search_query_audits", {"limit": 10},
        {"method": "POST", "path": "/v1/query-audits/search", "query": {"limit": "10"}},
    ),
    (["get-tags"], "get_tags", {}, {"method": "GET", "path": "/v1/tag/masking"}),
    (["get-roles"], "get_roles", {}, {"method": "GET", "path": "/api/userGroups"}),
]
# altr-mcp answers these two with an empty list when the API refuses or is away: nothing shows it.
SILENT = {"get_tags", "get_roles"}


class Api:
    """The stand-in for the ALTR API, as a process of its own, and its log."""

    def __init__(self, log):
        self.log = Path(log)
        self.log.write_text("")
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "altr_api.py"), str(log)],
            env={**os.environ, **CREDENTIALS}, stdout=subprocess.PIPE, text=True,
        )
        self.url = self.process.stdout.readline().split()[-1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def requests(self):
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]


def server_environment(url):
    """What altr-mcp is given: the three credentials, and the addresses of the stand-in."""
    return {**CREDENTIALS, "ALTR_API_BASE_URL": url, "ALTR_ALTRNET_BASE_URL": url}


def bare_answers(command, url):
    """The structured answer to each command, asked for without any command line around the server."""
    env = {**os.environ, **server_environment(url)}
    with Server(command, env=env) as server:
        return {
            tool: server.call(tool, **arguments)["structuredContent"]
            for _, tool, arguments, _ in COMMANDS
        }


def check_api(report, command, api):
    """The stand-in itself, through altr-mcp alone: so that its faults are not taken for ours."""
    answers = bare_answers(command, api.url)
    for argv, tool, _, wanted in COMMANDS:
        answer = answers[tool]
        report.check(f"api: {tool} succeeds", answer["success"] and refusal(answer) is None, answer)
        seen = [request for request in api.requests() if matches(request, wanted)]
        report.check(f"api: {tool} arrives as it should", seen and seen[-1]["authorized"], wanted)
    env = {**os.environ, **server_environment(api.url), "MAPI_SECRET": "wrong"}
    with Server(command, env=env) as server:
        answer = server.call("get_databases")["structuredContent"]
        report.equal("api: wrong credentials are 401", answer["data"].get("status_code"), 401)
    with Server(command, env={**os.environ, **server_environment(api.url)}) as server:
        answer = server.call("disconnect_database", database_id=11)["structuredContent"]
        report.equal("api: the rest is 404", answer["data"].get("status_code"), 404)


def refusal(value):
    """The first object with `success: false` anywhere in an answer."""
    if isinstance(value, dict):
        if value.get("success") is False:
            return value
        value = list(value.values())
    if isinstance(value, list):
        return next((found for found in map(refusal, value) if found), None)
    return None


def matches(request, wanted):
    return all(request[part] == value for part, value in wanted.items())


def generate(mcpress, server, artifact, kind, cwd, crate):
    """Presses altr-mcp: `kind` is --compile or --bundle."""
    slots = [*CREDENTIALS, "ALTR_API_BASE_URL?", "ALTR_ALTRNET_BASE_URL?"]
    return mcpress(
        "generate-cli", "--command", server, "--name", "altr-cli", "--out", str(crate),
        *(part for slot in slots for part in ("--env", slot)),
        kind, str(artifact), timeout=1800,
    )


def check_commands(report, label, cli, api, answers):
    """The README's commands, as text and as JSON."""
    for argv, tool, _, wanted in COMMANDS:
        before = len(api.requests())
        text = cli(*argv)
        name = f"{label}: {' '.join(argv)}"
        report.check(f"{name} exits 0", text.code == 0, text)
        made = api.requests()[before:]
        report.check(f"{name} reaches the API", any(matches(r, wanted) for r in made), made or text)
        report.check(f"{name} shows the answer", all(w in text.out for w in words(answers[tool])), text)
        shown = cli(*argv, "--output", "json")
        report.check(f"{name} --output json exits 0", shown.code == 0, shown)
        report.equal(f"{name} --output json is the structured answer", shown.json(), answers[tool])
    short = cli("get-databases", "-o", "json")
    report.equal(f"{label}: get-databases -o json", short.json(), answers["get_databases"])


def words(value):
    """The strings of an answer: a text rendering may lay them out as it likes, but shows them."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [word for item in value for word in words(item)] if isinstance(value, list) else []


def check_failures(report, label, cli, api):
    """Wrong and missing credentials, an API that is away, a wrong command line."""
    for argv, tool, *_ in COMMANDS:
        if tool in SILENT:
            continue
        wrong = cli(*argv, env={"MAPI_SECRET": "wrong"})
        said = wrong.out + wrong.err
        report.equal(f"{label}: {argv[0]} with wrong credentials exits 1", wrong.code, 1)
        report.check(f"{label}: {argv[0]} with wrong credentials says 401", "401" in said, wrong)
        away = {"ALTR_API_BASE_URL": "http://127.0.0.1:1", "ALTR_ALTRNET_BASE_URL": "http://127.0.0.1:1"}
        lost = cli(*argv, env=away)
        report.equal(f"{label}: {argv[0]} without the API exits 1", lost.code, 1)
        said = lost.out + lost.err
        report.check(f"{label}: {argv[0]} without the API says why", "ConnectError" in said, lost)
    wrong = cli("get-databases", "--output", "json", env={"MAPI_SECRET": "wrong"})
    report.equal(f"{label}: a failure as JSON names its exit code", (wrong.error() or {}).get("exit"), 1)

    before = len(api.requests())
    bare = cli("get-databases", without=tuple(CREDENTIALS))
    report.equal(f"{label}: no credentials exits 3", bare.code, 3)
    report.check(
        f"{label}: no credentials names all three", all(name in bare.err for name in CREDENTIALS), bare
    )
    one = cli("get-databases", without=("MAPI_SECRET",))
    report.check(
        f"{label}: one credential missing names that one",
        one.code == 3 and "MAPI_SECRET" in one.err and "ORG_ID" not in one.err, one,
    )
    for argv, wanted in [
        (["create-policy"], "--tag"),
        (["create-policy", "--tagg", "X"], "--tag"),
        (["get-database"], "get-databases"),
        (["search-query-audits", "--limit", "ten"], "ten"),
    ]:
        usage = cli(*argv, without=tuple(CREDENTIALS))
        name = f"{label}: {' '.join(argv)} is a usage error that says {wanted}"
        report.check(name, usage.code == 2 and wanted in usage.err and not usage.out, usage)
    report.equal(f"{label}: none of these reached the API", len(api.requests()), before)


def check_offline(report, label, cli, api):
    """What needs neither the server nor credentials."""
    before = len(api.requests())
    overview = cli("--help", without=tuple(CREDENTIALS))
    report.check(f"{label}: --help exits 0", overview.code == 0 and not overview.err, overview)
    tools = cli("self", "tools", "--output", "json", without=tuple(CREDENTIALS))
    entries = tools.json()
    if isinstance(entries, dict):
        entries = entries.get("tools")
    if report.check(f"{label}: self tools --output json lists them", isinstance(entries, list), tools):
        report.equal(f"{label}: self tools has {TOOLS} entries", len(entries), TOOLS)
    shown = [argv[0] for argv, *_ in COMMANDS if argv[0] not in overview.out]
    report.equal(f"{label}: --help lists the commands", shown, [])
    one = cli("add-rules", "--help", without=tuple(CREDENTIALS))
    flags = all(flag in one.out for flag in ("--policy-id", "--rules", "--output"))
    report.check(f"{label}: add-rules --help shows its flags", one.code == 0 and flags, one)
    dry = cli("create-policy", "--tag", "X", "--dry-run")
    params = (dry.json() or {}).get("params")
    report.equal(
        f"{label}: --dry-run prints the request", params,
        {"name": "create_policy", "arguments": {"tag": "X"}},
    )
    (rule,) = RULES
    typed = ",".join(
        f"{key}={value}" if isinstance(value, str) else f"{key}:={json.dumps(value)}"
        for key, value in rule.items()
    )
    short = cli("add-rules", "--policy-id", "TAG#abc123", "--rules", typed, "--dry-run")
    arguments = ((short.json() or {}).get("params") or {}).get("arguments")
    report.equal(
        f"{label}: a rule can be typed without JSON", arguments,
        {"policy_id": "TAG#abc123", "rules": RULES},
    )
    line = cli("self", "explain", "add-rules", "--args", json.dumps(arguments), "--output", "json")
    again = cli(*((line.json() or {}).get("argv") or ["-"])[1:], "--dry-run")
    report.equal(f"{label}: self explain writes the line again", again.json(), short.json())
    hidden = CREDENTIALS["MAPI_SECRET"] not in dry.out + dry.err
    report.check(f"{label}: --dry-run shows no secret", hidden, dry)
    report.equal(f"{label}: none of these reached the API", len(api.requests()), before)


def check_secrets(report, label, *places):
    """No value given at generation is in what was generated."""
    for place in places:
        place = Path(place)
        files = [place] if place.is_file() else [file for file in place.rglob("*") if file.is_file()]
        found = [
            str(file) for file in files
            if any(CREDENTIALS[name].encode() in file.read_bytes() for name in ("MAPI_KEY", "MAPI_SECRET"))
        ]
        report.check(f"{label}: no credential in {place.name}", files and not found, found or "no files")


def program(artifact, home, url, **more):
    return Program(artifact, home, env=server_environment(url), **more)
