"""Encodes the standing of a build as a text, by which a caller learns the changes since. Pure.

The text holds the statuses themselves, so any process of any server can read it without stored state: the server that
restarts a build returns one, and the server that waits for builds accepts it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.cursor_binding import fingerprint
from ci_mcp_kit.errors import InvalidInput

if TYPE_CHECKING:
    from drone_mcp_client.models import Build, Stage

LONGEST: Final = 1_000  # characters
NEXT_STEP: Final = "Call again with repo, number and cursor as the answer before gave them, or without a cursor"

# A letter keeps its meaning for good: a caller may hand back what another process or release has written.
_LETTERS = {
    "blocked": "b", "declined": "d", "error": "e", "failure": "f", "killed": "k", "pending": "p", "running": "r",
    "skipped": "x", "success": "s", "waiting_on_dependencies": "w",
}  # fmt: skip
_STATUSES = {letter: status for status, letter in _LETTERS.items()}
_OTHER, _NONE = "o", "-"  # a status of a later Drone; no step of that number
_CURSOR = re.compile(r"[0-9a-f]{10}\.[a-z](?:\.[1-9][0-9]{0,8}[a-z][a-z-]*)*", re.ASCII)
_STAGE = re.compile(r"([0-9]+)([a-z])([a-z-]*)")


def encode(repo: str, build: Build) -> str:
    """Encode the build; a large one without its steps, and a very large one by its own status alone."""
    head = f"{_mark(repo, build.number)}.{_letter(build.status)}"
    # A caller has to repeat the text in its next call, so a very long one costs it more than it gains.
    for with_steps in (True, False):
        parts = [head]
        for stage in build.stages:
            letters = {step.number: _letter(step.status) for step in stage.steps} if with_steps else {}
            row = "".join(letters.get(number, _NONE) for number in range(1, max(letters, default=0) + 1))
            parts.append(f"{stage.number}{_letter(stage.status)}{row}")
        text = ".".join(parts)
        if len(text) <= LONGEST:
            return text
    return head


def decode(text: str, repo: str, now: Build) -> Build:
    """Return the build as it stood, in statuses and numbers only; `now` is the same build as it stands.

    Raises:
        InvalidInput: it is not a standing, or belongs to another build.
    """
    if len(text) > LONGEST or not _CURSOR.fullmatch(text):
        raise InvalidInput("That is not a cursor of this tool", next_step=NEXT_STEP)
    mark, own, *stages = text.split(".")
    if mark != _mark(repo, now.number):
        raise InvalidInput("The cursor belongs to another build", next_step=NEXT_STEP)
    update = {"status": _status(own), "stages": tuple(map(_read_stage, stages))}
    return now.model_copy(update=update)


def differs(text: str, repo: str, now: Build) -> bool:
    """Check whether the build differs from the standing `text`.

    A text without stages, as of a build that Drone has just created, is compared with the build's own status alone:
    stages that have become known are not a change.
    """
    stands = encode(repo, now)
    has_stages = _head(text) != text
    return text != (stands if has_stages else _head(stands))


def _head(text: str) -> str:
    return ".".join(text.split(".")[:2])


def _mark(repo: str, number: int) -> str:
    return fingerprint({"repo": repo, "number": number})


def _letter(status: str) -> str:
    return _LETTERS.get(status, _OTHER)


def _status(letter: str) -> str:
    return _STATUSES.get(letter, "unknown")


def _read_stage(text: str) -> Stage:
    from drone_mcp_client.models import Stage, Step  # noqa: PLC0415 - on first use, to start fast

    found = _STAGE.fullmatch(text)
    number, letter, row = found.groups() if found else ("0", _OTHER, "")
    steps = (
        Step(number=place, name="", status=_status(step)) for place, step in enumerate(row, start=1) if step != _NONE
    )
    return Stage(number=int(number), name="", status=_status(letter), steps=tuple(steps))
