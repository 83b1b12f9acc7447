"""An MCP server behind Alter's own provider, deployed in one of three ways.

    python3 alter_server.py LAYOUT BACKEND KEY [LIFE]

It listens on a free port of this machine and says where. LAYOUT is `origin`, `doubled` or `mounted`:
what the provider is told of its address, and where it is. LIFE is that of access tokens, in seconds.
"""

import os
import socket
import sys

import alter_sdk.mcp.auth
import uvicorn
from alter_sdk import App
from alter_sdk.mcp import AlterAuthProvider
from fastmcp import FastMCP
from starlette.applications import Starlette
from starlette.routing import Mount


def application(layout, origin, key):
    vault = App(api_key=key, caller="guarded", caller_type="service")
    base = origin if layout == "origin" else f"{origin}/mcp"
    mcp = FastMCP("guarded", auth=AlterAuthProvider(vault, base_url=base))

    @mcp.tool
    def greet(name: str) -> str:
        """Greets somebody who has signed in."""
        return f"hello, {name}"

    if layout != "mounted":
        return mcp.http_app(path="/mcp")
    inner = mcp.http_app(path="/")
    return Starlette(routes=[Mount("/mcp", app=inner)], lifespan=inner.lifespan)


def main():
    layout, backend, key, *life = sys.argv[1:]
    os.environ["ALTER_BASE_URL"] = backend
    if life:
        alter_sdk.mcp.auth.ACCESS_TOKEN_EXPIRY_SECONDS = int(life[0])
    listener = socket.create_server(("127.0.0.1", 0))
    origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = application(layout, origin, key)
    print(f"listening on {origin}/mcp", flush=True)
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
