"""The tools: arguments in, the guard and Drone, a view out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, cast

from mcp.server.mcpserver import Context
from mcp.types import InputRequiredResult
from pydantic import Field

from ci_mcp_kit.tools import tool
from drone_mcp_actions.views import ActionView, RestartView, StartView

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_mcp_kit.guard.acting import Actor
    from drone_mcp_actions.changes import BuildChange
    from drone_mcp_build.access import DroneAccess

Number = Annotated[int, Field(ge=1, description="1 or more")]
Stage = Annotated[int | None, Field(ge=1, description="1 or more; default: all")]
Repo = Annotated[str | None, Field(description="owner/name or URL; default: git remote")]
DryRun = Annotated[bool, Field(description="rehearse only")]
Confirmation = Annotated[str | None, Field(description="from NOT_CONFIRMED")]
Params = Annotated[dict[str, str] | None, Field(max_length=50, description="allowed ones; an old build's win")]
Branch = Annotated[str | None, Field(description="default: the default one")]
Commit = Annotated[str | None, Field(pattern="^[0-9a-f]{7,64}$", description="default: newest")]

# The operation of each tool: the guard also refuses operations whose tools a role's list leaves out.
OPERATION_OF = {
    "drone_start_build": "start",
    "drone_restart_build": "restart",
    "drone_stop_build": "stop",
    "drone_approve_build": "approve",
    "drone_decline_build": "decline",
}


class ActionTools:
    """All tools of this server."""

    def __init__(self, access: DroneAccess, actor: Actor, clock: Callable[[], float]) -> None:
        self._access = access
        self._actor = actor
        self._clock = clock

    @tool(title="Start a build", schema="start/1", writes=True, idempotent=False)
    async def drone_start_build(
        self,
        context: Context[Any, Any],
        branch: Branch = None,
        repo: Repo = None,
        commit: Commit = None,
        params: Params = None,
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> StartView | InputRequiredResult:
        """Build a branch; answers with a number, and a cursor to wait from."""
        from ci_mcp_kit.guard.action_parameters import Additions  # noqa: PLC0415 - on first use, to start fast
        from drone_mcp_actions.starting import StartChange  # noqa: PLC0415 - likewise

        change = StartChange(
            access=self._access,
            clock=self._clock,
            report=context.report_progress,
            repo=await self._resolve(repo, operation="start"),
            branch=branch or "",
            commit=commit or "",
            additions=Additions(tuple(sorted((params or {}).items()))),
        )
        return await self._actor.act(context, change, dry_run=dry_run, token=confirmation)

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
        """Run a build's commit again; answers with the new number, and a cursor."""
        from ci_mcp_kit.guard.action_parameters import Additions  # noqa: PLC0415 - on first use, to start fast

        additions = Additions(tuple(sorted((params or {}).items())), ("debug",) if debug else ())
        change = await self._change(context, "restart", repo, number, additions=additions)
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
        change = await self._change(context, "stop", repo, number)
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
        change = await self._change(context, "approve", repo, number, stage=stage)
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
        change = await self._change(context, "decline", repo, number, stage=stage)
        return await self._actor.act(context, change, dry_run=dry_run, token=confirmation)

    async def _change(
        self, context: Context[Any, Any], operation: str, repo: str | None, number: int, **more: Any
    ) -> BuildChange:
        from drone_mcp_actions.changes import BuildChange  # noqa: PLC0415 - on first use, to start fast

        slug = await self._resolve(repo, operation=operation, build=number)
        return BuildChange(
            access=self._access,
            clock=self._clock,
            report=context.report_progress,
            name=operation,
            repo=slug,
            number=number,
            **more,
        )

    async def _resolve(self, repo: str | None, **facts: Any) -> str:
        """Return the repository that is meant; a refusal is on record with `facts`."""
        async with self._actor.recording_refusals(**facts, repo=repo or ""):
            return self._access.resolve_repo(repo)
