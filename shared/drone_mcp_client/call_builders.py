"""The few shapes that requests to Drone have, and their paths. Pure."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ci_mcp_http import call
from ci_mcp_http.call import Call, Params
from ci_mcp_kit.errors import InvalidInput
from drone_mcp_client.models import Build
from drone_mcp_client.name_parsing import parse_repo
from drone_mcp_client.responses import read_as

if TYPE_CHECKING:
    from collections.abc import Mapping

# The most entries of a page: Drone takes a request for more as one for 25, and does not say so (drone/drone v2.25.0,
# handler/api/repos/builds/list.go).
LARGEST_PAGE: Final = 100

# Seconds that a call gets at least where Drone reads a pipeline file: it asks the source host three times, 15 s apart,
# for one that is missing (drone/drone v2.25.0, service/content/content.go, findRetry).
TRIGGER_TIMEOUT: Final = 60.0

# What Go leaves unquoted in a segment, apart from letters, digits and -_.~ (shouldEscape in Go's net/url/url.go).
# Drone's router hands its handlers the raw segment wherever a request's quoting differs from Go's own (chi v3.3.3,
# mux.go, routeHTTP), and `octo%40x` is then looked up literally: so `@` must not be quoted.
GO_SAFE: Final = "$&+,:;=@"

join_path: Final = partial(call.join_path, safe=GO_SAFE)
"""Returns the path of the given segments, quoted as Go would."""


def get(
    operation: str, subject: str, path: str, answer: Any, params: Params = (), *, repo: str | None = None
) -> Call[Any]:
    """Return a call that only reads; `answer` is the type of its answer, `repo` the slug that it concerns."""
    return Call(
        operation=operation,
        subject=subject,
        method="GET",
        path=path,
        template=_path_template(path),
        read=read_as(answer),
        params=params,
        scope=repo,
    )


def change(
    operation: str,
    subject: str,
    method: str,
    path: str,
    answer: Any,
    *,
    params: Params = (),
    body: dict[str, Any] | None = None,
    repo: str | None = None,
    idempotent: bool = True,
    min_timeout: float = 0.0,
) -> Call[Any]:
    """Return a call that changes something."""
    return Call(
        operation=operation,
        subject=subject,
        method=method,
        path=path,
        template=_path_template(path),
        read=read_as(answer),
        params=params,
        body=body,
        scope=repo,
        writes=True,
        idempotent=idempotent,
        min_timeout=min_timeout,
    )


def repo_get(operation: str, what: str, repo: str, answer: Any, *parts: str | int, params: Params = ()) -> Call[Any]:
    """Return a call that reads `what` of a repository."""
    slug, path = repo_path(repo, *parts)
    return get(operation, _subject(what, slug, parts), path, answer, params, repo=slug)


def repo_change(
    operation: str,
    what: str,
    method: str,
    repo: str,
    answer: Any,
    *parts: str | int,
    body: dict[str, Any] | None = None,
    idempotent: bool = True,
) -> Call[Any]:
    """Return a call that changes `what` of a repository, at once."""
    slug, path = repo_path(repo, *parts)
    subject = _subject(what, slug, parts)
    return change(operation, subject, method, path, answer, body=body, repo=slug, idempotent=idempotent)


def trigger(operation: str, repo: str, *parts: str | int, params: Params = ()) -> Call[Build | None]:
    """Return a call that starts a build, which may take Drone long and must not be sent twice."""
    slug, path = repo_path(repo, *parts)
    return change(
        operation,
        f"a new build of {slug}",
        "POST",
        path,
        Build | None,
        params=params,
        repo=slug,
        # If the answer is lost, the build may have been started all the same.
        idempotent=False,
        min_timeout=TRIGGER_TIMEOUT,
    )


def repo_path(repo: str, *parts: str | int, root: str = "/api/repos") -> tuple[str, str]:
    """Return the repository's slug, and the path of something in it."""
    name = parse_repo(repo)
    return name.slug, root + join_path(name.namespace, name.name, *parts)


def page_params(page: int, per_page: int) -> Params:
    """Return the parameters of one page."""
    if not 1 <= per_page <= LARGEST_PAGE:
        raise InvalidInput(f"A page has 1 to {LARGEST_PAGE} entries, not {per_page}")
    # Drone takes page 0 as page 1: a loop that counts from 0 would list that page twice.
    if page < 1:
        raise InvalidInput(f"Pages count from 1, not {page}")
    return ("page", str(page)), ("per_page", str(per_page))


def deployment_params(target: str, params: Mapping[str, str] | None) -> Params:
    """Return the parameters of a promotion or rollback."""
    if not target:
        raise InvalidInput("A deployment needs a target environment")
    return (("target", target), *build_params(params, "target"))


def build_params(params: Mapping[str, str] | None, *reserved: str) -> Params:
    """Return the parameters that a build is started with.

    Drone reads them from the same query as its own parameters, which are `reserved`, and as the token (drone/drone
    v2.25.0, handler/api/repos/builds/create.go, and session/session.go for `access_token`).

    Raises:
        InvalidInput: one has a name that Drone reads itself.
    """
    taken = sorted({"access_token", *reserved} & set(params or ()))
    if taken:
        raise InvalidInput(f"A build parameter cannot be called {taken[0]!r}: Drone reads that itself")
    return tuple((params or {}).items())


def _subject(what: str, repo: str, parts: tuple[str | int, ...]) -> str:
    """Return `the secrets of octo/hello`, or `build octo/hello#7` where the path names a build by its number."""
    number = next((part for part in parts if isinstance(part, int)), None)
    return f"{what} of {repo}" if number is None else f"{what} {repo}#{number}"


def _path_template(path: str) -> str:
    """Return a path with placeholders for names and numbers.

    Metrics and traces are labelled with it, so there must be few of them, and none may disclose a repository. The
    routes are those of drone/drone v2.25.0, handler/api/api.go.
    """
    match path.split("/"):
        case ["", "api", "repos" | "stream" as root, _, _, *rest]:
            # Below a repository, only numbers and the names of scheduled jobs and secrets are anyone's choice.
            before = ["", *rest]
            names = ["{number}" if part.isdecimal() else part for part in rest]
            named = {"cron", "secrets"}
            names = ["{name}" if parent in named else name for parent, name in zip(before, names, strict=False)]
            return "/".join(["", "api", root, "{owner}", "{repo}", *names])
        case ["", "api", "secrets" | "templates" as root, _, *name]:
            return "/".join(["", "api", root, "{namespace}", *("{name}" for _ in name)])
        case ["", "api", "users", _, *rest]:
            return "/".join(["", "api", "users", "{user}", *rest])
        case _:
            return path
