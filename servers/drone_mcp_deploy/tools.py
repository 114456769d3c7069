"""The tools: arguments in, Drone and the guard, a view out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from mcp.server.mcpserver import Context
from mcp.types import InputRequiredResult
from pydantic import Field

from ci_mcp_kit.errors import NotFound
from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_kit.tools import tool
from drone_mcp_deploy.views import DeployHistory, DeploymentView, PreviewList, PreviewView, TargetList
from drone_mcp_deployments.views import DeployView

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_mcp_kit.guard.acting import Actor
    from drone_mcp_build.access import DroneAccess
    from drone_mcp_client.models import Build
    from drone_mcp_deployments.preview_ends import PreviewEnds
    from drone_mcp_deployments.rules import DeployRules

Target = Annotated[str, Field(max_length=100, description="up to 100 characters")]
AnyTarget = Annotated[str | None, Field(max_length=100, description="up to 100 characters; default: preview")]
Preview = Annotated[str, Field(max_length=250, description="branch or target, up to 250 characters")]
Number = Annotated[int, Field(ge=1, description="1 or more")]
Repo = Annotated[str | None, Field(description="owner/name; default: git remote")]
DryRun = Annotated[bool, Field(description="rehearse only")]
Confirmation = Annotated[str | None, Field(description="from NOT_CONFIRMED")]
Params = Annotated[dict[str, str] | None, Field(max_length=50, description="allowed ones, up to 50")]

LOOKED_THROUGH: Final = 300  # newest builds, for the deployments of a target

# The operation of each tool: the guard also refuses operations whose tools a role's list leaves out.
OPERATION_OF = {
    "drone_create_deployment": "promote",
    "drone_update_deployment": "promote",
    "drone_rollback_deployment": "rollback",
    "drone_stop_preview": "stop-preview",
}


class DeployTools:
    """All tools of this server."""

    def __init__(
        self, access: DroneAccess, actor: Actor, rules: DeployRules, ends: PreviewEnds, clock: Callable[[], float]
    ) -> None:
        self._access = access
        self._actor = actor
        self._rules = rules
        self._ends = ends
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
        """One promotion or rollback: source, parameters, stages."""
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

    @tool(title="Get a target's deployments", schema="deploy-history/1")
    async def drone_get_deploy_history(
        self,
        target: Target,
        repo: Repo = None,
        limit: Annotated[int, Field(ge=1, le=50, description="1 to 50")] = 10,
    ) -> DeployHistory:
        """What a target had, newest first."""
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
        target: AnyTarget = None,
        repo: Repo = None,
        params: Params = None,
        again: Annotated[bool, Field(description="even if it runs there")] = False,
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> DeployView | InputRequiredResult:
        """Promote a build to a target or a preview; answers with a cursor."""
        from ci_mcp_kit.guard.action_parameters import Additions  # noqa: PLC0415 - on first use, to start fast

        additions = Additions(tuple(sorted((params or {}).items())))
        more = {"additions": additions, "again": again}
        return await self._deploy(
            context, "create", target or "", repo, number, dry_run=dry_run, token=confirmation, **more
        )

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
        """Promote another build of the branch that runs in a target."""
        return await self._deploy(context, "update", target, repo, number, dry_run=dry_run, token=confirmation)

    @tool(title="Roll back", schema="deploy/1", writes=True, destructive=True, idempotent=False)
    async def drone_rollback_deployment(
        self,
        context: Context[Any, Any],
        target: Target,
        number: Annotated[int | None, Field(ge=1, description="1 or more; default: last good")] = None,
        repo: Repo = None,
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> DeployView | InputRequiredResult:
        """Return a target to its last good deployment."""
        return await self._deploy(context, "rollback", target, repo, number, dry_run=dry_run, token=confirmation)

    @tool(title="List previews", schema="previews/1")
    async def drone_list_previews(self, repo: Repo = None) -> PreviewList:
        """The open previews of branches, and when each stops by itself."""
        from drone_mcp_deploy.presenting_previews import present_previews  # noqa: PLC0415 - on first use, to start fast
        from drone_mcp_deployments.previews import read_previews  # noqa: PLC0415 - likewise

        slug = self._access.resolve_repo(repo)
        newest = await (await self._access.client()).deployments(slug)
        now = self._clock()
        shown = [one for one in read_previews(newest, self._rules.preview_stop) if one.is_open]
        ends = [await self._ends.read(slug, one, now) for one in shown]
        return present_previews(slug, self._rules.previews.most, list(zip(shown, ends, strict=True)))

    @tool(title="Get a preview", schema="preview/1")
    async def drone_get_preview(self, preview: Preview, repo: Repo = None) -> PreviewView:
        """One preview: commit, stages, parameters, end."""
        from drone_mcp_deploy.presenting_previews import present_preview  # noqa: PLC0415 - on first use, to start fast
        from drone_mcp_deployments.previews import find_preview, read_previews  # noqa: PLC0415 - likewise

        slug = self._access.resolve_repo(repo)
        drone = await self._access.client()
        found = find_preview(read_previews(await drone.deployments(slug), self._rules.preview_stop), preview)
        if found is None:
            raise NotFound(
                f"{slug} has no preview {one_line(preview, 120)!r}",
                next_step="drone_list_previews lists those that are open",
            )
        build = await drone.build(slug, found.deployment.number)
        ends = await self._ends.read(slug, found, self._clock())
        return present_preview(slug, found, build, await drone.build_page(slug), ends)

    @tool(title="Stop a preview", schema="deploy/1", writes=True, destructive=True, idempotent=True)
    async def drone_stop_preview(
        self,
        context: Context[Any, Any],
        preview: Preview,
        repo: Repo = None,
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> DeployView | InputRequiredResult:
        """Stop a branch's preview before its time is over."""
        return await self._deploy(context, "stop-preview", preview, repo, None, dry_run=dry_run, token=confirmation)

    async def _deploy(
        self,
        context: Context[Any, Any],
        kind: Literal["create", "update", "rollback", "stop-preview"],
        target: str,
        repo: str | None,
        number: int | None,
        *,
        dry_run: bool,
        token: str | None,
        **more: Any,
    ) -> DeployView | InputRequiredResult:
        from drone_mcp_deployments.deploying import DeployChange  # noqa: PLC0415 - on first use, to start fast
        from drone_mcp_deployments.preview_stopping import StopPreview  # noqa: PLC0415 - likewise

        async with self._actor.recording_refusals(operation=kind, repo=repo or "", target=target):
            slug = self._access.resolve_repo(repo)
        shared: dict[str, Any] = {
            "access": self._access,
            "clock": self._clock,
            "report": context.report_progress,
            "ends": self._ends,
            "stop": self._rules.preview_stop,
            "repo": slug,
            "target": target,
        }
        change = (
            StopPreview(**shared)
            if kind == "stop-preview"
            else DeployChange(**shared, name=kind, number=number, **more)
        )
        return await self._actor.act(context, change, dry_run=dry_run, token=token)
