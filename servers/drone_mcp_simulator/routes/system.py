"""Queue, unfinished builds, statistics and badges (Drone 2.25, `handler/api/{queue,builds,system,badge}`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

from starlette.responses import Response

from drone_mcp_simulator.lifecycle import DONE
from drone_mcp_simulator.permissions import Need
from drone_mcp_simulator.routing import Ask, answer, no_content, route

if TYPE_CHECKING:
    from drone_mcp_simulator.records import Build, Stage
    from drone_mcp_simulator.world import World

INCOMPLETE = 50
# The platforms that the statistics list, whatever runners there are.
PLATFORMS = (
    ("linux", "arm", "v6", ""),
    ("linux", "arm", "v7", ""),
    ("linux", "arm64", "v8", ""),
    ("linux", "arm", "v9", ""),
    ("linux", "amd64", "", ""),
    ("windows", "arm64", "", "1709"),
    ("windows", "arm64", "", "1803"),
    ("windows", "arm64", "", "1809"),
)
BADGE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="92" height="20">'
    '<text x="6" y="14">build</text><text x="44" y="14">{status}</text></svg>'
)
BADGE_STATUS = {
    "success": "success",
    "error": "error",
    "pending": "started",
    "running": "started",
    "blocked": "started",
}


async def queue(ask: Ask) -> Response:
    """Stages that wait for a runner or run; no steps."""
    return answer([stage.to_json(steps=None) for _, stage in ask.world.stages("pending", "running")])


async def pause(ask: Ask) -> Response:
    """Hand out no more work."""
    ask.world.runner.paused = True
    return no_content()


async def resume(ask: Ask) -> Response:
    """Hand out work again."""
    ask.world.runner.resume()
    return no_content()


async def incomplete(ask: Ask) -> Response:
    """Builds with a stage that waits or runs, newest first."""
    builds = {build.id: build for build, _ in ask.world.stages("pending", "running")}
    newest = [builds[key] for key in sorted(builds, reverse=True)[:INCOMPLETE]]
    return answer([ask.world.repo_of(build).to_json(build=build.bare()) for build in newest])


async def incomplete_stages(ask: Ask) -> Response:
    """The same, a row for each stage."""
    return answer([_build_stage(ask.world, *pair) for pair in ask.world.stages("pending", "running")])


def _build_stage(world: World, build: Build, stage: Stage) -> dict[str, Any]:
    """`core.RepoBuildStage`; the two limits are strings."""
    repo = world.repo_of(build)
    return {
        "repo_namespace": repo.namespace,
        "repo_name": repo.name,
        "repo_slug": repo.slug,
        "build_number": build.number,
        "build_author": build.author_login,
        "build_author_name": build.author_name,
        "build_author_email": build.author_email,
        "build_author_avatar": build.author_avatar,
        "build_sender": build.sender,
        "build_started": build.started,
        "build_finished": build.finished,
        "build_created": build.created,
        "build_updated": build.updated,
        "stage_name": stage.name,
        "stage_kind": stage.kind,
        "stage_type": stage.type,
        "stage_status": stage.status,
        "stage_machine": stage.machine,
        "stage_os": stage.os,
        "stage_arch": stage.arch,
        "stage_variant": stage.variant,
        "stage_kernel": stage.kernel,
        "stage_limit": str(stage.limit),
        "stage_limit_repo": str(stage.throttle),
        "stage_started": stage.started,
        "stage_stopped": stage.stopped,
    }


async def stats(ask: Ask) -> Response:
    """Counts; linux/amd64 never counts in `pipelines`, as in Drone."""
    world = ask.world
    builds = {status: len({build.id for build, _ in world.stages(status)}) for status in ("pending", "running")}
    return answer(
        {
            "users": {"total": len(world.users)},
            "repos": {"active": sum(repo.active for repo in world.repos.values())},
            "builds": {**builds, "total": len(world.builds)},
            "pipelines": [_platform(*platform) for platform in PLATFORMS],
            "events": {"subscribers": len(world.hub.feeds)},
            "streams": {str(step): len(live.listeners) for step, live in sorted(world.hub.logs.items())},
            "watchers": None,
        }
    )


def _platform(system: str, arch: str, variant: str, kernel: str) -> dict[str, Any]:
    platform = {"os": system, "arch": arch, "variant": variant, "kernel": kernel}
    return {"subscribers": 0, **platform, "pending": 0, "running": 0}


async def badge(ask: Ask) -> Response:
    """Always 200, for a private or unknown repository too."""
    repo = ask.world.repos.get(f"{ask.params['owner']}/{ask.params['name']}")
    status = "none"
    if repo:
        branch = ask.value("branch")
        ref = f"refs/heads/{branch}" if branch else ask.value("ref") or f"refs/heads/{repo.default_branch}"
        build = next((build for build in ask.world.builds_of(repo) if build.ref == ref), None)
        status = BADGE_STATUS.get(build.status, "failure") if build else "none"
    return Response(BADGE.format(status=status), headers={"content-type": "image/svg+xml"})


async def cc(ask: Ask) -> Response:
    """The newest build for CCTray; XML sent as plain text."""
    builds = ask.world.builds_of(ask.repo)
    if not builds:
        return Response(status_code=404)
    return Response(_cc_project(ask, builds[0]), headers={"content-type": "text/plain; charset=utf-8"})


def _cc_project(ask: Ask, build: Build) -> str:
    status = "Success" if build.status == "success" else "Failure" if build.status in DONE else "Unknown"
    attributes = {
        "name": ask.repo.slug,
        "activity": "Sleeping" if build.status in DONE else "Building",
        "lastBuildStatus": status,
        "lastBuildLabel": str(build.number),
        "webUrl": f"{ask.world.place.link}/{ask.repo.slug}/{build.number}",
    }
    pairs = " ".join(f"{key}={quoteattr(value)}" for key, value in attributes.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Projects><Project {pairs}></Project></Projects>'


ROUTES = [
    route("GET", "/api/queue/", Need.SYSADMIN, queue),
    route("POST", "/api/queue/", Need.SYSADMIN, resume),
    route("DELETE", "/api/queue/", Need.SYSADMIN, pause),
    route("GET", "/api/builds/incomplete", Need.SYSADMIN, incomplete),
    route("GET", "/api/builds/incomplete/v2", Need.SYSADMIN, incomplete_stages),
    route("GET", "/api/system/stats", Need.SYSADMIN, stats),
    route("GET", "/api/badges/{owner}/{name}/status.svg", Need.GUEST, badge),
    route("GET", "/api/badges/{owner}/{name}/cc.xml", Need.READ, cc),
]
