"""One request as data, and the few shapes that requests to Drone have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from drone_mcp_client.errors import InvalidInput
from drone_mcp_client.models import Build
from drone_mcp_client.names import parse_repo
from drone_mcp_client.paths import join

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


def get(
    operation: str, subject: str, path: str, answer: Any, params: Params = (), *, repo: str | None = None
) -> Call[Any]:
    """A request that only reads."""
    return Call(operation=operation, subject=subject, method="GET", path=path, answer=answer, params=params, repo=repo)


def repo_get(operation: str, what: str, repo: str, answer: Any, *parts: str | int, params: Params = ()) -> Call[Any]:
    """A request that reads `what` of a repository."""
    name, path = repo_path(repo, *parts)
    return get(operation, _subject(what, name, parts), path, answer, params, repo=name)


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
    """A request that changes `what` of a repository, at once."""
    name, path = repo_path(repo, *parts)
    return Call(
        operation=operation,
        subject=_subject(what, name, parts),
        method=method,
        path=path,
        answer=answer,
        body=body,
        repo=name,
        writes=True,
        idempotent=idempotent,
    )


def trigger(operation: str, repo: str, *parts: str | int, params: Params = ()) -> Call[Build | None]:
    """A request that starts a build, which may take Drone long and must not be sent twice."""
    name, path = repo_path(repo, *parts)
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


def repo_path(repo: str, *parts: str | int, root: str = "/api/repos") -> tuple[str, str]:
    """The repository's slug, and the path of something in it."""
    name = parse_repo(repo)
    return name.slug, root + join(name.namespace, name.name, *parts)


def paging(page: int, per_page: int) -> Params:
    """The parameters of one page."""
    if not 1 <= per_page <= LARGEST_PAGE:
        raise InvalidInput(f"A page has 1 to {LARGEST_PAGE} entries, not {per_page}")
    if page < 1:
        raise InvalidInput(f"Pages count from 1, not {page}")
    return ("page", str(page)), ("per_page", str(per_page))


def deployment(target: str, params: Mapping[str, str] | None) -> Params:
    """The parameters of a promotion or rollback."""
    if not target:
        raise InvalidInput("A deployment needs a target environment")
    return (("target", target), *custom(params, "target"))


def custom(params: Mapping[str, str] | None, *reserved: str) -> Params:
    """The build's own parameters; Drone reads them, its own words and even a token from the same query."""
    taken = sorted({"access_token", *reserved} & set(params or ()))
    if taken:
        raise InvalidInput(f"A build parameter cannot be called {taken[0]!r}: Drone reads that itself")
    return tuple((params or {}).items())


def query(**values: str | bool | None) -> Params:
    """Parameters, without those that are not set."""
    return tuple((key, "true" if value is True else value) for key, value in values.items() if value)


def _subject(what: str, repo: str, parts: tuple[str | int, ...]) -> str:
    """`the secrets of octo/hello`, or `build octo/hello#7` where the path names a build by its number."""
    number = next((part for part in parts if isinstance(part, int)), None)
    return f"{what} of {repo}" if number is None else f"{what} {repo}#{number}"
