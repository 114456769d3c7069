"""The distiller's answer: blocks of verbatim lines, each with the reason why it was chosen."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from ci_mcp_logs.distill.anchor_tables import source_place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NAMES = 20  # tests and places that are listed


class ExcerptLine(NamedTuple):
    """A line of the answer; `cut` says that its end is missing, `times` how many equal lines it stands for."""

    number: int
    text: str
    cut: bool = False
    times: int = 1


@dataclass(frozen=True, slots=True)
class Block:
    """Neighbouring lines shown together. `start` and `end` are 1-based and inclusive, `score` is their weight."""

    start: int
    end: int
    reason: str
    lines: tuple[ExcerptLine, ...]
    score: float


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The blocks in the order of the log, and the names of failing tests in them."""

    blocks: tuple[Block, ...]
    total_lines: int
    tokens: int
    tests: tuple[str, ...] = ()

    @property
    def by_weight(self) -> tuple[Block, ...]:
        """The blocks, the most telling first."""
        return tuple(sorted(self.blocks, key=lambda block: (-block.score, block.start)))

    @property
    def lines(self) -> Iterator[ExcerptLine]:
        """All lines, in the order of the log."""
        return (line for block in self.blocks for line in block.lines)

    @property
    def locations(self) -> tuple[str, ...]:
        """The places in source files that the lines name, each once."""
        return distinct(source_place(line.text) for line in self.lines)


def distinct(names: Iterable[str | None]) -> tuple[str, ...]:
    """Return the first names, each once."""
    return tuple(islice(dict.fromkeys(name for name in names if name), _NAMES))
