"""Builds (harness/drone v2.25.0, `handler/api/repos/builds`)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from drone_mcp_simulator import lifecycle
from drone_mcp_simulator.lifecycle import TransitionRefused
from drone_mcp_simulator.paging import select_page
from drone_mcp_simulator.permissions import AccessLevel
from drone_mcp_simulator.routing import ErrorResponse, RequestContext, answer, no_content, parse_int, route
from drone_mcp_simulator.trigger import TriggerError, describe_custom_build, describe_rebuild, find_commit, trigger
from drone_mcp_simulator.world import NoRows

if TYPE_CHECKING:
    from starlette.responses import Response

    from drone_mcp_simulator.records import Build, Stage
    from drone_mcp_simulator.routing import Handler


async def list_builds(ctx: RequestContext) -> Response:
    """List builds, newest first, without stages; `branch` and `tag` filter by the exact ref."""
    builds = ctx.world.list_builds(ctx.repo)
    if branch := ctx.value("branch"):
        builds = [build for build in builds if build.ref == f"refs/heads/{branch}"]
    elif tag := ctx.value("tag"):
        builds = [build for build in builds if build.ref == f"refs/tags/{tag}"]
    page = select_page(builds, ctx.value("page"), ctx.value("per_page"))
    return answer([build.bare() for build in page])


def _find_build(ctx: RequestContext) -> Build:
    return ctx.world.find_build(ctx.repo, ctx.number("number"))


async def show(ctx: RequestContext) -> Response:
    """Show one build with its stages and steps."""
    return answer(_find_build(ctx).to_json())


async def show_latest(ctx: RequestContext) -> Response:
    """Show the newest build of a ref, by default of the default branch."""
    ref = ctx.value("ref") or f"refs/heads/{ctx.repo.default_branch}"
    if branch := ctx.value("branch"):
        ref = f"refs/heads/{branch}"
    for build in ctx.world.list_builds(ctx.repo):
        if build.ref == ref:
            return answer(build.to_json())
    raise NoRows


def _read_params(ctx: RequestContext, *excluded: str) -> dict[str, str]:
    return {key: value for key, value in ctx.query.items() if key not in {"access_token", *excluded}}


async def _trigger(ctx: RequestContext, base: Build) -> Response:
    try:
        build = await trigger(ctx.world, ctx.repo, base)
    except TriggerError as error:
        raise ErrorResponse(500, str(error)) from error
    return answer(build.bare() if build else None)


async def create(ctx: RequestContext) -> Response:
    """Start a build of a branch or commit."""
    branch = ctx.value("branch") or ctx.repo.default_branch
    name = branch.removeprefix("refs/heads/").removeprefix("refs/tags/")
    try:
        commit = find_commit(ctx.world, ctx.repo, branch=name, sha=ctx.value("commit"))
    except TriggerError as error:
        raise ErrorResponse(404, str(error)) from error
    base = replace(
        describe_custom_build(commit, branch, ctx.caller),
        action=ctx.value("action"),
        message=ctx.value("message") or commit.message,
        params=_read_params(ctx, "commit", "branch"),
    )
    return await _trigger(ctx, base)


async def restart(ctx: RequestContext) -> Response:
    """Restart a build; its own parameters win over those of the request."""
    build = _find_build(ctx)
    if build.status in ("blocked", "declined"):
        raise ErrorResponse(400, f"cannot start a {build.status} build")
    base = describe_rebuild(build, ctx.caller)
    base.params = {**_read_params(ctx, "debug"), **build.params}
    base.debug = ctx.value("debug") == "true"
    return await _trigger(ctx, base)


def _deploy_as(event: str) -> Handler:
    async def deploy(ctx: RequestContext) -> Response:
        """Promote or roll back a build; the parameters of the request win."""
        build = _find_build(ctx)
        target = ctx.value("target")
        if not target:
            raise ErrorResponse(400, "Missing target environment")
        base = replace(describe_rebuild(build, ctx.caller), event=event, deploy_to=target, action="", cron="")
        base.params = {**build.params, **_read_params(ctx, "target")}
        return await _trigger(ctx, base)

    return deploy


async def cancel(ctx: RequestContext) -> Response:
    """Cancel a build; answer 200 with the build even if it was finished."""
    build = _find_build(ctx)
    ctx.world.cancel(build)
    return answer(build.to_json())


def _find_blocked_build(ctx: RequestContext) -> Build:
    text = ctx.params["number"]
    if not text.isdigit():
        raise ErrorResponse(400, "Invalid build number")
    try:
        return ctx.world.find_build(ctx.repo, int(text))
    except NoRows as error:
        raise ErrorResponse(404, "Build not found") from error


def _find_blocked_stage(ctx: RequestContext) -> tuple[Build, Stage]:
    build = _find_blocked_build(ctx)
    text = ctx.params["stage"]
    if not text.isdigit():
        raise ErrorResponse(400, "Invalid stage number")
    try:
        return build, ctx.world.find_stage(build, int(text))
    except NoRows as error:
        raise ErrorResponse(404, "Stage not found") from error


async def approve(ctx: RequestContext) -> Response:
    """Approve one stage."""
    build, stage = _find_blocked_stage(ctx)
    try:
        lifecycle.approve(stage)
    except TransitionRefused as error:
        raise ErrorResponse(400, str(error)) from error
    ctx.world.runner.schedule_pending_stages(build)
    return no_content()


async def decline(ctx: RequestContext) -> Response:
    """Decline one stage, and with it the build."""
    build, stage = _find_blocked_stage(ctx)
    try:
        lifecycle.decline(build, stage)
    except TransitionRefused as error:
        raise ErrorResponse(400, str(error)) from error
    return no_content()


async def decline_build(ctx: RequestContext) -> Response:
    """Decline every stage."""
    try:
        lifecycle.decline_all(_find_blocked_build(ctx))
    except TransitionRefused as error:
        raise ErrorResponse(400, str(error)) from error
    return no_content()


async def purge(ctx: RequestContext) -> Response:
    """Delete all builds before a number."""
    before = parse_int(ctx.value("before"))
    for build in ctx.world.list_builds(ctx.repo):
        if build.number < before:
            del ctx.world.builds[build.id]
    return no_content()


def _list_latest(kind: str) -> Handler:
    async def list_latest(ctx: RequestContext) -> Response:
        """List the newest build of each branch, pull request or deployment target."""
        ids = [build for (repo, of, _), build in ctx.world.latest.items() if (repo, of) == (ctx.repo.id, kind)]
        return answer([ctx.world.builds[found].bare() for found in ids if found in ctx.world.builds])

    return list_latest


def _remove_latest(kind: str) -> Handler:
    async def remove_latest(ctx: RequestContext) -> Response:
        """Remove a row from the index; answer 204 even if it does not exist."""
        ctx.world.latest.pop((ctx.repo.id, kind, ctx.params["key"]), None)
        return no_content()

    return remove_latest


BUILDS = "/api/repos/{owner}/{name}/builds/"
BUILD = BUILDS + "{number}"
ROUTES = [
    route("GET", BUILDS, AccessLevel.READ, list_builds),
    route("POST", BUILDS, AccessLevel.WRITE, create),
    route("DELETE", BUILDS, AccessLevel.ADMIN, purge),
    route("GET", BUILDS + "branches", AccessLevel.READ, _list_latest("branch")),
    route("DELETE", BUILDS + "branches/{key...}", AccessLevel.WRITE, _remove_latest("branch")),
    route("GET", BUILDS + "pulls", AccessLevel.READ, _list_latest("pull")),
    route("DELETE", BUILDS + "pulls/{key}", AccessLevel.WRITE, _remove_latest("pull")),
    route("GET", BUILDS + "deployments", AccessLevel.READ, _list_latest("deployment")),
    route("DELETE", BUILDS + "deployments/{key...}", AccessLevel.WRITE, _remove_latest("deployment")),
    route("GET", BUILDS + "latest", AccessLevel.READ, show_latest),
    route("GET", BUILD, AccessLevel.READ, show),
    route("POST", BUILD, AccessLevel.WRITE, restart),
    route("DELETE", BUILD, AccessLevel.WRITE, cancel),
    route("POST", BUILD + "/promote", AccessLevel.WRITE, _deploy_as("promote")),
    route("POST", BUILD + "/rollback", AccessLevel.WRITE, _deploy_as("rollback")),
    route("POST", BUILD + "/approve/{stage}", AccessLevel.ADMIN, approve),
    route("POST", BUILD + "/decline/{stage}", AccessLevel.ADMIN, decline),
    route("POST", BUILD + "/decline", AccessLevel.ADMIN, decline_build),
]
