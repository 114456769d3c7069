"""The branch, tag or pull request that a build is of. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from drone_mcp_client.models import Build

_HEADS: Final = "refs/heads/"
_TAGS: Final = "refs/tags/"
# GitHub and Gitea: refs/pull/N/head; GitLab: refs/merge-requests/N/head; Bitbucket Server: refs/pull-requests/N/from.
_PULL: Final = re.compile(r"refs/(?:pull|merge-requests|pull-requests)/(\d{1,18})(?:/|$)")


def branch_of(build: Build) -> str:
    """Return the branch that was built, or that a pull request goes to.

    Of a tag it is the whole ref, so that no glob of branches matches a tag by accident: a tag may be called like
    a branch, and for one that GitHub reports as a push, Drone puts the branch at which it was set into `target`
    (harness/drone v2.25.0, service/hook/parser/parse.go). A promotion or rollback is of the ref that it deploys.
    """
    if build.event == "tag" or build.ref.startswith(_TAGS):
        return build.ref
    return build.target or build.ref.removeprefix(_HEADS)


def history_branch(build: Build) -> str:
    """Return the branch whose builds precede this one; "" where there is none, as for a tag."""
    branch = branch_of(build)
    return "" if branch.startswith("refs/") else branch


def tag_of(build: Build) -> str | None:
    """Return the tag that was built."""
    return build.ref.removeprefix(_TAGS) if build.ref.startswith(_TAGS) else None


def pull_request_of(build: Build) -> int | None:
    """Return the number of the pull (or merge) request that was built."""
    found = _PULL.match(build.ref)
    return int(found[1]) if found else None
