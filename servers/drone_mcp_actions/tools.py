"""The tools: arguments in, the guard and Drone, a view out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, cast

from mcp.server.mcpserver import Context
from mcp.types import InputRequiredResult
from pydantic import Field

from ci_mcp_kit.cleaning import one_line
from ci_mcp_kit.errors import ServiceError
from ci_mcp_kit.tools import tool
from drone_mcp_actions.views import ActionView, RestartView

if TYPE_CHECKING:
    from ci_mcp_kit.guard.acting import Actor
    from drone_mcp_actions.changes import BuildChange
    from drone_mcp_build.access import DroneAccess

Number = Annotated[int, Field(ge=1, description="1 or more")]
Stage = Annotated[int | None, Field(ge=1, description="1 or more; default: all that wait")]
Repo = Annotated[str | None, Field(description="owner/name or URL; default: DRONE_REPO or git remote")]
DryRun = Annotated[bool, Field(description="rehearse, send nothing")]
Confirmation = Annotated[str | None, Field(description="from NOT_CONFIRMED, once a person agreed")]
Params = Annotated[
    dict[str, str] | None, Field(max_length=50, description="only those that the role names; the old build's win")
]
LONGEST_REPO: Final = 120  # characters of what names no repository, in an audit line

# The operation of each tool: the guard also refuses operations whose tools a role's list leaves out.
OPERATION_OF = {
    "drone_restart_build": "restart",
    "drone_stop_build": "stop",
    "drone_approve_build": "approve",
    "drone_decline_build": "decline",
}


class ActionTools:
    """All tools of this server."""

    def __init__(self, access: DroneAccess, actor: Actor) -> None:
        self._access = access
        self._actor = actor

    @tool(title="Restart a build", schema="restart/1", writes=True, idempotent=False)
    async def drone_restart_build(
        self,
        context: Context[Any, Any],
        number: Number,
        repo: Repo = None,
        params: Params = None,
        debug: Annotated[bool, Field(description="in Drone's debug mode, where the role allows it")] = False,
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> RestartView | InputRequiredResult:
        """Run a build's commit again as a new build; answers with its number, and a cursor to wait from."""
        from ci_mcp_kit.guard.write_parameters import Additions  # noqa: PLC0415 - on first use, to start fast

        additions = Additions(tuple(sorted((params or {}).items())), ("debug",) if debug else ())
        change = await self._change("restart", repo, number, additions=additions)
        answer = await self._actor.act(context, change, dry_run=dry_run, token=confirmation)
        return cast("RestartView | InputRequiredResult", answer)  # as `view_of` has it

    @tool(title="Stop a build", schema="action/1", writes=True, destructive=True)
    async def drone_stop_build(
        self,
        context: Context[Any, Any],
        number: Number,
        repo: Repo = None,
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> ActionView | InputRequiredResult:
        """Kill a pending or running build for good; a finished one stays as it is. A person has to confirm."""
        change = await self._change("stop", repo, number)
        return await self._actor.act(context, change, dry_run=dry_run, token=confirmation)

    @tool(title="Approve a build", schema="action/1", writes=True, destructive=True)
    async def drone_approve_build(
        self,
        context: Context[Any, Any],
        number: Number,
        repo: Repo = None,
        stage: Stage = None,
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> ActionView | InputRequiredResult:
        """Let blocked stages run, with the repository's secrets: one, or all in order of their numbers."""
        change = await self._change("approve", repo, number, stage=stage)
        return await self._actor.act(context, change, dry_run=dry_run, token=confirmation)

    @tool(title="Decline a build", schema="action/1", writes=True, destructive=True)
    async def drone_decline_build(
        self,
        context: Context[Any, Any],
        number: Number,
        repo: Repo = None,
        stage: Stage = None,
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> ActionView | InputRequiredResult:
        """Refuse blocked stages, one or all; the build is declined for good, and cannot be restarted."""
        change = await self._change("decline", repo, number, stage=stage)
        return await self._actor.act(context, change, dry_run=dry_run, token=confirmation)

    async def _change(self, operation: str, repo: str | None, number: int, **more: Any) -> BuildChange:
        from drone_mcp_actions.changes import BuildChange  # noqa: PLC0415 - on first use, to start fast

        try:
            slug = self._access.resolve_repo(repo)
        except ServiceError as error:
            meant = error.details.get("repo") or one_line(repo or "", LONGEST_REPO)
            await self._actor.note_refusal(error, operation=operation, repo=meant, build=number)
            raise
        return BuildChange(access=self._access, name=operation, repo=slug, number=number, **more)
