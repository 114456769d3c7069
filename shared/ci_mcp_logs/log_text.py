"""The log of one step: its plain lines and their numbers. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class LogText:
    """A step's log in plain lines.

    Attributes:
        lines: the lines, without escape sequences and line ends.
        size: bytes of the log as it was written.
        first_pos: how many writes came before the first line; above 0, the head is lost.
        running: whether the step still writes.
        starts: of a live log only: for each line, the position of the write that began it.
        resume: of a live log only: the number and the position from which to go on. That is the last line again where
            it has no end yet.
        stamps: the form of the time stamps with which its lines begin, which answers show once; "" for none.
    """

    lines: tuple[str, ...]
    size: int = 0
    first_pos: int = 0
    running: bool = False
    starts: tuple[int, ...] = ()
    resume: tuple[int, int] = (1, 0)
    stamps: str = ""

    @property
    def head_lost(self) -> bool:
        """Whether lines before the first are gone."""
        return self.first_pos > 0

    @property
    def first(self) -> int:
        """Number of the first line.

        A stored log without its head counts from the first line that is left. A live one counts from the position of
        its first write, so that numbers go up while its beginning drops out of what the CI server replays.
        """
        return self.first_pos + 1 if self.running else 1

    @property
    def last(self) -> int:
        """Number of the last line; `first - 1` where there is none."""
        return self.first + len(self.lines) - 1

    def with_stamps(self) -> LogText:
        """Return the text without the form of its stamps, so that lines are shown with them."""
        return replace(self, stamps="")
