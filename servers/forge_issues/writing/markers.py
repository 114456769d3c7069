"""Marks texts, so that what a process has written is found again by any other. Pure.

A marker is an HTML comment in the first line of a text, which a forge does not show. Anybody can write one, so it is
trusted only where the author is the user of our own token, and no text of an agent may hold one.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from ci_mcp_kit.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable

    from forge_client.models.issues import Comment, Issue

_BEGIN: Final = "<!-- drone-mcp:"
_REPORTED: Final = re.compile(r"<!-- drone-mcp:report((?: \d{1,10}:[0-9a-f]{10}:[a-z_]{0,20})*) -->")
_ENTRY: Final = re.compile(r"(\d{1,10}):([0-9a-f]{10}):([a-z_]{0,20})")
# Letters only: the search of a forge takes words and digits apart.
_LETTERS: Final = str.maketrans("0123456789", "ghijklmnop")


def make_key(*facts: object) -> str:
    """Return 24 letters that stand for facts, which may be long or hold anything."""
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:24].translate(_LETTERS)


def make_marker(kind: str, key: str) -> str:
    """Return the marker of a text of a kind, such as `once` or `flaky`."""
    return f"{_BEGIN}{kind} {key} -->"


def mark(text: str, marker: str) -> str:
    """Return a text with its marker; unchanged where there is none."""
    return f"{marker}\n\n{text}" if marker else text


def is_marked(thing: Issue | Comment, marker: str, login: str) -> bool:
    """Tell whether a user has written this with a marker."""
    first = thing.body.split("\n", 1)[0].strip()
    return bool(login) and thing.author.lower() == login.lower() and first == marker


def check_unmarked(text: str) -> str:
    """Return a text of an agent.

    Raises:
        InvalidInput: it holds a marker, by which it would be taken for another text of ours.
    """
    if _BEGIN in text:
        raise InvalidInput(
            f"The text holds {_BEGIN!r}, which marks texts that are found again",
            next_step="Leave it out; it may come from a text that you read",
        )
    return text


class Reported(NamedTuple):
    """A build in a report: the beginning of its commit, and the class of its failure, "" if it passed."""

    number: int
    commit: str
    kind: str


def make_report_marker(builds: Iterable[Reported]) -> str:
    """Return the marker of a report, which lists the builds that it is about, the newest first."""
    return f"{_BEGIN}report{''.join(f' {one.number}:{one.commit}:{one.kind}' for one in builds)} -->"


def read_report_marker(comment: Comment, login: str) -> tuple[Reported, ...] | None:
    """Return the builds that a comment reports; None where it is no report of this user."""
    found = _REPORTED.fullmatch(comment.body.split("\n", 1)[0].strip())
    if not found or not login or comment.author.lower() != login.lower():
        return None
    return tuple(Reported(int(one[1]), one[2], one[3]) for one in _ENTRY.finditer(found[1]))
