"""What the status page shows, as data. All texts are cleaned. Times are Unix seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ci_mcp_kit.guard.audit_wording import AuditLine

Condition = Literal["good", "warning", "bad", "off"]


@dataclass(frozen=True, slots=True)
class ShownBuild:
    """A build of a repository.

    Attributes:
        repo_id: Drone's id of the repository: one with the same name that was created later has another.
        ref: the branch, tag, pull request or target, for people.
        step: the step that failed or that runs; "" if there is none.
        url: of its page in Drone; "" if Drone's address is not known.
    """

    repo: str
    repo_id: int
    number: int
    ref: str
    title: str
    author: str
    step: str
    url: str


@dataclass(frozen=True, slots=True)
class RedRef:
    """A branch, tag, pull request or target whose newest finished build has failed.

    Attributes:
        build: that build.
        first: the number of the first failed build since the last successful one.
        since: when that build began.
        is_exact: whether the successful build before it is known; if not, it may have been red for longer.
    """

    build: ShownBuild
    first: int
    since: int
    is_exact: bool


@dataclass(frozen=True, slots=True)
class WaitingBuild:
    """A build that has not ended: it waits for a person or a runner, or runs."""

    build: ShownBuild
    waits_for: Literal["approval", "runner", "steps"]
    since: int


@dataclass(frozen=True, slots=True)
class CallUnderWay:
    """A call of a tool that has no answer yet."""

    role: str
    caller: str
    tool: str
    since: float


@dataclass(frozen=True, slots=True)
class AuditLog:
    """The newest lines of an audit log, newest first, and whether it is intact."""

    name: str
    condition: Condition
    verdict: str
    lines: tuple[AuditLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """The health of one part."""

    name: str
    condition: Condition
    text: str


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything on the page.

    Attributes:
        subject: whose page it is, like "role ops".
        red: longest red first; None if the builds are not known.
        waiting: longest waiting first; None likewise.
        calls: None where the process answers no calls.
        gaps: sentences about what is missing on the page, and why.
    """

    subject: str
    at: float
    red: tuple[RedRef, ...] | None
    waiting: tuple[WaitingBuild, ...] | None
    calls: tuple[CallUnderWay, ...] | None
    audits: tuple[AuditLog, ...]
    checks: tuple[Check, ...]
    gaps: tuple[str, ...] = ()
