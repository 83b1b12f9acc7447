"""A local stand-in for the ALTR HTTP API, enough of it that altr-mcp can be called for real.

    MAPI_KEY=… MAPI_SECRET=… python3 altr_api.py LOG

It listens on a free port of 127.0.0.1, says so on its first line, and appends one JSON line to LOG
for every request: what was asked, and whether the credentials were the ones of its own environment.
Credentials themselves are never written. It keeps no state: the same request has the same answer.

Point altr-mcp at it with ALTR_API_BASE_URL and ALTR_ALTRNET_BASE_URL.
"""

import base64
import hmac
import json
import os
import re
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DATABASES = [
    {
        "id": 11,
        "friendlyDatabaseName": "my_database",
        "databaseName": "MY_DATABASE",
        "databaseType": "snowflake_external_functions",
        "status": "connected",
    },
    {
        "id": 12,
        "friendlyDatabaseName": "Größe & Co.",
        "databaseName": "GROESSE",
        "databaseType": "databricks",
        "status": "in progress",
    },
]
ROLES = ["PUBLIC", "ANALYST", "ADMIN"]
TAGS = [
    {"tag_group_id": "9b2d", "tag_name": "STOPLIGHT", "database_id": 11, "schema_name": "PUBLIC"},
    {"tag_group_id": "77aa", "tag_name": "PII", "database_id": 11, "schema_name": "HR"},
]
MASKS = range(10000, 10005)


class Refused(Exception):
    """An answer other than 200, raised by the route that gives it."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def list_databases(query, _body):
    wanted = query.get("friendlyDatabaseName")
    found = [d for d in DATABASES if wanted is None or d["friendlyDatabaseName"] == wanted]
    return {"success": True, "data": {"count": len(found), "databases": found}}


def list_roles(query, _body):
    page = ROLES[int(query.get("offset", 0)):][:2]  # two a page, so that the client has to turn it
    groups = [{"userGroupName": name} for name in page]
    return {"success": True, "data": {"count": len(ROLES), "userGroups": groups}}


def list_tags(_query, _body):
    return {"items": TAGS, "has_more": False}


def list_policies(query, _body):
    kind = query.get("policy_type")
    if kind is None:
        raise Refused(400, "policy_type is required")
    policies = [{"policy_id": "TAG#abc123", "tag": "STOPLIGHT", "rules": 1}] if kind == "TAG" else []
    return {"success": True, "data": {"policies": policies}}


def create_policy(_query, body):
    if not isinstance(body, dict) or not body.get("identifier"):
        raise Refused(400, "identifier is required")
    kind = body.get("type", "TAG")
    return {"success": True, "data": {"policy_id": f"{kind}#{body['identifier'].lower()}"}}


def list_masks(_query, _body):
    return {"success": True, "data": [{"masking_type": mask} for mask in MASKS]}


def add_rules(_query, body, policy):
    if not policy.startswith("TAG#"):
        raise Refused(404, f"no policy {policy}")
    rules = [change["rule"] for change in body["rules"]]
    items = [{"rule_id": f"{policy}#{at}", **rule} for at, rule in enumerate(rules, 1)]
    return {"success": True, "data": {"policy_id": policy, "items": items}}


def search_query_audits(query, _body):
    limit = int(query.get("limit", 10000))
    if not 1 <= limit <= 10000:
        raise Refused(400, "limit must be between 1 and 10000")
    return {"success": True, "data": {"search_uuid": "1c1a4b02-5d1e-4f0c-9d0a-3f1f1a2b3c4d", "limit": limit}}


POLICY = "/v1/unified-policy/management/policy"
ROUTES = [
    ("GET", "/api/databases", list_databases),
    ("GET", "/api/userGroups", list_roles),
    ("GET", "/v1/tag/masking", list_tags),
    ("GET", POLICY, list_policies),
    ("POST", POLICY, create_policy),
    ("GET", POLICY + "/rules/supportedMaskingTypes", list_masks),
    ("PATCH", POLICY + "/([^/]+)/rules/batch", add_rules),
    ("POST", "/v1/query-audits/search", search_query_audits),
]


def answer(method, path, query, body):
    """The answer's status and JSON value. A path is matched while still percent-encoded."""
    for verb, pattern, route in ROUTES:
        match = re.fullmatch(pattern, path)
        if verb == method and match:
            names = [urllib.parse.unquote(group) for group in match.groups()]
            try:
                return 200, route(query, body, *names)
            except Refused as refused:
                return refused.status, {"success": False, "message": str(refused)}
            except (KeyError, TypeError, ValueError) as error:
                return 400, {"success": False, "message": f"bad request: {error!r}"}
    return 404, {"success": False, "message": f"no such resource: {method} {path}"}


class Handler(BaseHTTPRequestHandler):
    """Reads one request, checks its credentials, logs it, answers it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def reply(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            body = json.loads(text) if text else None
        except ValueError:
            body = text.decode("utf-8", "replace")
        given = self.headers.get("Authorization", "")
        known = hmac.compare_digest(given.encode(), self.server.expected.encode())
        if known:
            status, value = answer(self.command, url.path, query, body)
        else:
            status, value = 401, {"success": False, "message": "Unauthorized"}
        self.server.log(
            method=self.command, path=url.path, query=query, body=body, authorized=known, status=status
        )
        payload = json.dumps(value, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = reply

    def log_message(self, *_):
        """Nothing on stderr: the log is the file."""


class Api(ThreadingHTTPServer):
    """The server, its expected credentials and its log."""

    daemon_threads = True

    def __init__(self, path, key, secret):
        super().__init__(("127.0.0.1", 0), Handler)
        self.expected = "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()
        self.lines = open(path, "a", encoding="utf-8", buffering=1)
        self.writing = threading.Lock()

    def log(self, **request):
        with self.writing:
            self.lines.write(json.dumps(request, ensure_ascii=False) + "\n")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    api = Api(sys.argv[1], os.environ["MAPI_KEY"], os.environ["MAPI_SECRET"])
    print(f"listening on http://127.0.0.1:{api.server_port}", flush=True)
    try:
        api.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
