"""Formats times, durations, names and references for answers. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ci_mcp_kit.outgoing_text import one_line
from drone_mcp_build.build_wording import clean_name
from drone_mcp_build.refs import tag_of
from drone_mcp_client.status import is_final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drone_mcp_client.models import Build, Stage, Step

ERROR_WIDTH: Final = 300  # Drone itself cuts the error of a stage or step at 500 bytes


def count_seconds(started: int, stopped: int, now: int) -> int | None:
    """Return whole seconds from `started` to `stopped`, or to `now` while it runs; None before its start."""
    if not started:
        return None
    return max(0, (stopped or now) - started)


def count_build_seconds(build: Build, now: int) -> int | None:
    """Return the duration of the build; None for a declined one, whose end Drone never sets."""
    if not build.finished and is_final(build.status):
        return None
    return count_seconds(build.started, build.finished, now)


def clean_error(text: str) -> str:
    """Clean an error's text, and shorten it to one line."""
    return one_line(text, ERROR_WIDTH)


def name_stage(stage: Stage) -> str:
    """Name a stage as sentences here do."""
    return f"stage {stage.number} '{clean_name(stage.name)}'"


def name_step(step: Step, stage: Stage) -> str:
    """Name a step as sentences here do."""
    return f"step {step.number} '{clean_name(step.name)}' of {name_stage(stage)}"


def join_names(things: Iterable[str], most: int = 5) -> str:
    """Join names into a list that stays short."""
    every = list(things)
    more = [f"{len(every) - most} more"] if len(every) > most else []
    return ", ".join(every[:most] + more)


def format_count(count: int, thing: str) -> str:
    """Write `1 step`, `2 steps`."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def format_duration(seconds: int | None) -> str:
    """Write a duration for a sentence: `42 s`, `3 min 5 s`, `2 h 10 min`."""
    if seconds is None:
        return "unknown time"
    minutes, rest = divmod(seconds, 60)
    hours, over = divmod(minutes, 60)
    if hours:
        return f"{hours} h {over} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def find_tag_name(build: Build) -> str | None:
    """Name the tag that the build is of."""
    tag = tag_of(build)
    return None if tag is None else clean_name(tag)


def find_author(build: Build) -> str:
    """Return the author of the commit, by the login where the source host knows it."""
    return clean_name(build.author_login or build.author_name or build.sender)
