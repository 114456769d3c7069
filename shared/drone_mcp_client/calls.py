"""The calls that this client can make: a function for each route, which returns the request and sends nothing.

Routes, parameters and answers are those of drone/drone v2.25.0, handler/api/api.go and the handlers that it names.
Files in comments and docstrings are relative to handler/api there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ci_mcp_http.call import Call, make_query, quote_input
from drone_mcp_client.call_builders import (
    LARGEST_PAGE,
    build_params,
    change,
    deployment_params,
    get,
    join_path,
    page_params,
    repo_change,
    repo_get,
    repo_path,
    trigger,
)
from drone_mcp_client.models import (
    Build,
    Collaborator,
    Cron,
    IncompleteStage,
    Line,
    Repo,
    Secret,
    ServerVersion,
    Stage,
    Statistics,
    Template,
    User,
)
from drone_mcp_client.steplog import StepLog

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LARGEST_PAGE", "Call"]

# The server and its user


def version() -> Call[ServerVersion]:
    """Read the version of Drone; anyone may."""
    return get("server.version", "the server's version", "/version", ServerVersion)


def user() -> Call[User]:
    """Read the user of the token: the only request that distinguishes a good token from a guest."""
    return get("user.get", "the token's user", "/api/user", User)


def user_repos(*, latest: bool = False) -> Call[tuple[Repo, ...]]:
    """List all repositories of the user at once; `latest` adds the newest build of each, without stages."""
    return get("user.repos", "the user's repositories", "/api/user/repos", tuple[Repo, ...], make_query(latest=latest))


def user_builds() -> Call[tuple[Repo, ...]]:
    """List the 25 newest builds of the user's repositories, each inside its repository."""
    return get("user.builds", "the user's builds", "/api/user/builds", tuple[Repo, ...])


# Repositories


def all_repos(*, page: int = 1, per_page: int = LARGEST_PAGE) -> Call[tuple[Repo, ...]]:
    """List a page of all repositories of the server, in no order; for system administrators (repos/all.go)."""
    params = page_params(page, per_page)
    return get("repos.list", "the server's repositories", "/api/repos", tuple[Repo, ...], params)


def repo(repo: str) -> Call[Repo]:
    """Read a repository."""
    return repo_get("repos.get", "the settings", repo, Repo)


def collaborators(repo: str) -> Call[tuple[Collaborator, ...]]:
    """List who may read, write and administer the repository."""
    return repo_get("repos.collaborators", "the collaborators", repo, tuple[Collaborator, ...], "collaborators")


# Builds


def builds(
    repo: str, *, page: int = 1, per_page: int = LARGEST_PAGE, branch: str | None = None, tag: str | None = None
) -> Call[tuple[Build, ...]]:
    """List a page of builds, newest first, without stages.

    Drone has no other filter, and ignores `tag` where `branch` is given (repos/builds/list.go).
    """
    params = (*page_params(page, per_page), *make_query(branch=branch, tag=tag))
    return repo_get("builds.list", "the builds", repo, tuple[Build, ...], "builds", params=params)


def build(repo: str, number: int) -> Call[Build]:
    """Read a build with its stages and steps."""
    return repo_get("builds.get", "build", repo, Build, "builds", number)


def latest_build(repo: str, *, branch: str | None = None, ref: str | None = None) -> Call[Build]:
    """Read the newest build of a branch or a full ref, by default of the default branch, with stages and steps."""
    params = make_query(branch=branch, ref=ref)
    where = quote_input(branch or ref or "") if branch or ref else "the default branch"
    return repo_get("builds.latest", f"any build on {where}", repo, Build, "builds", "latest", params=params)


def branches(repo: str) -> Call[tuple[Build, ...]]:
    """List the last push build of each branch."""
    return repo_get("builds.branches", "the builds by branch", repo, tuple[Build, ...], "builds", "branches")


def pulls(repo: str) -> Call[tuple[Build, ...]]:
    """List the last build of each pull request."""
    return repo_get("builds.pulls", "the builds by pull request", repo, tuple[Build, ...], "builds", "pulls")


def deployments(repo: str) -> Call[tuple[Build, ...]]:
    """List the last promotion or rollback of each target."""
    return repo_get("builds.deployments", "the deployments", repo, tuple[Build, ...], "builds", "deployments")


def create_build(
    repo: str,
    *,
    branch: str | None = None,
    commit: str | None = None,
    message: str | None = None,
    action: str | None = None,
    params: Mapping[str, str] | None = None,
) -> Call[Build | None]:
    """Start a build. The answer is None where Drone starts none, for example because no pipeline matches."""
    own = make_query(branch=branch, commit=commit, message=message, action=action)
    given = build_params(params, "branch", "commit", "message", "action")
    return trigger("builds.create", repo, "builds", params=(*own, *given))


def restart_build(
    repo: str, number: int, *, debug: bool = False, params: Mapping[str, str] | None = None
) -> Call[Build | None]:
    """Build the same commit again under a new number.

    Parameters of the old build win over those given here (repos/builds/retry.go).
    """
    given = (*make_query(debug=debug), *build_params(params, "debug"))
    return trigger("builds.restart", repo, "builds", number, params=given)


def cancel_build(repo: str, number: int) -> Call[Build]:
    """Stop a build. One that is finished stays as it is, and the answer says so (repos/builds/cancel.go)."""
    # Idempotent for that reason: it may be sent again if the answer is lost.
    return repo_change("builds.cancel", "build", "DELETE", repo, Build, "builds", number)


def promote(repo: str, number: int, target: str, *, params: Mapping[str, str] | None = None) -> Call[Build | None]:
    """Deploy a build to a target, by a new build of the event `promote`."""
    return trigger("builds.promote", repo, "builds", number, "promote", params=deployment_params(target, params))


def rollback(repo: str, number: int, target: str, *, params: Mapping[str, str] | None = None) -> Call[Build | None]:
    """Return a target to a build, by a new build of the event `rollback`."""
    return trigger("builds.rollback", repo, "builds", number, "rollback", params=deployment_params(target, params))


def approve_stage(repo: str, number: int, stage: int) -> Call[None]:
    """Let a blocked stage run."""
    return _decide("stages.approve", repo, number, "approve", stage)


def decline_stage(repo: str, number: int, stage: int) -> Call[None]:
    """Refuse a blocked stage. The whole build is `declined` at once, and its other stages stay blocked."""
    return _decide("stages.decline", repo, number, "decline", stage)


def decline_build(repo: str, number: int) -> Call[None]:
    """Refuse all stages in turn, from Drone 2.23 on.

    The first stage that is not blocked is an error, and those before it stay declined
    (repos/builds/stages/decline_build.go).
    """
    return _decide("builds.decline", repo, number, "decline")


# Logs and streams


def log(repo: str, number: int, stage: int, step: int) -> Call[StepLog]:
    """Read the stored log of a step. There is none while the step runs, or if it never ran."""
    name, path = repo_path(repo, "builds", number, "logs", stage, step)
    subject = f"the log of {name}#{number}, stage {stage}, step {step}"
    return get("logs.get", subject, path, StepLog, repo=name)


def log_stream(repo: str, number: int, stage: int, step: int) -> Call[Line]:
    """Follow the log of a running step, from its newest 5,000 writes on (livelog/stream.go in the root)."""
    name, path = repo_path(repo, number, stage, step, root="/api/stream")
    subject = f"the live log of {name}#{number}, stage {stage}, step {step}"
    return get("logs.follow", subject, path, Line, repo=name)


def feed(repo: str | None = None) -> Call[Repo]:
    """Follow the server, or one repository: an event is a repository with a build that changed. None is replayed."""
    if repo is None:
        return get("events.follow", "the event feed", "/api/stream", Repo)
    name, path = repo_path(repo, root="/api/stream")
    return get("events.follow", f"the event feed of {name}", path, Repo, repo=name)


# Administration of a repository


def sync_repos() -> Call[None]:
    """Fetch the user's repositories from the source host again; `syncing` of the user is true until that is done."""
    # Otherwise Drone answers only after the source host has listed everything (handler/api/user/sync.go).
    params = (("async", "true"),)
    return change("user.sync", "the user's repositories", "POST", "/api/user/repos", None, params=params)


def enable_repo(repo: str) -> Call[Repo]:
    """Let Drone build the repository; the source host gets a new hook each time (repos/enable.go)."""
    return repo_change("repos.enable", "the settings", "POST", repo, Repo)


def disable_repo(repo: str) -> Call[Repo]:
    """Stop building the repository. Its builds stay."""
    # Without `remove=true`, by which Drone would delete the repository (repos/disable.go).
    return repo_change("repos.disable", "the settings", "DELETE", repo, Repo)


def update_repo(repo: str, changes: Mapping[str, Any]) -> Call[Repo]:
    """Change settings, by Drone's names.

    Drone ignores those that only a system administrator may change, and validates nothing (repos/update.go).
    """
    return repo_change("repos.update", "the settings", "PATCH", repo, Repo, body=dict(changes))


def crons(repo: str) -> Call[tuple[Cron, ...]]:
    """List the scheduled jobs of a repository."""
    return repo_get("crons.list", "the scheduled jobs", repo, tuple[Cron, ...], "cron")


def create_cron(repo: str, name: str, *, expr: str, branch: str) -> Call[Cron]:
    """Add a scheduled job.

    `expr` has a leading field for seconds. Drone changes the name to lower case with dashes (repos/crons/create.go).
    """
    body = {"name": name, "expr": expr, "branch": branch}
    # Not sent twice: Drone would answer 500 to a name that exists by then, with its database's error.
    what = f"job {quote_input(name)}"
    return repo_change("crons.create", what, "POST", repo, Cron, "cron", body=body, idempotent=False)


def update_cron(
    repo: str, cron: str, *, branch: str | None = None, target: str | None = None, disabled: bool | None = None
) -> Call[Cron]:
    """Change a scheduled job, except for its times."""
    given = {"branch": branch, "target": target, "disabled": disabled}
    body = {key: value for key, value in given.items() if value is not None}
    return repo_change("crons.update", f"job {quote_input(cron)}", "PATCH", repo, Cron, "cron", cron, body=body)


def delete_cron(repo: str, cron: str) -> Call[None]:
    """Remove a scheduled job. A missing one is an error, so this is not sent twice."""
    what = f"job {quote_input(cron)}"
    return repo_change("crons.delete", what, "DELETE", repo, None, "cron", cron, idempotent=False)


def run_cron(repo: str, cron: str) -> Call[Build | None]:
    """Run a scheduled job now."""
    return trigger("crons.run", repo, "cron", cron)


def secrets(repo: str) -> Call[tuple[Secret, ...]]:
    """List the names of a repository's secrets; Drone never sends the values."""
    return repo_get("secrets.list", "the secrets", repo, tuple[Secret, ...], "secrets")


# Administration of the server


def org_secrets(namespace: str) -> Call[tuple[Secret, ...]]:
    """List the names of a namespace's secrets."""
    subject = f"the secrets of {namespace}"
    return get("secrets.list_org", subject, join_path("api", "secrets", namespace), tuple[Secret, ...])


def templates(namespace: str | None = None) -> Call[tuple[Template, ...]]:
    """List the templates of a namespace, or of the server, which is for system administrators."""
    path = "/api/templates" if namespace is None else join_path("api", "templates", namespace)
    return get("templates.list", f"the templates of {namespace or 'the server'}", path, tuple[Template, ...])


def users() -> Call[tuple[User, ...]]:
    """List all users; for system administrators, as is everything below."""
    return get("users.list", "the users", "/api/users", tuple[User, ...])


def queue() -> Call[tuple[Stage, ...]]:
    """List the stages that run or wait for a runner, by id, without steps and without those that wait for a stage."""
    return get("queue.list", "the queue", "/api/queue", tuple[Stage, ...])


def pause_queue() -> Call[None]:
    """Stop giving work to runners. Drone forgets this when it restarts, and has no route to read it."""
    return _queue("queue.pause", "DELETE")


def resume_queue() -> Call[None]:
    """Give work to runners again."""
    return _queue("queue.resume", "POST")


def incomplete() -> Call[tuple[Repo, ...]]:
    """List the 50 newest builds with a stage that waits or runs, each inside its repository, without stages."""
    return get("builds.incomplete", "the unfinished builds", "/api/builds/incomplete", tuple[Repo, ...])


def incomplete_stages() -> Call[tuple[IncompleteStage, ...]]:
    """List all stages that wait or run, with their build and repository."""
    path = "/api/builds/incomplete/v2"
    return get("stages.incomplete", "the unfinished stages", path, tuple[IncompleteStage, ...])


def stats() -> Call[Statistics]:
    """Read the counters of the server."""
    return get("server.stats", "the server's statistics", "/api/system/stats", Statistics)


def _decide(operation: str, repo: str, number: int, *parts: str | int) -> Call[None]:
    """Return a call that approves or declines. Drone refuses a second one, so it is not sent twice."""
    path = ("builds", number, *parts)
    return repo_change(operation, "build", "POST", repo, None, *path, idempotent=False)


def _queue(operation: str, method: str) -> Call[None]:
    return change(operation, "the queue", method, "/api/queue", None)
