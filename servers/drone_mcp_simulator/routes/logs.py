"""Logs and cards of steps (harness/drone v2.25.0, `handler/api/repos/builds/logs`, `handler/api/card`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from drone_mcp_simulator import gojson
from drone_mcp_simulator.permissions import AccessLevel
from drone_mcp_simulator.routing import ErrorResponse, RequestContext, answer, no_content, route
from drone_mcp_simulator.world import NoRows

if TYPE_CHECKING:
    from drone_mcp_simulator.records import Step


def _find_step(ctx: RequestContext) -> Step:
    return ctx.world.find_step(ctx.repo, ctx.number("number"), ctx.number("stage"), ctx.number("step"))


async def show(ctx: RequestContext) -> Response:
    """Show a log as uploaded; 404 while the step runs."""
    stored = ctx.world.logs.get(_find_step(ctx).id)
    if stored is None:
        raise NoRows
    return Response(stored, headers={"content-type": "application/json"})


async def delete(ctx: RequestContext) -> Response:
    """Delete a log; answer 204 even if there is none."""
    ctx.world.logs.pop(_find_step(ctx).id, None)
    return no_content()


async def show_card(ctx: RequestContext) -> Response:
    """Show a step's card."""
    stored = ctx.world.cards.get(_find_step(ctx).id)
    if stored is None:
        raise NoRows
    return Response(stored, headers={"content-type": "application/json"})


async def set_card(ctx: RequestContext) -> Response:
    """Store a card; answer with the id of the step."""
    step = _find_step(ctx)
    data = ctx.json()
    step.schema = str(data.get("schema", ""))
    step.version += 1
    ctx.world.cards[step.id] = gojson.cut_member(ctx.body, "data")
    return answer(step.id)


async def delete_card(ctx: RequestContext) -> Response:
    """Fail to delete a card, as Drone always does: its statement names a column that its record does not have."""
    step = _find_step(ctx)
    if step.id not in ctx.world.cards:
        raise NoRows
    raise ErrorResponse(500, f"could not find name card_id in &card.card{{Id:{step.id}, Data:[]uint8(nil)}}")


LOG = "/api/repos/{owner}/{name}/builds/{number}/logs/{stage}/{step}"
CARD = "/api/repos/{owner}/{name}/cards/{number}/{stage}/{step}"
ROUTES = [
    route("GET", LOG, AccessLevel.READ, show),
    route("DELETE", LOG, AccessLevel.ADMIN, delete),
    route("GET", CARD, AccessLevel.READ, show_card),
    route("POST", CARD, AccessLevel.ADMIN, set_card),
    route("DELETE", CARD, AccessLevel.ADMIN, delete_card),
]
