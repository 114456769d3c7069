"""The simulator's own routes, which no Drone has: faults, the clock and what was asked."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from pydantic import ValidationError

from drone_mcp_simulator.clock import ManualClock
from drone_mcp_simulator.faults import Fault
from drone_mcp_simulator.permissions import Need
from drone_mcp_simulator.routing import Ask, Refusal, answer, no_content, route

if TYPE_CHECKING:
    from starlette.responses import Response


async def add_fault(ask: Ask) -> Response:
    """Put a fault into force."""
    try:
        fault = Fault.model_validate_json(ask.body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise Refusal(400, f"{where or 'body'}: {first['msg']}") from error
    ask.world.faults.add(fault)
    return answer(fault.model_dump(), 201)


async def list_faults(ask: Ask) -> Response:
    """The faults in force."""
    return answer([fault.model_dump() for fault in ask.world.faults.active()])


async def clear_faults(ask: Ask) -> Response:
    """Heal everything."""
    ask.world.faults.clear()
    return no_content()


async def advance(ask: Ask) -> Response:
    """Move a manual clock on by `seconds`."""
    if not isinstance(ask.world.clock, ManualClock):
        raise Refusal(409, "the clock is real; start with --clock manual to move it")
    seconds = ask.json().get("seconds")
    if not isinstance(seconds, int | float) or seconds < 0:
        raise Refusal(400, "seconds: a number, 0 or more")
    await ask.world.advance(seconds)
    return answer({"now": ask.world.clock.now()})


async def requests(ask: Ask) -> Response:
    """Every request so far, oldest first, without tokens."""
    return answer([asdict(asked) for asked in ask.world.requests])


async def forget_requests(ask: Ask) -> Response:
    """Start the list anew."""
    ask.world.requests.clear()
    return no_content()


ROUTES = [
    route("POST", "/_simulator/faults", Need.GUEST, add_fault),
    route("GET", "/_simulator/faults", Need.GUEST, list_faults),
    route("DELETE", "/_simulator/faults", Need.GUEST, clear_faults),
    route("POST", "/_simulator/advance", Need.GUEST, advance),
    route("GET", "/_simulator/requests", Need.GUEST, requests),
    route("DELETE", "/_simulator/requests", Need.GUEST, forget_requests),
]
