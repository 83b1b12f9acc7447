"""Drives the vendor's own client for Python against a backend, scenario by scenario.

    python alter_client.py BACKEND PROVIDER_URL KEYS GRANTS [SCENARIO…]

KEYS and GRANTS are JSON objects, by name. For each scenario a line of JSON is printed, `{"scenario",
"outcome"}`: what the call came to, in words that do not depend on ports, times and ids. The backend's
journal is labelled by the scenario. It is run by the interpreter that the client is installed for.
"""

import asyncio
import base64
import json
import logging
import re
import sys
import urllib.request

from alter_sdk import AlterSDKError, Agent, App

ALICE = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9."
DULL = {"host", "date", "user-agent", "accept", "accept-encoding", "connection", "content-length"}


class Backend:
    """The side that a test speaks to, and where everything is."""

    def __init__(self, url, provider, keys, grants):
        self.url, self.provider, self.keys, self.grants = url, provider, keys, grants

    def control(self, order, **body):
        data = json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_control/{order}", data=data, method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def app(self, key="app", **more):
        return App(api_key=self.keys[key], caller="notes", **more)

    def agent(self, key="agent", **more):
        return Agent(api_key=self.keys[key], caller="notes", **more)


def seen(body):
    """What a provider's echo says of a request, without what differs from run to run."""
    headers = {name.lower(): value for name, value in body["headers"].items()}
    kept = {name: value for name, value in headers.items() if name not in DULL and name != "x-amz-date"}
    if kept.get("authorization", "").startswith("AWS4"):
        kept["authorization"] = "AWS4-HMAC-SHA256 …"
    sent = json.loads(body["body"]) if body["body"].startswith("{") else body["body"]
    return {"method": body["method"], "target": body["target"], "body": sent, "headers": kept}


def told(answer):
    """An answer of the proxy or of the provider."""
    said = {"status": answer.status_code}
    try:
        body = answer.json()
        # What the proxy's answers call `json` is the model's own, as text.
        body = json.loads(body) if isinstance(body, str) else body
    except ValueError:
        return {**said, "body": None}
    if isinstance(body, dict) and "body_b64" in body:
        said["truncated"], said["approved"] = body["body_truncated"], body["approval_id"] is not None
        body = json.loads(base64.b64decode(body["body_b64"]))
    if isinstance(body, dict) and "headers" in body:
        body = seen(body)
    return {**said, "body": body}


async def requests(backend, key, kind="app", **how):
    async with getattr(backend, kind)(key) as vault:
        method = how.pop("method", "GET")
        url = backend.provider + how.pop("path", "/echo")
        return told(await vault.request(method, url, **how))


async def proxied(backend, key, kind="app", **how):
    async with getattr(backend, kind)(key) as vault:
        method = how.pop("method", "GET")
        url = backend.provider + how.pop("path", "/echo")
        answer = await vault.proxy_request(method, url, **how)
        return told(answer) if hasattr(answer, "status_code") else {"pending": len(answer.gates)}


async def approval(backend, outcomes, provider="approval-test", **how):
    async with backend.app() as vault:
        pending = await vault.proxy_request(
            "POST", f"{backend.provider}/v2/things", provider=provider, json={"name": "new"}, **how
        )
        waiting = asyncio.ensure_future(vault.await_approval(str(pending.approval_id), timeout=8, poll_interval=0.1))
        for outcome in outcomes:
            await asyncio.sleep(0.2)
            await asyncio.to_thread(backend.control, "approval", **outcome)
        return told(await waiting)


async def connect(backend, outcome, then=None, **how):
    async with backend.app() as vault:
        session = await vault.create_connect_session(**how)
        waiting = asyncio.ensure_future(
            vault.poll_connect_session(session.session_token, timeout=8, poll_interval=0.1)
        )
        await asyncio.sleep(0.3)
        await asyncio.to_thread(backend.control, "connect", outcome=outcome)
        made = [[entry.provider_id, entry.account_identifier] for entry in await waiting]
        if then:
            made.append(told(await vault.request("GET", f"{backend.provider}/echo", provider=then)))
        return made


async def derived(backend):
    async with backend.app() as vault:
        key = await vault.keys.derive(scopes=["tokens:retrieve"], expires_in=60)
    async with App(api_key=key.api_key) as vault:
        first = told(await vault.request("GET", f"{backend.provider}/echo", provider="stripe-test"))
    return {"key": key.key_type, "first": first}


async def secret_session(backend):
    async with backend.app() as vault:
        session = await vault.create_managed_secret_connect_session(provider="altr-mapi", user_token=ALICE)
        return {"path": session.path, "slug": session.secret_slug}


async def me(backend, key="agent", kind="agent"):
    async with backend.agent(key) as vault:
        found = await vault.me()
        return {"name": found.name, "status": found.status}


async def listed(backend, key, kind="app", **how):
    async with getattr(backend, kind)(key) as vault:
        page = await vault.list_grants(limit=2, **how)
        return {"items": len(page.grants), "kinds": sorted({item.grant_kind for item in page.grants})}


def fail(path, status, body=None, **more):
    return lambda backend: backend.control("fail", path=path, status=status, body=body, **more)


def error(code, **more):
    return {"detail": {"error": code, "message": code, **more}}


TOKEN = "/sdk/token"
# The name, what is set up before, and what is done.
SCENARIOS = {
    "bearer": (None, lambda b: requests(b, "app", provider="stripe-test", reason="to see")),
    "by id": (None, lambda b: requests(b, "app", grant_id=b.grants["bearer"], method="POST", json={"a": "é"})),
    "two headers": (None, lambda b: requests(b, "app", provider="datadog-test")),
    "in the query": (None, lambda b: requests(b, "app", provider="query-test", query_params={"a": "b c"})),
    "basic": (None, lambda b: requests(b, "app", provider="altr-mapi")),
    "signed for AWS": (None, lambda b: requests(b, "app", provider="aws-test")),
    "a user's": (None, lambda b: requests(b, "app", provider="google", user_token=ALICE)),
    "an unknown user's": (None, lambda b: requests(b, "app", provider="google", user_token="x.y.z")),
    "of several": (None, lambda b: requests(b, "app", provider="slack", user_token=ALICE)),
    "one of several": (None, lambda b: requests(b, "app", provider="slack", user_token=ALICE, label="work")),
    "an agent's": (None, lambda b: requests(b, "agent", "agent", provider="agent-secret")),
    "none of an agent's": (None, lambda b: requests(b, "agent", "agent", provider="stripe-test")),
    "none": (None, lambda b: requests(b, "app", provider="nobody")),
    "no such id": (None, lambda b: requests(b, "app", grant_id="00000000-0000-4000-8000-000000000000")),
    "delegated": (None, lambda b: requests(b, "agent", "agent", provider="github")),
    "restricted": (None, lambda b: requests(b, "app", provider="restricted")),
    "approval wanted": (None, lambda b: requests(b, "app", provider="approval-test")),
    "revoked": (None, lambda b: requests(b, "app", provider="revoked-test")),
    "expired": (None, lambda b: requests(b, "app", provider="expired-test")),
    "deleted": (None, lambda b: requests(b, "app", provider="deleted-test")),
    "broken": (None, lambda b: requests(b, "app", provider="broken-test")),
    "flagged": (None, lambda b: requests(b, "app", provider="flagged")),
    "drifted": (None, lambda b: requests(b, "app", provider="drifted", path="/status/403")),
    "provider 500": (None, lambda b: requests(b, "app", provider="stripe-test", path="/status/500")),
    "provider 401": (None, lambda b: requests(b, "app", provider="stripe-test", path="/status/401")),
    "redirect": (None, lambda b: requests(b, "app", provider="stripe-test", path="/redirect")),
    "too few scopes at the provider": (
        None,
        lambda b: requests(b, "app", provider="google", user_token=ALICE, path="/insufficient-scope"),
    ),
    "key revoked": (None, lambda b: requests(b, "revoked", provider="stripe-test")),
    "key expired": (None, lambda b: requests(b, "expired", provider="stripe-test")),
    "key too narrow": (None, lambda b: requests(b, "narrow", provider="stripe-test")),
    "key deprecated": (None, lambda b: requests(b, "deprecated", provider="stripe-test")),
    "agent paused": (None, lambda b: requests(b, "paused_agent", "agent", provider="agent-secret")),
    "refreshing": (fail(TOKEN, 409, error("token_refresh_in_progress")), lambda b: requests(b, "app", provider="stripe-test")),
    "rate": (
        fail(TOKEN, 429, error("rate_limit_exceeded", scope="app", limit=1, window_seconds=1), headers={"Retry-After": "7"}),
        lambda b: requests(b, "app", provider="stripe-test"),
    ),
    "quota": (fail(TOKEN, 429, error("quota_exceeded")), lambda b: requests(b, "app", provider="stripe-test")),
    "unavailable": (fail(TOKEN, 503, raw="down"), lambda b: requests(b, "app", provider="stripe-test")),
    "malformed": (fail(TOKEN, 200, {"access_token": ""}), lambda b: requests(b, "app", provider="stripe-test")),
    "proxied": (
        None,
        lambda b: proxied(b, "app", provider="stripe-test", method="POST", json={"a": 1}, query_params={"q": "1 2"}),
    ),
    "proxied, delegated": (None, lambda b: proxied(b, "agent", "agent", provider="github")),
    "proxied, restricted": (None, lambda b: proxied(b, "app", provider="restricted", extra_headers={"X-More": "1"})),
    "proxied, 404": (None, lambda b: proxied(b, "app", provider="stripe-test", path="/status/404")),
    "proxied, elsewhere": (None, lambda b: elsewhere(b)),
    "approved": (None, lambda b: approval(b, [{"outcome": "approve"}], reason="to try")),
    "denied": (None, lambda b: approval(b, [{"outcome": "deny", "reason": "no"}])),
    "not decided": (None, lambda b: approval(b, [{"outcome": "expire"}])),
    "failed": (None, lambda b: approval(b, [{"outcome": "fail", "reason": "broken"}])),
    "connected": (None, lambda b: connect(b, "complete", "notion", allowed_providers=["notion"], metadata={"a": "b"})),
    "connected for an agent": (
        None,
        lambda b: connect(b, "complete", allowed_providers=["notion"], agent="mcp-agent", user_token=ALICE),
    ),
    "agent without a user": (None, lambda b: connect(b, "complete", allowed_providers=["notion"], agent="mcp-agent")),
    "connection denied": (None, lambda b: connect(b, "deny", allowed_providers=["notion"])),
    "connection misconfigured": (None, lambda b: connect(b, "config", allowed_providers=["notion"])),
    "connection expired": (None, lambda b: connect(b, "expire", allowed_providers=["notion"])),
    "nothing kept": (None, lambda b: connect(b, "none_kept", allowed_providers=["notion"])),
    "own key": (None, secret_session),
    "derived": (None, derived),
    "who am I": (None, me),
    "who am I, paused": (None, lambda b: me(b, "paused_agent")),
    "who am I, an app": (None, lambda b: me(b, "app")),
    "grants": (None, lambda b: listed(b, "app")),
    "grants of an agent": (None, lambda b: listed(b, "agent", "agent", provider_id="agent-secret")),
    "grants of one kind": (None, lambda b: listed(b, "app", provider_id="google")),
}


async def elsewhere(backend):
    async with backend.app() as vault:
        return told(await vault.proxy_request("GET", "https://example.com/", provider="stripe-test"))


def plain(value):
    """Without ports and ids."""
    text = json.dumps(value, sort_keys=True)
    text = re.sub(r"127\.0\.0\.1:\d+", "HOST", text)
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID", text)
    return json.loads(text)


async def outcome(backend, what):
    try:
        return {"result": plain(await what(backend))}
    except AlterSDKError as refused:
        names = ["error_code", "status_code", "policy_error", "retry_after", "missing", "provider_id"]
        said = {name: getattr(refused, name, None) for name in names}
        return {"error": type(refused).__name__, **{name: plain(value) for name, value in said.items() if value is not None}}


async def main():
    url, provider, keys, grants, *only = sys.argv[1:]
    logging.disable(logging.CRITICAL)
    backend = Backend(url, provider, json.loads(keys), json.loads(grants))
    for name, (before, what) in SCENARIOS.items():
        if only and name not in only:
            continue
        backend.control("scenario", name=name)
        if before:
            before(backend)
        print(json.dumps({"scenario": name, "outcome": await outcome(backend, what)}), flush=True)
        # What is sent in the background belongs to the scenario that it was sent for.
        await asyncio.sleep(0.05)


if __name__ == "__main__":
    asyncio.run(main())
