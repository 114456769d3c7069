"""Creates builds (harness/drone v2.25.0, `trigger/trigger.go` and the handlers that call it)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from drone_mcp_simulator.pipeline_checks import lint, select_stages
from drone_mcp_simulator.records import Build, Repo, Stage
from drone_mcp_simulator.world import NoRows

if TYPE_CHECKING:
    from drone_mcp_simulator.records import Cron, User
    from drone_mcp_simulator.scm import Commit, Pipeline, StageDefinition
    from drone_mcp_simulator.world import World

# How often Drone requests a missing configuration, and the pause between attempts in seconds
# (service/content/content.go, findRetry).
CONFIG_TRIES = 3
CONFIG_PAUSE = 15.0
# Only messages of pushes and pull requests are searched for a mark (trigger/skip.go, skipMessage).
NEVER_SKIPPED = frozenset({"tag", "cron", "custom", "promote", "rollback"})
SKIP_MARK = re.compile(r"\[ci skip\]|\[skip ci\]|\*\*\*no_ci\*\*\*", re.IGNORECASE)


class TriggerError(Exception):
    """An error of the source code host or of a webhook endpoint, whose message Drone passes on."""


async def trigger(world: World, repo: Repo, base: Build) -> Build | None:
    """Create a build from `base`; return None if no pipeline matches. Takes 45 s if the configuration is missing."""
    pipeline = find_pipeline(world, repo, base.after)
    if pipeline is None or pipeline.missing:
        first_try = world.clock.now()
        for failures in range(1, CONFIG_TRIES + 1):
            await world.clock.sleep_until(first_try + failures * CONFIG_PAUSE)
        raise TriggerError("Not Found")
    build = start(world, repo, base, pipeline)
    if build and build.status == "error" and (failure := await world.deliver()):
        raise TriggerError(failure)  # the build is stored nevertheless; for others, Drone ignores a lost webhook
    return build


def find_pipeline(world: World, repo: Repo, sha: str) -> Pipeline | None:
    """Return the configuration at a commit."""
    remote = world.scm.get(repo.slug)
    commit = remote.commits.get(sha) if remote else None
    return commit.pipeline if commit else None


def start(world: World, repo: Repo, base: Build, pipeline: Pipeline) -> Build | None:
    """Store the build with its stages, or with status `error`; return None if it is skipped."""
    if base.event not in NEVER_SKIPPED and SKIP_MARK.search(f"{base.message}\n{base.title}"):
        return None
    if base.event == "pull_request" and repo.ignore_forks and base.source_repo.lower() != repo.slug.lower():
        return None
    if error := pipeline.error or lint(pipeline.stages):
        # Drone stores a build that failed at its trigger without trigger and parameters.
        now = world.now()
        failed = replace(base, trigger="", params={}, status="error", error=error, started=now, finished=now)
        return _store(world, repo, failed)
    definitions = select_stages(pipeline.stages, base.event)
    # Before the build gets a number: one that matches no pipeline leaves no gap in the numbers (trigger.go).
    if not definitions:
        return None
    build = _store(world, repo, base, definitions)
    world.runner.schedule_pending_stages(build)
    if (build.event == "push" and repo.auto_cancel_pushes) or (
        build.event == "pull_request" and repo.auto_cancel_pull_requests
    ):
        _cancel_older(world, repo, build)
    return build


def _cancel_older(world: World, repo: Repo, build: Build) -> None:
    """Skip older builds of the same event and ref that wait, or that run if the repository wants it.

    `service/canceler/canceler.go` and `match.go`.
    """
    statuses = ("pending", "running") if repo.auto_cancel_running else ("pending",)
    for older in world.list_builds(repo):
        is_same = (older.event, older.ref) == (build.event, build.ref)
        if is_same and older.number < build.number and older.status in statuses:
            world.cancel(older, "skipped")
            world.publish(older)


def _store(world: World, repo: Repo, base: Build, definitions: list[StageDefinition] | None = None) -> Build:
    now = world.now()
    repo.counter += 1
    repo.version += 1
    build = replace(base, id=world.next_id("builds"), repo_id=repo.id, number=repo.counter, created=now, updated=now)
    build.stages = [
        _create_stage(world, repo, build, number, definition) for number, definition in enumerate(definitions or [], 1)
    ]
    world.builds[build.id] = build
    # The index of latest builds (`store/build/build.go`) has only these.
    if build.event == "push":
        world.latest[build.repo_id, "branch", build.target] = build.id
    elif build.event == "pull_request":
        world.latest[build.repo_id, "pull", build.ref.split("/")[2]] = build.id
    elif build.event in ("promote", "rollback"):
        world.latest[build.repo_id, "deployment", build.deploy_to] = build.id
    owner = world.find_user(repo.user_id)
    world.notify("build", "created", user=owner.to_json() if owner else None, repo=repo.to_json(), build=build.bare())
    return build


def _create_stage(world: World, repo: Repo, build: Build, number: int, definition: StageDefinition) -> Stage:
    system, _, arch = definition.platform.partition("/")
    stage = Stage(
        id=world.next_id("stages"),
        repo_id=repo.id,
        build_id=build.id,
        number=number,
        name=definition.name,
        kind=definition.kind,
        type=definition.type if definition.kind == "pipeline" else "",
        status="waiting_on_dependencies" if definition.depends_on else "pending",
        os=system,
        arch=arch,
        created=build.created,
        updated=build.updated,
        on_success="success" in definition.when,
        on_failure="failure" in definition.when,
        depends_on=list(definition.depends_on),
        limit=definition.limit,
        throttle=repo.throttle,
    )
    # A person who starts a build by the API has approved it by that; only hooks are held (trigger.go). The simulator
    # knows no signed configuration, which Drone would let pass.
    if repo.protected and build.trigger == "@hook":
        stage.status = "blocked"
    world.runner.assign(stage, definition)
    return stage


def find_commit(world: World, repo: Repo, *, branch: str = "", sha: str = "") -> Commit:
    """Look up a commit at the source code host; Drone uses the repository owner's account for it."""
    if world.find_user(repo.user_id) is None:
        raise NoRows
    remote = world.scm.get(repo.slug)
    commit = None
    if remote:
        commit = remote.commits.get(sha) if sha else remote.head(branch)
    if commit is None:
        raise TriggerError("Not Found")
    return commit


def describe_commit_build(commit: Commit) -> Build:
    """Return a build with the fields that come from its commit."""
    return Build(
        link=commit.link,
        message=commit.message,
        after=commit.sha,
        author_login=commit.author_login,
        author_name=commit.author_name,
        author_email=commit.author_email,
        author_avatar=commit.author_avatar,
    )


def describe_custom_build(commit: Commit, branch: str, caller: User) -> Build:
    """Describe a build requested through the API; a full ref stays unchanged."""
    ref = branch if branch.startswith("refs/") else f"refs/heads/{branch}"
    return replace(
        describe_commit_build(commit),
        trigger=caller.login,
        event="custom",
        before=commit.sha,
        ref=ref,
        source=branch,
        target=branch,
        sender=caller.login,
    )


def describe_cron_build(commit: Commit, job: Cron) -> Build:
    """Describe a build started by a cron job."""
    return replace(
        describe_commit_build(commit),
        trigger="@cron",
        event="cron",
        ref=f"refs/heads/{job.branch}",
        target=job.branch,
        sender=commit.author_login,
        cron=job.name,
    )


def describe_rebuild(build: Build, caller: User) -> Build:
    """Describe a new build with `build` as its parent, for restart, promote and rollback."""
    return replace(
        build,
        trigger=caller.login,
        parent=build.number,
        status="pending",
        error="",
        params=dict(build.params),
        started=0,
        finished=0,
        version=1,
        stages=[],
    )
