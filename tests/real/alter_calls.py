"""Makes calls with the vendor's own client for Python, one after the other, as one client.

    python alter_calls.py PROVIDER_URL KEY [CONTEXT] < CALLS

CALLS is a JSON list of `{"do", …}`: `request`, `proxy_request`, `connect`, `derive`, `me`, `list_grants`, with
the client's own arguments; `path` stands for `url`, below PROVIDER_URL. CONTEXT is a JSON object that goes along
with each. A line is printed for each: what it came to, in a word. It is run by the interpreter that the
client is installed for, with ALTER_BASE_URL.
"""

import asyncio
import json
import logging
import sys

from alter_sdk import AlterSDKError, App
from alter_sdk.models import PendingApproval

NAME = "errand"


async def make(vault, provider, context, call):
    do = call.pop("do")
    if do in ("request", "proxy_request"):
        url = provider + call.pop("path")
        method = call.pop("method", "GET")
        recover = call.pop("recover", False)
        if do == "request" and "body" in call:
            call["body"] = call["body"].encode()
        try:
            answer = await getattr(vault, do)(method, url, context=context, **call)
        except AlterSDKError as error:
            if recover:
                await vault.create_connect_session_for_error(error)
            raise
        if isinstance(answer, PendingApproval):
            answer = await vault.await_approval(str(answer.approval_id), timeout=20, poll_interval=2)
        return answer.status_code
    if do == "connect":
        session = await vault.create_connect_session(allowed_providers=[call["provider"]])
        entries = await vault.poll_connect_session(session.session_token, timeout=20, poll_interval=2)
        return [entry.provider_id for entry in entries]
    if do == "derive":
        return (await vault.keys.derive(**call)).key_type
    if do == "list_grants":
        return len((await vault.list_grants(**call)).grants)
    raise ValueError(do)


async def main():
    provider, key, *context = sys.argv[1:]
    context = json.loads(context[0]) if context else None
    logging.disable(logging.CRITICAL)
    async with App(api_key=key, caller=NAME, caller_type="service") as vault:
        for call in json.load(sys.stdin):
            try:
                print(await make(vault, provider, context, call), flush=True)
            except AlterSDKError as error:
                print(type(error).__name__, flush=True)


if __name__ == "__main__":
    asyncio.run(main())
