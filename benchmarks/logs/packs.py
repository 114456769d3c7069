"""The labelled packs: reading them, and dealing their repositories to folds.

A log is read as servers read it: each line as a terminal shows it, under its own number.
"""

from __future__ import annotations

import json
import lzma
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ci_mcp_logs.log_text import LogText

if TYPE_CHECKING:
    from pathlib import Path

FOLDS = 5


@dataclass(frozen=True)
class Case:
    """One failing log and the lines that people marked in it.

    Attributes:
        good: the log of a good run of the same step; None where the pack has none.
        raw: the pack's own row, with the log as it is read.
    """

    id: str
    group: str
    exit_code: int
    text: LogText
    good: LogText | None
    raw: dict[str, Any] = field(repr=False)

    @property
    def evidence(self) -> set[int]:
        """Numbers of the lines that any of the label sets holds."""
        return set().union(*map(set, self.raw["gold"]))


def load(packs: Path, name: str) -> list[Case]:
    """All cases of a pack."""
    with lzma.open(packs / f"{name}.jsonl.xz", "rt", encoding="utf-8") as rows:
        return [_case(json.loads(row)) for row in rows]


def log_text(log: str) -> LogText:
    """The text of a log whose lines end with line feeds."""
    return LogText.from_raw(log.split("\n"), size=len(log))


def _case(row: dict[str, Any]) -> Case:
    text, good = log_text(row["log"]), row.get("good_log")
    raw = row | {"log": "\n".join(text.lines)}
    return Case(row["id"], row["group"], row["exit_code"], text, log_text(good) if good else None, raw)


def fold_of(case: Case) -> int:
    """The fold of a case: that of its repository."""
    return zlib.crc32(case.group.encode()) % FOLDS
