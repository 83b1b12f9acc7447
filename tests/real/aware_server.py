"""The server of Alter's guide for MCP: two tools that get their credentials from the vault themselves.

    python3 aware_server.py [app|agent]

`AGENT_API_KEY` is its key, `ALTER_BASE_URL` the vault, and `PROVIDER_URL` stands in for the addresses of
Google and Slack, whose paths stay. As `app` it acts for the application, whose missing grants the
library puts into words; as `agent`, as in the guide, a missing delegation is an ordinary failure.
"""

import os
import sys

from alter_sdk import Agent, App
from alter_sdk.mcp import AlterContext, AlterMCP
from fastmcp import FastMCP

mcp = FastMCP("alter-tools")
kind = App if sys.argv[1:] == ["app"] else Agent
agent = kind(api_key=os.environ["AGENT_API_KEY"])
alter = AlterMCP(agent)
provider = os.environ["PROVIDER_URL"]


@mcp.tool()
@alter.tool(provider="google")
async def list_events(ctx: AlterContext, query: str) -> dict:
    """List the user's Google Calendar events matching a query."""
    response = await ctx.request(
        "GET",
        f"{provider}/calendar/v3/calendars/primary/events",
        query_params={"q": query, "maxResults": "10"},
    )
    return response.json()


@mcp.tool()
@alter.tool(provider="slack")
async def send_slack(ctx: AlterContext, channel: str, text: str) -> dict:
    """Post a message to a Slack channel."""
    response = await ctx.request(
        "POST",
        f"{provider}/api/chat.postMessage",
        json={"channel": channel, "text": text},
    )
    return response.json()


@mcp.tool()
@alter.tool(provider="google")
async def name_events(ctx: AlterContext, query: str) -> list[str]:
    """Name the user's Google Calendar events matching a query."""
    response = await ctx.request("GET", f"{provider}/calendar/v3/{query}")
    return [response.json()["method"]]


if __name__ == "__main__":
    mcp.run(show_banner=False)
