"""The tools of the server. They read through `SlipwayAccess` and change through the guard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from mcp.server.mcpserver import Context
from mcp.types import InputRequiredResult
from pydantic import Field

from ci_mcp_kit.tools import tool
from slipway_mcp.views import ReleaseView, StopView

if TYPE_CHECKING:
    from ci_mcp_kit.guard.acting import Actor
    from slipway_mcp.access import SlipwayAccess

# The limits are in the descriptions as well, because some clients, like Codex, remove them from the schema.
App = Annotated[str, Field(description="name of the application, at most 100 characters", max_length=100)]
Number = Annotated[int, Field(ge=1, description="of the release, 1 or more")]


class SlipwayTools:
    """All tools of this server."""

    def __init__(self, access: SlipwayAccess, actor: Actor) -> None:
        self._access = access
        self._actor = actor

    @tool(title="Get a release", schema="release/1")
    async def slipway_get_release(self, app: App, number: Number) -> ReleaseView:
        """How far a release is."""
        from slipway_mcp.client import get_release  # noqa: PLC0415 - on first use, to start fast

        slipway = await self._access.client()
        release = await slipway.send(get_release(app, number))
        # Without it models ask again at once, and in a loop.
        next_step = "" if release.is_over else "Ask again in a minute"
        return ReleaseView(
            app=app, number=release.number, state=release.state, author=release.author, next_step=next_step
        )

    @tool(title="Stop a release", schema="stop/1", writes=True, destructive=True)
    async def slipway_stop_release(
        self,
        context: Context[Any, Any],
        app: App,
        number: Number,
        dry_run: Annotated[bool, Field(description="rehearse, send nothing")] = False,
        confirmation: Annotated[str | None, Field(description="from NOT_CONFIRMED, once a person agreed")] = None,
    ) -> StopView | InputRequiredResult:
        """Stop a release that runs. A person has to confirm."""
        from slipway_mcp.changes import StopRelease  # noqa: PLC0415 - on first use, to start fast

        change = StopRelease(access=self._access, app=app, number=number)
        return await self._actor.act(context, change, dry_run=dry_run, token=confirmation)
