"""Cron jobs (harness/drone v2.25.0, `handler/api/repos/crons`)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from drone_mcp_build.cron_schedule import next_time
from drone_mcp_simulator.permissions import AccessLevel
from drone_mcp_simulator.records import Cron
from drone_mcp_simulator.routing import ErrorResponse, RequestContext, answer, no_content, route
from drone_mcp_simulator.trigger import TriggerError, describe_cron_build, find_commit, trigger
from drone_mcp_simulator.world import NoRows

if TYPE_CHECKING:
    from starlette.responses import Response


def _find_cron(ctx: RequestContext) -> Cron:
    jobs = [job for job in ctx.world.crons if job.repo_id == ctx.repo.id]
    found = next((job for job in jobs if job.name == ctx.params["key"]), None)
    if found is None:
        raise NoRows
    return found


async def list_crons(ctx: RequestContext) -> Response:
    """List the repository's jobs."""
    return answer([job.to_json() for job in ctx.world.crons if job.repo_id == ctx.repo.id])


async def create_cron(ctx: RequestContext) -> Response:
    """Add a job with name, expression and branch; the name becomes a slug."""
    data = ctx.json()
    name = re.sub(r"[^a-z0-9]+", "-", str(data.get("name", "")).lower()).strip("-")
    expression, branch = str(data.get("expr", "")), str(data.get("branch", ""))
    try:
        due = next_time(expression, ctx.world.now())
    except ValueError as error:
        raise ErrorResponse(400, "Invalid Cronjob Expression") from error
    if not name:
        raise ErrorResponse(400, "Invalid Cronjob Name")
    if not branch:
        raise ErrorResponse(400, "Invalid Cronjob Branch")
    if any(job.name == name and job.repo_id == ctx.repo.id for job in ctx.world.crons):
        raise ErrorResponse(500, "UNIQUE constraint failed: cron.cron_repo_id, cron.cron_name")
    job = Cron(ctx.world.next_id("cron"), ctx.repo.id, name, expression, next=due, branch=branch)
    ctx.world.crons.append(job)
    return answer(job.to_json())


async def show_cron(ctx: RequestContext) -> Response:
    """Show one job by name."""
    return answer(_find_cron(ctx).to_json())


async def update_cron(ctx: RequestContext) -> Response:
    """Change branch, target or `disabled`; a body other than JSON is ignored without an error."""
    job, data = _find_cron(ctx), ctx.json(lenient=True)
    for name in ("branch", "target", "disabled"):
        if data.get(name) is not None:
            setattr(job, name, data[name])
    return answer(job.to_json())


async def delete_cron(ctx: RequestContext) -> Response:
    """Remove a job."""
    ctx.world.crons.remove(_find_cron(ctx))
    return no_content()


async def run_cron(ctx: RequestContext) -> Response:
    """Run a job now."""
    job = _find_cron(ctx)
    try:
        commit = find_commit(ctx.world, ctx.repo, branch=job.branch)
    except TriggerError as error:
        raise ErrorResponse(404, str(error)) from error
    try:
        build = await trigger(ctx.world, ctx.repo, describe_cron_build(commit, job))
    except TriggerError as error:
        raise ErrorResponse(500, str(error)) from error
    return answer(build.bare() if build else None)


REPO = "/api/repos/{owner}/{name}/"
ROUTES = [
    route("GET", REPO + "cron/", AccessLevel.WRITE, list_crons),
    route("POST", REPO + "cron/", AccessLevel.WRITE, create_cron),
    route("GET", REPO + "cron/{key}", AccessLevel.WRITE, show_cron),
    route("POST", REPO + "cron/{key}", AccessLevel.WRITE, run_cron),
    route("PATCH", REPO + "cron/{key}", AccessLevel.WRITE, update_cron),
    route("DELETE", REPO + "cron/{key}", AccessLevel.WRITE, delete_cron),
]
