"""The rules of a file, as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drone_mcp_policy.states import Action, State

TRANSIENT: Final = frozenset({"dependency", "infrastructure", "out_of_memory", "timeout"})
"""The classes of failure that may pass by themselves; only these are ever retried."""

MOST_RETRIES: Final = 5  # that a rule may ask for
LONGEST_BACK_OFF: Final = 3600  # seconds


@dataclass(frozen=True, slots=True)
class Times:
    """A part of the day in minutes since midnight, the end not in it; it goes over midnight where it ends earlier."""

    start: int
    end: int

    def holds(self, minute: int) -> bool:
        """Check whether a minute of the day is in it."""
        # The end does not count, so that 08:00-12:00 and 12:00-18:00 do not overlap.
        if self.start <= self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end


@dataclass(frozen=True, slots=True)
class When:
    """The conditions of a rule; an empty field sets no condition. Texts are globs."""

    status: frozenset[State] = frozenset()
    repo: tuple[str, ...] = ()
    branch: tuple[str, ...] = ()
    event: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    trigger: tuple[str, ...] = ()
    stage: tuple[str, ...] = ()
    step: tuple[str, ...] = ()
    exit_code: tuple[tuple[int, int], ...] = ()
    failure_class: tuple[str, ...] = ()
    error: Any = None  # a compiled re2 pattern
    time: tuple[Times, ...] = ()


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a rule retries.

    Attributes:
        most: retries of one commit.
        back_off: seconds from a build's end to its first retry; each further one waits twice as long.
        hourly: retries on one branch within an hour, whatever the commit.
    """

    most: int = 1
    back_off: int = 60
    hourly: int = 10

    def pause(self, used: int) -> int:
        """Seconds to wait after a build's end, when `used` retries have been made."""
        # Doubles with each retry: what is overloaded needs more time than what was down for a moment.
        return min(self.back_off << used, LONGEST_BACK_OFF)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        line: where it begins in its file.
        written: the text after `when` in its file, for people.
        reason: why, in the words of its author.
        tools: names of tools for the next step, in place of those for the action.
    """

    name: str
    then: Action
    when: When = When()
    retries: Retries = Retries()
    reason: str = ""
    tools: tuple[str, ...] = ()
    line: int = 1
    written: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a file, in its order.

    Attributes:
        source: the file's name.
        zone: the time zone of `time`.
        tools: action -> names of tools that take its next step, the best first.
    """

    rules: tuple[Rule, ...] = ()
    source: str = ""
    zone: tzinfo = UTC
    tools: Mapping[Action, tuple[str, ...]] = field(default_factory=dict)
