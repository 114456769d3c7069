"""The simulator's own routes: faults, the clock and the recorded requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from ci_mcp_simulator.clock import ManualClock
from ci_mcp_simulator.faults import Fault
from drone_mcp_simulator.permissions import AccessLevel
from drone_mcp_simulator.routing import ErrorResponse, RequestContext, answer, no_content, route

if TYPE_CHECKING:
    from starlette.responses import Response


async def add_fault(ctx: RequestContext) -> Response:
    """Activate a fault."""
    try:
        fault = Fault.model_validate_json(ctx.body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ErrorResponse(400, f"{where or 'body'}: {first['msg']}") from error
    ctx.world.faults.add(fault)
    return answer(fault.model_dump(), 201)


async def list_faults(ctx: RequestContext) -> Response:
    """List the active faults."""
    return answer([fault.model_dump() for fault in ctx.world.faults.list_active()])


async def clear_faults(ctx: RequestContext) -> Response:
    """Remove all faults."""
    ctx.world.faults.clear()
    return no_content()


async def advance(ctx: RequestContext) -> Response:
    """Advance a manual clock by `seconds`."""
    if not isinstance(ctx.world.clock, ManualClock):
        raise ErrorResponse(409, "the clock is real; start with --clock manual to move it")
    seconds = ctx.json().get("seconds")
    if not isinstance(seconds, int | float) or seconds < 0:
        raise ErrorResponse(400, "seconds: a number, 0 or more")
    await ctx.world.advance(seconds)
    return answer({"now": ctx.world.clock.now()})


async def list_requests(ctx: RequestContext) -> Response:
    """List all requests so far, oldest first, without tokens."""
    shown = ("method", "path", "query", "user", "status")
    return answer([{name: getattr(recorded, name) for name in shown} for recorded in ctx.world.requests])


async def clear_requests(ctx: RequestContext) -> Response:
    """Clear the list of requests."""
    ctx.world.requests.clear()
    return no_content()


ROUTES = [
    route("POST", "/_simulator/faults", AccessLevel.GUEST, add_fault),
    route("GET", "/_simulator/faults", AccessLevel.GUEST, list_faults),
    route("DELETE", "/_simulator/faults", AccessLevel.GUEST, clear_faults),
    route("POST", "/_simulator/advance", AccessLevel.GUEST, advance),
    route("GET", "/_simulator/requests", AccessLevel.GUEST, list_requests),
    route("DELETE", "/_simulator/requests", AccessLevel.GUEST, clear_requests),
]
