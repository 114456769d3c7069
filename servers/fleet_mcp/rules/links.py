"""Reads which pull request or branch an address is of, and finds its builds. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from drone_mcp_build.refs import pull_request_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drone_mcp_client.models import Build

_REPO: Final = r"/(?P<repo>[\w.-]{1,100}/[\w.-]{1,100})"
# GitHub, Gitea and Forgejo, GitLab, Bitbucket.
_PULL: Final = re.compile(
    _REPO + r"(?:/-)?/(?:pull|pulls|merge_requests|pull-requests)/(?P<number>[1-9]\d{0,9})(?:/|$)"
)
_BRANCH: Final = re.compile(_REPO + r"(?:/-)?/(?:src/branch|tree|branch)/(?P<branch>[^?#]{1,250}?)/?$")


@dataclass(frozen=True, slots=True)
class Link:
    """A pull request or a branch of a repository; the other of the two is 0 or ""."""

    repo: str
    pull_request: int = 0
    branch: str = ""

    @property
    def text(self) -> str:
        """It for a reader, like "PR 12" or "branch fix/cart"."""
        return f"PR {self.pull_request}" if self.pull_request else f"branch {self.branch}"


def read_link(address: str) -> Link | None:
    """Return the pull request or branch of an address of a page at a forge, None where it is of neither."""
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return None
    path = unquote(parts.path)
    if match := _PULL.search(path):
        return Link(match["repo"], pull_request=int(match["number"]))
    match = _BRANCH.search(path)
    return Link(match["repo"], branch=match["branch"]) if match else None


def find_newest_build(link: Link, builds: Iterable[Build]) -> Build | None:
    """Return the newest build of a pull request or branch, also one of the branch that a pull request comes from."""
    every = sorted(builds, key=lambda build: build.number, reverse=True)
    branches = {link.branch} - {""}
    if link.pull_request:
        # Not of a fork, where a branch of the same name is another one.
        own = (build for build in every if build.source_repo in {"", link.repo})
        branches |= {build.source for build in own if pull_request_of(build) == link.pull_request} - {""}
    return next((build for build in every if _is_of(build, link, branches)), None)


def _is_of(build: Build, link: Link, branches: set[str]) -> bool:
    pull_request = pull_request_of(build)
    if pull_request is not None:
        return pull_request == link.pull_request or (not link.pull_request and build.source in branches)
    return build.event == "push" and build.target in branches
