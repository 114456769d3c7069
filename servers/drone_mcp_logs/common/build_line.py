"""Describes a build in one line, for answers about many builds. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ci_mcp_kit.answer import to_json
from ci_mcp_kit.outgoing_text import one_line
from drone_mcp_build.build_wording import title_of

if TYPE_CHECKING:
    from drone_mcp_client.models import Build
    from drone_mcp_diagnosis.build_history import Chronicle

_TITLE = 60  # characters
_LATEST = 253_402_300_799  # the last second of the year 9999, which is as far as datetime goes


def when(seconds: int) -> str:
    """Write a Unix time in UTC, to the minute; "" where it is not set."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M") if 0 < seconds <= _LATEST else ""


def build_line(build: Build, note: str = "") -> str:
    """Describe a build in a line: number, status, time, event, commit, author, title, and `note`."""
    title = title_of(build, _TITLE)
    who = f"by {one_line(build.author_login, _TITLE)}" if build.author_login else ""
    event = one_line(build.event, 20)
    parts = (
        one_line(build.status, 20),
        when(build.created),
        event,
        short(build.after),
        who,
        to_json(title) if title else "",
    )
    said = " ".join(part for part in (f"#{build.number}", *parts) if part)
    return f"{said}: {note}" if note else said


def short(commit: str) -> str:
    """Return the first ten digits of a commit's id."""
    return one_line(commit, 64)[:10]


def looked_at(count: int, chronicle: Chronicle) -> str:
    """Say how many builds were read, how many of them from the store, and how many requests were sent."""
    # The caller may have used fewer builds than the store gave.
    stored = f", {min(count, chronicle.stored)} of them from the store" if chronicle.stored else ""
    sent = chronicle.requests.sent
    builds = f"the newest {count} build{'s' if count != 1 else ''}" if count else "no builds"
    return f"{builds}{stored}, with {sent} request{'s' if sent != 1 else ''} for builds and logs"
