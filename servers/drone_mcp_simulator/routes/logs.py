"""Logs and cards of steps (Drone 2.25, `handler/api/repos/builds/logs`, `handler/api/card`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from drone_mcp_simulator import gojson
from drone_mcp_simulator.permissions import Need
from drone_mcp_simulator.routing import Ask, answer, no_content, route
from drone_mcp_simulator.world import NoRows

if TYPE_CHECKING:
    from drone_mcp_simulator.records import Step


def _step(ask: Ask) -> Step:
    return ask.world.step(ask.repo, ask.number("number"), ask.number("stage"), ask.number("step"))


async def find(ask: Ask) -> Response:
    """The uploaded bytes as they are; none while the step runs."""
    stored = ask.world.logs.get(_step(ask).id)
    if stored is None:
        raise NoRows
    return Response(stored, headers={"content-type": "application/json"})


async def delete(ask: Ask) -> Response:
    """Forget a log; there need not be one."""
    ask.world.logs.pop(_step(ask).id, None)
    return no_content()


async def card(ask: Ask) -> Response:
    """A step's card."""
    stored = ask.world.cards.get(_step(ask).id)
    if stored is None:
        raise NoRows
    return Response(stored, headers={"content-type": "application/json"})


async def set_card(ask: Ask) -> Response:
    """Store a card; the answer is the bare id of the step."""
    step = _step(ask)
    data = ask.json()
    step.schema = str(data.get("schema", ""))
    ask.world.cards[step.id] = gojson.marshal(data.get("data"))
    return answer(step.id)


async def delete_card(ask: Ask) -> Response:
    """Forget a card."""
    if ask.world.cards.pop(_step(ask).id, None) is None:
        raise NoRows
    return no_content()


LOG = "/api/repos/{owner}/{name}/builds/{number}/logs/{stage}/{step}"
CARD = "/api/repos/{owner}/{name}/cards/{number}/{stage}/{step}"
ROUTES = [
    route("GET", LOG, Need.READ, find),
    route("DELETE", LOG, Need.ADMIN, delete),
    route("GET", CARD, Need.READ, card),
    route("POST", CARD, Need.ADMIN, set_card),
    route("DELETE", CARD, Need.ADMIN, delete_card),
]
