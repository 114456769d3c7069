"""Queue, unfinished builds and statistics.

harness/drone v2.25.0, `handler/api/{queue,builds,system}`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drone_mcp_simulator.permissions import AccessLevel
from drone_mcp_simulator.routing import RequestContext, answer, no_content, route

if TYPE_CHECKING:
    from starlette.responses import Response

    from drone_mcp_simulator.records import Build, Stage
    from drone_mcp_simulator.world import World

INCOMPLETE = 50
# The platforms that the statistics list, independent of the runners.
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


async def list_queue(ctx: RequestContext) -> Response:
    """List pending and running stages, without steps."""
    return answer([stage.to_json(steps=None) for _, stage in ctx.world.list_stages("pending", "running")])


async def pause(ctx: RequestContext) -> Response:
    """Pause the queue."""
    ctx.world.runner.paused = True
    return no_content()


async def resume(ctx: RequestContext) -> Response:
    """Resume the queue."""
    ctx.world.runner.resume()
    return no_content()


async def list_incomplete(ctx: RequestContext) -> Response:
    """List builds with a pending or running stage, newest first."""
    builds = {build.id: build for build, _ in ctx.world.list_stages("pending", "running")}
    newest = [builds[key] for key in sorted(builds, reverse=True)[:INCOMPLETE]]
    return answer([ctx.world.find_repo(build).to_json(build=build.bare()) for build in newest])


async def list_incomplete_stages(ctx: RequestContext) -> Response:
    """List pending and running stages, each with the fields of its build."""
    return answer([_describe_stage(ctx.world, *pair) for pair in ctx.world.list_stages("pending", "running")])


def _describe_stage(world: World, build: Build, stage: Stage) -> dict[str, Any]:
    """Describe a stage as `core.RepoBuildStage`, whose two limits are strings."""
    repo = world.find_repo(build)
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


async def show_stats(ctx: RequestContext) -> Response:
    """Show counts; linux/amd64 never counts in `pipelines`, as in Drone."""
    world = ctx.world
    builds = {status: len({build.id for build, _ in world.list_stages(status)}) for status in ("pending", "running")}
    return answer(
        {
            "users": {"total": len(world.users)},
            "repos": {"active": sum(repo.active for repo in world.repos.values())},
            "builds": {**builds, "total": len(world.builds)},
            "pipelines": [
                {
                    "subscribers": 0,
                    **dict(zip(("os", "arch", "variant", "kernel"), platform, strict=True)),
                    "pending": 0,
                    "running": 0,
                }
                for platform in PLATFORMS
            ],
            "events": {"subscribers": len(world.hub.feeds)},
            "streams": {str(step): len(live.listeners) for step, live in sorted(world.hub.logs.items())},
            "watchers": None,
        }
    )


ROUTES = [
    route("GET", "/api/queue/", AccessLevel.SYSADMIN, list_queue),
    route("POST", "/api/queue/", AccessLevel.SYSADMIN, resume),
    route("DELETE", "/api/queue/", AccessLevel.SYSADMIN, pause),
    route("GET", "/api/builds/incomplete", AccessLevel.SYSADMIN, list_incomplete),
    route("GET", "/api/builds/incomplete/v2", AccessLevel.SYSADMIN, list_incomplete_stages),
    route("GET", "/api/system/stats", AccessLevel.SYSADMIN, show_stats),
]
