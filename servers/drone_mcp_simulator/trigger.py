"""How builds come into being (Drone 2.25, `trigger/trigger.go` and the handlers that call it)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from drone_mcp_simulator.records import Build, Repo, Stage
from drone_mcp_simulator.world import NoRows

if TYPE_CHECKING:
    from drone_mcp_simulator.records import Cron, User
    from drone_mcp_simulator.scm import Commit, Pipeline, StagePlan
    from drone_mcp_simulator.world import World

# How often Drone asks the host for a missing configuration, and the pause (seconds) before it asks again.
CONFIG_TRIES = 3
CONFIG_PAUSE = 15.0
NEVER_SKIPPED = frozenset({"tag", "cron", "custom", "promote", "rollback"})
SKIP_MARK = re.compile(r"\[ci skip\]|\[skip ci\]|\*\*\*no_ci\*\*\*", re.IGNORECASE)


class ScmError(Exception):
    """The source code host refused; Drone passes its words on."""


async def trigger(world: World, repo: Repo, base: Build) -> Build | None:
    """Make a build of `base`; may take 45 s when the configuration is missing. `None`: nothing to run."""
    pipeline = pipeline_at(world, repo, base.after)
    if pipeline is None or pipeline.missing:
        asked = world.clock.now()
        for failures in range(1, CONFIG_TRIES + 1):
            await world.clock.sleep_until(asked + failures * CONFIG_PAUSE)
        raise ScmError("Not Found")
    return start(world, repo, base, pipeline)


def pipeline_at(world: World, repo: Repo, sha: str) -> Pipeline | None:
    """The configuration at a commit."""
    remote = world.scm.get(repo.slug)
    commit = remote.commits.get(sha) if remote else None
    return commit.pipeline if commit else None


def start(world: World, repo: Repo, base: Build, pipeline: Pipeline) -> Build | None:
    """Store the build and its stages, or a build of status `error`, or nothing."""
    if _asks_to_skip(base):
        return None
    if pipeline.error:
        return _store(world, repo, _failed(world, base, pipeline.error))
    plans = [plan for plan in pipeline.stages if plan.runs_on(base.event)]
    if not plans:
        return None
    build = _store(world, repo, base, plans)
    world.runner.look_for_work(build)
    return build


def _asks_to_skip(base: Build) -> bool:
    return base.event not in NEVER_SKIPPED and bool(SKIP_MARK.search(f"{base.message}\n{base.title}"))


def _failed(world: World, base: Build, error: str) -> Build:
    """A build that failed at its trigger knows neither who asked for it nor its parameters."""
    now = world.now()
    return replace(base, trigger="", params={}, status="error", error=error, started=now, finished=now)


def _store(world: World, repo: Repo, base: Build, plans: list[StagePlan] | None = None) -> Build:
    now = world.now()
    repo.counter += 1
    repo.version += 1
    build = replace(base, id=world.next_id("builds"), repo_id=repo.id, number=repo.counter, created=now, updated=now)
    build.stages = [_stage(world, repo, build, number, plan) for number, plan in enumerate(plans or [], 1)]
    world.builds[build.id] = build
    _index(world, build)
    owner = world.user_by_id(repo.user_id)
    world.notify("build", "created", user=owner.to_json() if owner else None, repo=repo.to_json(), build=build.bare())
    return build


def _stage(world: World, repo: Repo, build: Build, number: int, plan: StagePlan) -> Stage:
    system, _, arch = plan.platform.partition("/")
    stage = Stage(
        id=world.next_id("stages"),
        repo_id=repo.id,
        build_id=build.id,
        number=number,
        name=plan.name,
        type=plan.type,
        status="waiting_on_dependencies" if plan.depends_on else "pending",
        os=system,
        arch=arch,
        created=build.created,
        updated=build.updated,
        on_success="success" in plan.when,
        on_failure="failure" in plan.when,
        depends_on=list(plan.depends_on),
    )
    if repo.protected and build.trigger == "@hook":
        stage.status = "blocked"
    world.runner.plan(stage, plan)
    return stage


def _index(world: World, build: Build) -> None:
    """Only these events enter the index of latest builds (`store/build/build.go`)."""
    if build.event == "push":
        world.latest[build.repo_id, "branch", build.target] = build.id
    elif build.event == "pull_request":
        world.latest[build.repo_id, "pull", build.ref.split("/")[2]] = build.id
    elif build.event in ("promote", "rollback"):
        world.latest[build.repo_id, "deployment", build.deploy_to] = build.id


def _need_owner(world: World, repo: Repo) -> User:
    owner = world.user_by_id(repo.user_id)
    if owner is None:
        raise NoRows
    return owner


def find_commit(world: World, repo: Repo, *, branch: str = "", sha: str = "") -> Commit:
    """Look a commit up at the host, which takes the repository owner's account."""
    _need_owner(world, repo)
    remote = world.scm.get(repo.slug)
    commit = None
    if remote:
        commit = remote.commits.get(sha) if sha else remote.head(branch)
    if commit is None:
        raise ScmError("Not Found")
    return commit


def by_commit(commit: Commit) -> Build:
    """The parts of a build that its commit decides."""
    return Build(
        link=commit.link,
        message=commit.message,
        after=commit.sha,
        author_login=commit.author_login,
        author_name=commit.author_name,
        author_email=commit.author_email,
        author_avatar=commit.author_avatar,
    )


def custom(commit: Commit, branch: str, caller: User) -> Build:
    """A build asked for through the API; a full ref is kept as it is."""
    ref = branch if branch.startswith("refs/") else f"refs/heads/{branch}"
    return replace(
        by_commit(commit),
        trigger=caller.login,
        event="custom",
        before=commit.sha,
        ref=ref,
        source=branch,
        target=branch,
        sender=caller.login,
    )


def by_cron(commit: Commit, job: Cron) -> Build:
    """A build that a cron job starts."""
    return replace(
        by_commit(commit),
        trigger="@cron",
        event="cron",
        ref=f"refs/heads/{job.branch}",
        target=job.branch,
        sender=commit.author_login,
        cron=job.name,
    )


def again(build: Build, caller: User) -> Build:
    """A new build like `build`, which stays its parent: what restart, promote and rollback begin with."""
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
