"""The failures of `failures/`, which no model was learned from: alone, behind clean-up, and amid passing output."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

from packs import Case, log_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

FOLDER = Path(__file__).with_name("failures")
MARKED, UNMARKED = "* ", "  "
REPETITIONS = (30, 120)  # of a block of passing output
NUMBER = "<n>"  # in passing output
KILLED = 137  # the exit code where the log says "Killed"


def blocks(name: str) -> dict[str, list[str]]:
    """The blocks of a file by name."""
    found: dict[str, list[str]] = {}
    for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()[1:]:
        if line.startswith("## "):
            found[line.removeprefix("## ")] = rows = []
        else:
            rows.append(line)
    return found


def passing(draw: random.Random, kinds: Mapping[str, Sequence[str]]) -> list[str]:
    """The output of something that passes: one block many times over, with other numbers."""
    block = kinds[draw.choice(sorted(kinds))]
    times = draw.randint(*REPETITIONS)
    return [line.replace(NUMBER, str(number)) for number in range(10, 10 + times) for line in block]


def cases(setting: str) -> Iterator[Case]:
    """Every failure in one setting: "alone", "behind clean-up" or "in the middle"."""
    kinds, cleanup = blocks("passing.txt"), blocks("cleanup.txt")
    for heading, rows in blocks("failures.txt").items():
        name, _, kinds_of_failure = heading.partition(" = ")
        draw = random.Random(f"{name} {setting}")  # noqa: S311 - no secret
        above = [] if setting == "alone" else passing(draw, kinds)
        below = passing(draw, kinds) if setting == "in the middle" else []
        last = (
            [] if setting == "alone" else [line for block in draw.sample(sorted(cleanup), 2) for line in cleanup[block]]
        )
        lines = [*above, *(row[len(MARKED) :] for row in rows), *below, *last]
        gold = [len(above) + n for n, row in enumerate(rows, 1) if row.startswith(MARKED) and row.strip(MARKED)]
        text = log_text("\n".join(lines))
        exit_code = KILLED if f"{MARKED}Killed" in rows else 1
        raw = {"log": "\n".join(text.lines), "gold": [gold], "class": kinds_of_failure.split(" or ")}
        yield Case(name, f"own/{name}", exit_code, text, None, raw)
