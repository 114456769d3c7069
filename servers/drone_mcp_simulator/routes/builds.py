"""Builds (Drone 2.25, `handler/api/repos/builds`)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from drone_mcp_simulator import lifecycle
from drone_mcp_simulator.lifecycle import Refused
from drone_mcp_simulator.paging import page_of
from drone_mcp_simulator.permissions import Need
from drone_mcp_simulator.routing import Ask, Refusal, answer, no_content, parse_int, route
from drone_mcp_simulator.trigger import ScmError, again, custom, find_commit, trigger
from drone_mcp_simulator.world import NoRows

if TYPE_CHECKING:
    from starlette.responses import Response

    from drone_mcp_simulator.records import Build, Stage
    from drone_mcp_simulator.routing import Handler


async def list_builds(ask: Ask) -> Response:
    """Newest first, without stages. `branch` and `tag` stand for an exact ref."""
    builds = ask.world.builds_of(ask.repo)
    if branch := ask.value("branch"):
        builds = [build for build in builds if build.ref == f"refs/heads/{branch}"]
    elif tag := ask.value("tag"):
        builds = [build for build in builds if build.ref == f"refs/tags/{tag}"]
    page = page_of(builds, ask.value("page"), ask.value("per_page"))
    return answer([build.bare() for build in page])


def _find(ask: Ask) -> Build:
    return ask.world.build(ask.repo, ask.number("number"))


async def find(ask: Ask) -> Response:
    """One build with its stages and steps."""
    return answer(_find(ask).to_json())


async def latest(ask: Ask) -> Response:
    """The newest build of a ref; the default branch unless asked otherwise."""
    ref = ask.value("ref") or f"refs/heads/{ask.repo.default_branch}"
    if branch := ask.value("branch"):
        ref = f"refs/heads/{branch}"
    for build in ask.world.builds_of(ask.repo):
        if build.ref == ref:
            return answer(build.to_json())
    raise NoRows


def _params(ask: Ask, *excluded: str) -> dict[str, str]:
    return {key: value for key, value in ask.query.items() if key not in {"access_token", *excluded}}


async def _trigger(ask: Ask, base: Build) -> Response:
    try:
        build = await trigger(ask.world, ask.repo, base)
    except ScmError as error:
        raise Refusal(500, str(error)) from error
    return answer(build.bare() if build else None)


async def create(ask: Ask) -> Response:
    """Start a build of a branch or commit."""
    branch = ask.value("branch") or ask.repo.default_branch
    name = branch.removeprefix("refs/heads/").removeprefix("refs/tags/")
    try:
        commit = find_commit(ask.world, ask.repo, branch=name, sha=ask.value("commit"))
    except ScmError as error:
        raise Refusal(404, str(error)) from error
    base = replace(
        custom(commit, branch, ask.caller),
        action=ask.value("action"),
        message=ask.value("message") or commit.message,
        params=_params(ask, "commit", "branch"),
    )
    return await _trigger(ask, base)


async def restart(ask: Ask) -> Response:
    """A new build like an old one; the old one's parameters win."""
    build = _find(ask)
    if build.status in ("blocked", "declined"):
        raise Refusal(400, f"cannot start a {build.status} build")
    base = again(build, ask.caller)
    base.params = {**_params(ask, "debug"), **build.params}
    base.debug = ask.value("debug") == "true"
    return await _trigger(ask, base)


def _deploy(event: str) -> Handler:
    async def deploy(ask: Ask) -> Response:
        """Promote or roll back: a new build for a target; new parameters win."""
        build = _find(ask)
        target = ask.value("target")
        if not target:
            raise Refusal(400, "Missing target environment")
        base = replace(again(build, ask.caller), event=event, deploy_to=target, action="", cron="")
        base.params = {**build.params, **_params(ask, "target")}
        return await _trigger(ask, base)

    return deploy


async def cancel(ask: Ask) -> Response:
    """Cancel: 200 and the build, also when there was nothing to cancel."""
    build = _find(ask)
    changed = lifecycle.cancel(build, ask.world.now())
    ask.world.runner.stop(build)
    if changed:
        ask.world.notify_build(build, nested=False)
    return answer(build.to_json())


def _held_build(ask: Ask) -> Build:
    text = ask.params["number"]
    if not text.isdigit():
        raise Refusal(400, "Invalid build number")
    try:
        return ask.world.build(ask.repo, int(text))
    except NoRows as error:
        raise Refusal(404, "Build not found") from error


def _held_stage(ask: Ask) -> tuple[Build, Stage]:
    build = _held_build(ask)
    text = ask.params["stage"]
    if not text.isdigit():
        raise Refusal(400, "Invalid stage number")
    try:
        return build, ask.world.stage(build, int(text))
    except NoRows as error:
        raise Refusal(404, "Stage not found") from error


async def approve(ask: Ask) -> Response:
    """Release one stage."""
    build, stage = _held_stage(ask)
    try:
        lifecycle.approve(stage, ask.world.now())
    except Refused as error:
        raise Refusal(400, str(error)) from error
    ask.world.runner.look_for_work(build)
    return no_content()


async def decline(ask: Ask) -> Response:
    """Refuse one stage, and with it the build."""
    build, stage = _held_stage(ask)
    try:
        lifecycle.decline(build, stage)
    except Refused as error:
        raise Refusal(400, str(error)) from error
    return no_content()


async def decline_build(ask: Ask) -> Response:
    """Refuse every stage."""
    try:
        lifecycle.decline_all(_held_build(ask))
    except Refused as error:
        raise Refusal(400, str(error)) from error
    return no_content()


async def purge(ask: Ask) -> Response:
    """Delete the builds before a number."""
    before = parse_int(ask.value("before"))
    for build in ask.world.builds_of(ask.repo):
        if build.number < before:
            del ask.world.builds[build.id]
    return no_content()


def _index(kind: str) -> Handler:
    async def index(ask: Ask) -> Response:
        """The newest build of each branch, pull request or deployment target."""
        ids = [build for (repo, of, _), build in ask.world.latest.items() if (repo, of) == (ask.repo.id, kind)]
        return answer([ask.world.builds[found].bare() for found in ids if found in ask.world.builds])

    return index


def _forget(kind: str) -> Handler:
    async def forget(ask: Ask) -> Response:
        """Take a row out of the index; it need not be there."""
        ask.world.latest.pop((ask.repo.id, kind, ask.params["key"]), None)
        return no_content()

    return forget


BUILDS = "/api/repos/{owner}/{name}/builds/"
BUILD = BUILDS + "{number}"
ROUTES = [
    route("GET", BUILDS, Need.READ, list_builds),
    route("POST", BUILDS, Need.WRITE, create),
    route("DELETE", BUILDS, Need.ADMIN, purge),
    route("GET", BUILDS + "branches", Need.READ, _index("branch")),
    route("DELETE", BUILDS + "branches/{key...}", Need.WRITE, _forget("branch")),
    route("GET", BUILDS + "pulls", Need.READ, _index("pull")),
    route("DELETE", BUILDS + "pulls/{key}", Need.WRITE, _forget("pull")),
    route("GET", BUILDS + "deployments", Need.READ, _index("deployment")),
    route("DELETE", BUILDS + "deployments/{key...}", Need.WRITE, _forget("deployment")),
    route("GET", BUILDS + "latest", Need.READ, latest),
    route("GET", BUILD, Need.READ, find),
    route("POST", BUILD, Need.WRITE, restart),
    route("DELETE", BUILD, Need.WRITE, cancel),
    route("POST", BUILD + "/promote", Need.WRITE, _deploy("promote")),
    route("POST", BUILD + "/rollback", Need.WRITE, _deploy("rollback")),
    route("POST", BUILD + "/approve/{stage}", Need.ADMIN, approve),
    route("POST", BUILD + "/decline/{stage}", Need.ADMIN, decline),
    route("POST", BUILD + "/decline", Need.ADMIN, decline_build),
]
