"""The labelled packs: reading them, and dealing their repositories to folds."""

from __future__ import annotations

import json
import lzma
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

FOLDS = 5


@dataclass(frozen=True)
class Case:
    """One failing log and the lines that people marked in it; `raw` is the pack's own row."""

    id: str
    group: str
    exit_code: int
    log: str
    good_log: str | None
    raw: dict[str, Any] = field(repr=False)

    @property
    def evidence(self) -> set[int]:
        """Numbers of the lines that any of the label sets holds."""
        return set().union(*map(set, self.raw["gold"]))


def load(packs: Path, name: str) -> list[Case]:
    """All cases of a pack."""
    with lzma.open(packs / f"{name}.jsonl.xz", "rt", encoding="utf-8") as rows:
        return [_case(json.loads(row)) for row in rows]


def _case(row: dict[str, Any]) -> Case:
    return Case(row["id"], row["group"], row["exit_code"], row["log"], row.get("good_log"), row)


def fold_of(case: Case) -> int:
    """The fold of a case: that of its repository."""
    return zlib.crc32(case.group.encode()) % FOLDS
