"""Filters builds by criteria that Drone's API does not offer. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

from drone_mcp_build.refs import pull_request_of
from drone_mcp_client.errors import InvalidInput

if TYPE_CHECKING:
    from drone_mcp_client.models import Build

Status = Literal[
    "success", "failure", "error", "killed", "declined", "skipped", "pending", "running", "failed", "unfinished"
]
Event = Literal["push", "pull_request", "tag", "promote", "rollback", "cron", "custom"]

# Drone has no build of the status `blocked`: one that is held for approval is pending.
FAILED = frozenset({"failure", "error"})
GROUPS = {"failed": FAILED, "unfinished": frozenset({"pending", "running", "blocked"})}

_TAGS = "refs/tags/"
# From the 7 digits to which git abbreviates at least, to the 64 of SHA-256.
_COMMIT = re.compile(r"[0-9a-fA-F]{7,64}")


@dataclass(frozen=True, slots=True)
class Criteria:
    """Conditions that a build must meet; None sets no condition.

    `branch` is the one that was built or that a pull request comes from, `target` the one that a pull request goes to.
    A build does not contain its `signature`: `SameFailure` looks it up.
    """

    status: str | None = None
    event: str | None = None
    branch: str | None = None
    target: str | None = None
    author: str | None = None
    commit: str | None = None
    pull_request: int | None = None
    signature: str | None = None

    def given(self) -> dict[str, Any]:
        """Return the criteria that are set."""
        every = {field.name: getattr(self, field.name) for field in fields(self)}
        return {key: value for key, value in every.items() if value is not None}

    def met_by(self, build: Build) -> bool:
        """Check all criteria that the build itself can answer."""
        built = f"refs/heads/{build.source}" if build.event == "pull_request" else build.ref
        people = (build.author_login, build.author_name, build.author_email, build.sender)
        return (
            (self.status is None or build.status in GROUPS.get(self.status, {self.status}))
            and self.event in {None, build.event}
            and (self.branch is None or built == f"refs/heads/{self.branch}")
            and self.target in {None, build.target}
            and (self.author is None or self.author.casefold() in map(str.casefold, filter(None, people)))
            and (self.commit is None or build.after.startswith(self.commit))
            and self.pull_request in {None, pull_request_of(build)}
        )


def commit_prefix(text: str) -> str:
    """Read a commit id or its beginning.

    Raises:
        InvalidInput: it is shorter than 7 characters or not hexadecimal.
    """
    text = text.strip()
    if not _COMMIT.fullmatch(text):
        raise InvalidInput(
            "commit is not a commit id",
            next_step="Give at least its first 7 hexadecimal digits; a branch or a tag has an argument of its own",
        )
    return text.lower()


def branch_name(text: str) -> str:
    """Read a branch, written with or without `refs/heads/`."""
    return text.strip().removeprefix("refs/heads/")


def tag_name(text: str) -> str | None:
    """Return the tag that is named as a branch, by its whole ref; None for a branch."""
    text = text.strip()
    return text.removeprefix(_TAGS) if text.startswith(_TAGS) else None
