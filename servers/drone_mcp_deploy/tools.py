"""The tools: arguments in, Drone and the guard, a view out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from mcp.server.mcpserver import Context
from mcp.types import InputRequiredResult
from pydantic import Field

from ci_mcp_kit.cleaning import one_line
from ci_mcp_kit.errors import NotFound
from ci_mcp_kit.tools import tool
from drone_mcp_deploy.views import DeployHistory, DeploymentView, DeployView, TargetList

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_mcp_kit.guard.acting import Actor
    from drone_mcp_build.access import DroneAccess
    from drone_mcp_client.models import Build

Target = Annotated[str, Field(max_length=100, description="up to 100 characters")]
Number = Annotated[int, Field(ge=1, description="1 or more")]
Repo = Annotated[str | None, Field(description="owner/name or URL; default: git remote")]
DryRun = Annotated[bool, Field(description="rehearse only")]
Confirmation = Annotated[str | None, Field(description="from NOT_CONFIRMED")]
Params = Annotated[dict[str, str] | None, Field(max_length=50, description="allowed ones, up to 50")]

LOOKED_THROUGH: Final = 300  # newest builds, for the deployments of a target

# The operation of each tool: the guard also refuses operations whose tools a role's list leaves out.
OPERATION_OF = {
    "drone_create_deployment": "promote",
    "drone_update_deployment": "promote",
    "drone_rollback_deployment": "rollback",
}


class DeployTools:
    """All tools of this server."""

    def __init__(self, access: DroneAccess, actor: Actor, clock: Callable[[], float]) -> None:
        self._access = access
        self._actor = actor
        self._clock = clock

    @tool(title="List deployments", schema="targets/1")
    async def drone_list_deployments(self, repo: Repo = None) -> TargetList:
        """What runs in each target, since when, by whom; newer green builds."""
        from drone_mcp_deploy.presenting import present_targets  # noqa: PLC0415 - on first use, to start fast

        slug = self._access.resolve_repo(repo)
        drone = await self._access.client()
        newest = await drone.deployments(slug)
        # The index has the newest deployment of each target, and not what else was built since.
        builds = await drone.build_page(slug) if newest else ()
        return present_targets(slug, newest, builds)

    @tool(title="Get a deployment", schema="deployment/1")
    async def drone_get_deployment(self, number: Number, repo: Repo = None) -> DeploymentView:
        """One promotion or rollback by its build number: source, parameters, stages."""
        from drone_mcp_build.guard.action import DEPLOYMENTS  # noqa: PLC0415 - on first use, to start fast
        from drone_mcp_deploy.presenting import present_deployment  # noqa: PLC0415 - likewise

        slug = self._access.resolve_repo(repo)
        build = await (await self._access.client()).build(slug, number)
        if build.event not in DEPLOYMENTS:
            raise NotFound(
                f"Build {number} of {slug} is no deployment: its event is {one_line(build.event, 120)}",
                next_step="drone_list_deployments lists the newest deployment of each target",
            )
        return present_deployment(slug, build)

    @tool(title="Get the deployments of a target", schema="deploy-history/1")
    async def drone_get_deploy_history(
        self,
        target: Target,
        repo: Repo = None,
        limit: Annotated[int, Field(ge=1, le=50, description="1 to 50")] = 10,
    ) -> DeployHistory:
        """What a target has had, newest first."""
        from drone_mcp_deploy.presenting import present_history  # noqa: PLC0415 - on first use, to start fast

        slug = self._access.resolve_repo(repo)
        drone = await self._access.client()
        builds: list[Build] = [build async for build in drone.builds(slug, limit=LOOKED_THROUGH)]
        return present_history(slug, target, builds, limit)

    @tool(title="Promote a build", schema="deploy/1", writes=True, destructive=True, idempotent=False)
    async def drone_create_deployment(
        self,
        context: Context[Any, Any],
        number: Number,
        target: Target,
        repo: Repo = None,
        params: Params = None,
        again: Annotated[bool, Field(description="even if it runs there")] = False,
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> DeployView | InputRequiredResult:
        """Promote a build to a target; answers with the deployment's number, and a cursor."""
        from ci_mcp_kit.guard.write_parameters import Additions  # noqa: PLC0415 - on first use, to start fast

        additions = Additions(tuple(sorted((params or {}).items())))
        more = {"additions": additions, "again": again}
        return await self._deploy(context, "create", target, repo, number, dry_run=dry_run, token=confirmation, **more)

    @tool(title="Update a deployment", schema="deploy/1", writes=True, destructive=True, idempotent=False)
    async def drone_update_deployment(
        self,
        context: Context[Any, Any],
        target: Target,
        number: Annotated[int | None, Field(ge=1, description="1 or more; default: newest green")] = None,
        repo: Repo = None,
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> DeployView | InputRequiredResult:
        """Promote another build of the branch that runs in a target; names the commits between."""
        return await self._deploy(context, "update", target, repo, number, dry_run=dry_run, token=confirmation)

    @tool(title="Roll back a deployment", schema="deploy/1", writes=True, destructive=True, idempotent=False)
    async def drone_rollback_deployment(
        self,
        context: Context[Any, Any],
        target: Target,
        number: Annotated[int | None, Field(ge=1, description="1 or more; default: last good")] = None,
        repo: Repo = None,
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> DeployView | InputRequiredResult:
        """Return a target to its last good deployment; names the commits that go away."""
        return await self._deploy(context, "rollback", target, repo, number, dry_run=dry_run, token=confirmation)

    async def _deploy(
        self,
        context: Context[Any, Any],
        kind: Literal["create", "update", "rollback"],
        target: str,
        repo: str | None,
        number: int | None,
        *,
        dry_run: bool,
        token: str | None,
        **more: Any,
    ) -> DeployView | InputRequiredResult:
        from drone_mcp_deploy.changes import DeployChange  # noqa: PLC0415 - on first use, to start fast

        async with self._actor.recording_refusals(operation=kind, repo=repo or "", target=target):
            slug = self._access.resolve_repo(repo)
        change = DeployChange(
            access=self._access,
            clock=self._clock,
            report=context.report_progress,
            kind=kind,
            repo=slug,
            target=target,
            number=number,
            **more,
        )
        return await self._actor.act(context, change, dry_run=dry_run, token=token)
