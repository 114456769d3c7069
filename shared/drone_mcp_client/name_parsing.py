"""Repositories and builds as people type or paste them: parsed strictly. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from ci_mcp_http.addresses import origin, split_address
from ci_mcp_http.call import quote_input, quote_segment
from ci_mcp_kit.errors import InvalidInput
from drone_mcp_client.errors import DRONE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from urllib.parse import SplitResult

LARGEST_NUMBER = 2**63 - 1  # Drone's numbers are int64
REPO_SYNTAX = "Give the repository as owner/name, for example octo/hello"
BUILD_SYNTAX = (
    "Give a build's address like https://drone.example.com/octo/hello/42 (or .../42/1/2 for stage 1, step 2), "
    "or octo/hello#42"
)


@dataclass(frozen=True, slots=True, order=True)
class RepoName:
    """A repository. Drone looks it up exactly as written, upper and lower case included (store/repos/repos.go)."""

    namespace: str
    name: str

    @property
    def slug(self) -> str:
        """`namespace/name`, as Drone writes it."""
        return f"{self.namespace}/{self.name}"

    def __str__(self) -> str:
        return self.slug


@dataclass(frozen=True, slots=True)
class BuildRef:
    """A build, or a stage or step of it, as its address names it. `server` is "" where the text was no address."""

    server: str
    repo: RepoName
    number: int
    stage: int | None = None
    step: int | None = None

    def __str__(self) -> str:
        return f"{self.repo}#{self.number}"


def parse_repo(text: str) -> RepoName:
    """Parse `owner/name`, or the address of any page of that repository on Drone.

    Raises:
        InvalidInput: it is neither.
    """
    text = text.strip()
    parts = _segments(split_address(text, DRONE)) if is_address(text) else text.split("/")
    enough = len(parts) >= 2 if is_address(text) else len(parts) == 2  # noqa: PLR2004 - owner and name
    if not enough:
        raise InvalidInput(f"{quote_input(text)} names no repository", next_step=REPO_SYNTAX)
    return _repo(parts)


def parse_build_url(text: str) -> BuildRef:
    """Parse the address of a build's page (or of its API route), or `owner/name#number`.

    Raises:
        InvalidInput: it is neither.
    """
    text = text.strip()
    if not is_address(text):
        slug, _, number = text.partition("#")
        return BuildRef("", parse_repo(slug), _number(number, text))
    address = split_address(text, DRONE)
    parts = _segments(address)
    # Only API routes contain these two words. What follows are the build, the stage and the step.
    repo, rest = _repo(parts), [part for part in parts[2:] if part not in {"builds", "logs"}][:3]
    if not rest:
        raise InvalidInput(f"{quote_input(text)} names a repository but no build", next_step=BUILD_SYNTAX)
    numbers = [_number(part, text) for part in rest]
    return BuildRef(origin(address), repo, *numbers)


def is_address(text: str) -> bool:
    """Return whether a text is an http(s) address and not a name."""
    return text.strip().lower().startswith(("http://", "https://"))


def _segments(address: SplitResult) -> list[str]:
    is_api = address.path.startswith("/api/repos/")
    path = address.path.removeprefix("/api/repos") if is_api else address.path
    return [unquote(part) for part in path.strip("/").split("/")]


def _repo(parts: Sequence[str]) -> RepoName:
    try:
        namespace, name = parts[:2]
        quote_segment(namespace, "owner")
        quote_segment(name, "repository")
    except (InvalidInput, ValueError) as refused:
        raise InvalidInput(f"{quote_input('/'.join(parts))} names no repository", next_step=REPO_SYNTAX) from refused
    return RepoName(namespace, name)


def _number(text: str, whole: str) -> int:
    # isascii(), because isdigit() accepts ², which int() refuses. The length is limited first, because int() has an
    # error of its own for more than 4,300 digits (Python documentation, "Integer string conversion length limitation").
    if not (text.isascii() and text.isdigit() and len(text) < 20 and 1 <= int(text) <= LARGEST_NUMBER):  # noqa: PLR2004 - int64 has 19 digits
        raise InvalidInput(f"{quote_input(whole)} names no build", next_step=BUILD_SYNTAX)
    return int(text)
