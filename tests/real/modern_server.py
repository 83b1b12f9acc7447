"""A server of the revision 2026-07-28 on FastMCP: `python3 modern_server.py PORT`."""

import sys
from typing import Annotated

from fastmcp import Context, FastMCP
from mcp_types import ElicitRequest, ElicitRequestFormParams, InputRequiredResult
from pydantic import Field

server = FastMCP("modern", version="1.0.0", instructions="Weigh first, then ship.")

FORM = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}


@server.tool
def weigh(
    region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})], loads: list[float]
) -> dict[str, float | str]:
    """Sum the loads of a region."""
    return {"region": region, "total": sum(loads)}


@server.tool
async def greet(ctx: Context) -> str:
    """Ask for a name, then greet it."""
    if not ctx.input_responses:
        ask = ElicitRequest(params=ElicitRequestFormParams(message="Who is there?", requested_schema=FORM))
        return InputRequiredResult(input_requests={"who": ask}, request_state='{"asked":  1}')
    answer = ctx.input_responses["who"]
    if answer.action != "accept":
        return f"nobody ({answer.action})"
    return f"hello {answer.content['name']} after {ctx.request_state}"


@server.resource("weights://{region}")
def weights(region: str) -> str:
    """The loads of a region."""
    return f"no loads in {region}"


@server.prompt
def report(region: str) -> str:
    """Ask for a report on a region."""
    return f"Report on {region}."


server.run(transport="http", host="127.0.0.1", port=int(sys.argv[1]), show_banner=False)
