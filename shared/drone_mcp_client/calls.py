"""Every request that this library can make, as data: one function a route, nothing is sent here.

Source of routes, parameters and answers: Drone 2.25, handler/api/api.go and the handlers it names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from drone_mcp_client.errors import InvalidInput
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
from drone_mcp_client.names import parse_repo
from drone_mcp_client.paths import join, shown
from drone_mcp_client.steplog import StepLog

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")

LARGEST_PAGE: Final = 100  # Drone answers a request for more with 25, without a word
TRIGGER_PATIENCE: Final = 60.0  # Drone asks the source host three times, 15 s apart, for a missing pipeline file
Params = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Call(Generic[T]):
    """One request, and what its answer is read as.

    Attributes:
        operation: a stable name, `thing.verb`.
        subject: what it is about, in words for an error message.
        path: quoted, from the server's root.
        answer: the type to read the body as; None where there is nothing to read.
        repo: the slug of the repository that it concerns, if it is one.
        writes: whether it changes anything in Drone.
        idempotent: whether sending it twice does no more than sending it once.
        patience: how long it may take at least, in seconds.
    """

    operation: str
    subject: str
    method: str
    path: str
    answer: Any
    params: Params = ()
    body: dict[str, Any] | None = None
    repo: str | None = None
    writes: bool = False
    idempotent: bool = True
    patience: float = 0.0


# The server and its user


def version() -> Call[ServerVersion]:
    """Which Drone this is; anyone may ask."""
    return _get("server.version", "the server's version", "/version", ServerVersion)


def user() -> Call[User]:
    """Whose token this is: the only request that tells a good token from a guest."""
    return _get("user.get", "the token's user", "/api/user", User)


def user_repos(*, latest: bool = False) -> Call[tuple[Repo, ...]]:
    """All repositories of the user, whole list; `latest` adds each one's newest build, without stages."""
    return _get("user.repos", "the user's repositories", "/api/user/repos", tuple[Repo, ...], _params(latest=latest))


def user_builds() -> Call[tuple[Repo, ...]]:
    """The 25 newest builds over the user's repositories, each inside its repository."""
    return _get("user.builds", "the user's builds", "/api/user/builds", tuple[Repo, ...])


# Repositories


def all_repos(*, page: int = 1, per_page: int = LARGEST_PAGE) -> Call[tuple[Repo, ...]]:
    """A page of all repositories of the server, in no order; for system administrators."""
    params = _page(page, per_page)
    return _get("repos.list", "the server's repositories", "/api/repos", tuple[Repo, ...], params)


def repo(repo: str) -> Call[Repo]:
    """One repository."""
    return _repo_get("repos.get", "the settings", repo, Repo)


def collaborators(repo: str) -> Call[tuple[Collaborator, ...]]:
    """Who may do what with the repository."""
    return _repo_get("repos.collaborators", "the collaborators", repo, tuple[Collaborator, ...], "collaborators")


# Builds


def builds(
    repo: str, *, page: int = 1, per_page: int = LARGEST_PAGE, branch: str | None = None, tag: str | None = None
) -> Call[tuple[Build, ...]]:
    """A page of builds, newest first, without stages. Drone has no other filter, and `branch` beats `tag`."""
    params = (*_page(page, per_page), *_params(branch=branch, tag=tag))
    return _repo_get("builds.list", "the builds", repo, tuple[Build, ...], "builds", params=params)


def build(repo: str, number: int) -> Call[Build]:
    """One build with its stages and steps."""
    name, path = _path(repo, "builds", number)
    return _get("builds.get", f"build {name}#{number}", path, Build, repo=name)


def latest_build(repo: str, *, branch: str | None = None, ref: str | None = None) -> Call[Build]:
    """The newest build of a branch or a full ref, by default of the default branch, with stages and steps."""
    params = _params(branch=branch, ref=ref)
    where = shown(branch or ref or "") if branch or ref else "the default branch"
    return _repo_get("builds.latest", f"any build on {where}", repo, Build, "builds", "latest", params=params)


def branches(repo: str) -> Call[tuple[Build, ...]]:
    """The last push build of each branch."""
    return _repo_get("builds.branches", "the builds by branch", repo, tuple[Build, ...], "builds", "branches")


def pulls(repo: str) -> Call[tuple[Build, ...]]:
    """The last build of each pull request."""
    return _repo_get("builds.pulls", "the builds by pull request", repo, tuple[Build, ...], "builds", "pulls")


def deployments(repo: str) -> Call[tuple[Build, ...]]:
    """The last promotion or rollback of each target."""
    return _repo_get("builds.deployments", "the deployments", repo, tuple[Build, ...], "builds", "deployments")


def create_build(
    repo: str,
    *,
    branch: str | None = None,
    commit: str | None = None,
    message: str | None = None,
    action: str | None = None,
    params: Mapping[str, str] | None = None,
) -> Call[Build | None]:
    """Start a build; None means that Drone chose not to (no pipeline matches, for one)."""
    own = _params(branch=branch, commit=commit, message=message, action=action)
    query = (*own, *_custom(params, "branch", "commit", "message", "action"))
    return _trigger("builds.create", repo, "builds", params=query)


def restart_build(
    repo: str, number: int, *, debug: bool = False, params: Mapping[str, str] | None = None
) -> Call[Build | None]:
    """Build the same commit again under a new number. Parameters of the old build beat those given here."""
    query = (*_params(debug=debug), *_custom(params, "debug"))
    return _trigger("builds.restart", repo, "builds", number, params=query)


def cancel_build(repo: str, number: int) -> Call[Build]:
    """Stop a build; one that is finished is answered unchanged."""
    name, path = _path(repo, "builds", number)
    return Call(
        operation="builds.cancel",
        subject=f"build {name}#{number}",
        method="DELETE",
        path=path,
        answer=Build,
        repo=name,
        writes=True,
    )


def promote(repo: str, number: int, target: str, *, params: Mapping[str, str] | None = None) -> Call[Build | None]:
    """Deploy a build to a target: a new build of the event `promote`."""
    return _trigger("builds.promote", repo, "builds", number, "promote", params=_deploy(target, params))


def rollback(repo: str, number: int, target: str, *, params: Mapping[str, str] | None = None) -> Call[Build | None]:
    """Bring a target back to a build: a new build of the event `rollback`."""
    return _trigger("builds.rollback", repo, "builds", number, "rollback", params=_deploy(target, params))


def approve_stage(repo: str, number: int, stage: int) -> Call[None]:
    """Let a blocked stage run."""
    return _decide("stages.approve", repo, number, "approve", stage)


def decline_stage(repo: str, number: int, stage: int) -> Call[None]:
    """Refuse a blocked stage; the whole build is `declined` at once, its other stages stay blocked."""
    return _decide("stages.decline", repo, number, "decline", stage)


def decline_build(repo: str, number: int) -> Call[None]:
    """Refuse all stages in turn (Drone 2.23+); the first that is not blocked ends it, those before stay declined."""
    return _decide("builds.decline", repo, number, "decline")


# Logs and streams


def log(repo: str, number: int, stage: int, step: int) -> Call[StepLog]:
    """The stored log of a step. There is none while the step runs, nor for one that never ran."""
    name, path = _path(repo, "builds", number, "logs", stage, step)
    subject = f"the log of {name}#{number}, stage {stage}, step {step}"
    return _get("logs.get", subject, path, StepLog, repo=name)


def log_stream(repo: str, number: int, stage: int, step: int) -> Call[Line]:
    """The live log of a running step: its newest 5,000 writes, then what follows."""
    name, path = _path(repo, number, stage, step, root="/api/stream")
    subject = f"the live log of {name}#{number}, stage {stage}, step {step}"
    return _get("logs.follow", subject, path, Line, repo=name)


def feed(repo: str | None = None) -> Call[Repo]:
    """The event feed of the server, or of one repository: repositories with a build that moved, without replay."""
    if repo is None:
        return _get("events.follow", "the event feed", "/api/stream", Repo)
    name, path = _path(repo, root="/api/stream")
    return _get("events.follow", f"the event feed of {name}", path, Repo, repo=name)


# Administration


def crons(repo: str) -> Call[tuple[Cron, ...]]:
    """The scheduled jobs of a repository."""
    return _repo_get("crons.list", "the scheduled jobs", repo, tuple[Cron, ...], "cron")


def run_cron(repo: str, cron: str) -> Call[Build | None]:
    """Run a scheduled job now."""
    return _trigger("crons.run", repo, "cron", cron)


def secrets(repo: str) -> Call[tuple[Secret, ...]]:
    """The names of a repository's secrets; Drone never sends the values."""
    return _repo_get("secrets.list", "the secrets", repo, tuple[Secret, ...], "secrets")


def org_secrets(namespace: str) -> Call[tuple[Secret, ...]]:
    """The names of a namespace's secrets."""
    subject = f"the secrets of {namespace}"
    return _get("secrets.list_org", subject, join("api", "secrets", namespace), tuple[Secret, ...])


def templates(namespace: str | None = None) -> Call[tuple[Template, ...]]:
    """The templates of a namespace; all of them is for system administrators."""
    path = "/api/templates" if namespace is None else join("api", "templates", namespace)
    return _get("templates.list", f"the templates of {namespace or 'the server'}", path, tuple[Template, ...])


def users() -> Call[tuple[User, ...]]:
    """All users; for system administrators, as is the rest below."""
    return _get("users.list", "the users", "/api/users", tuple[User, ...])


def queue() -> Call[tuple[Stage, ...]]:
    """The stages that wait for a runner or run, by id, without steps. Blocked and dependent ones are not in it."""
    return _get("queue.list", "the queue", "/api/queue", tuple[Stage, ...])


def pause_queue() -> Call[None]:
    """Hand out no more work to runners. Drone forgets this when it restarts, and has no route to read it."""
    return _queue("queue.pause", "DELETE")


def resume_queue() -> Call[None]:
    """Hand out work again."""
    return _queue("queue.resume", "POST")


def incomplete() -> Call[tuple[Repo, ...]]:
    """The 50 newest builds with a stage that waits or runs, each inside its repository, without stages."""
    return _get("builds.incomplete", "the unfinished builds", "/api/builds/incomplete", tuple[Repo, ...])


def incomplete_stages() -> Call[tuple[IncompleteStage, ...]]:
    """All stages that wait or run, with their build and repository."""
    path = "/api/builds/incomplete/v2"
    return _get("stages.incomplete", "the unfinished stages", path, tuple[IncompleteStage, ...])


def stats() -> Call[Statistics]:
    """The server's counters."""
    return _get("server.stats", "the server's statistics", "/api/system/stats", Statistics)


# How they are put together


def _get(
    operation: str, subject: str, path: str, answer: Any, params: Params = (), *, repo: str | None = None
) -> Call[Any]:
    return Call(operation=operation, subject=subject, method="GET", path=path, answer=answer, params=params, repo=repo)


def _repo_get(operation: str, what: str, repo: str, answer: Any, *parts: str, params: Params = ()) -> Call[Any]:
    name, path = _path(repo, *parts)
    return _get(operation, f"{what} of {name}", path, answer, params, repo=name)


def _trigger(operation: str, repo: str, *parts: str | int, params: Params = ()) -> Call[Build | None]:
    name, path = _path(repo, *parts)
    return Call(
        operation=operation,
        subject=f"a new build of {name}",
        method="POST",
        path=path,
        answer=Build | None,
        params=params,
        repo=name,
        writes=True,
        idempotent=False,
        patience=TRIGGER_PATIENCE,
    )


def _decide(operation: str, repo: str, number: int, *parts: str | int) -> Call[None]:
    name, path = _path(repo, "builds", number, *parts)
    return Call(
        operation=operation,
        subject=f"build {name}#{number}",
        method="POST",
        path=path,
        answer=None,
        repo=name,
        writes=True,
        idempotent=False,
    )


def _queue(operation: str, method: str) -> Call[None]:
    return Call(operation=operation, subject="the queue", method=method, path="/api/queue", answer=None, writes=True)


def _path(repo: str, *parts: str | int, root: str = "/api/repos") -> tuple[str, str]:
    name = parse_repo(repo)
    return name.slug, root + join(name.namespace, name.name, *parts)


def _page(page: int, per_page: int) -> Params:
    if not 1 <= per_page <= LARGEST_PAGE:
        raise InvalidInput(f"A page has 1 to {LARGEST_PAGE} entries, not {per_page}")
    if page < 1:
        raise InvalidInput(f"Pages count from 1, not {page}")
    return ("page", str(page)), ("per_page", str(per_page))


def _deploy(target: str, params: Mapping[str, str] | None) -> Params:
    if not target:
        raise InvalidInput("A deployment needs a target environment")
    return (("target", target), *_custom(params, "target"))


def _custom(params: Mapping[str, str] | None, *reserved: str) -> Params:
    """The build's own parameters; Drone reads them, its own words and even a token from the same query."""
    taken = sorted({"access_token", *reserved} & set(params or ()))
    if taken:
        raise InvalidInput(f"A build parameter cannot be called {taken[0]!r}: Drone reads that itself")
    return tuple((params or {}).items())


def _params(**values: str | bool | None) -> Params:
    return tuple((key, "true" if value is True else value) for key, value in values.items() if value)
