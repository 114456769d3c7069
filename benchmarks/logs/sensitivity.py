"""Measure what it costs to move a tuned constant of the distiller: one command, a row for each.

    sensitivity.py --packs DIR [NAME ...]     (or DRONE_MCP_LOGBENCH=DIR)

DIR is that of `run.py`, and figures are cross-fitted as there. Every constant of `ci_mcp_logs.distill.tuning`, or each
of those named, is moved down and up while the others stay: a share halfway to 0 and to 1, anything else to its half and
its double. The columns are recall and full on LogChunks at 2,000 tokens with the median tokens of an answer, recall and
hit at 500 tokens, and recall on CiDiff with the good log, on LogDx-CI and on new-mid. The constants were chosen on
these packs: a row tells how steep the figures are around a value, not how it does on other logs.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from judge import Marks, judge, mean
from packs import Case, fold_of, load
from run import FOLDS

from ci_mcp_logs.distill import Study, tuning
from ci_mcp_logs.distill.model import Model, read_model

if TYPE_CHECKING:
    from collections.abc import Iterator


BUDGETS = {"logchunks": (2000, 500), "cidiff": (2000,), "logdx": (2000,), "new-mid": (2000,)}


def constants() -> dict[str, float]:
    """All tuned constants by name."""
    return {name: value for name, value in vars(tuning).items() if name.isupper()}


def moves(value: float) -> Iterator[float]:
    """The two values to which a constant is moved."""
    if isinstance(value, int):
        yield from (value // 2, value * 2)
    elif value < 1:
        yield from (value / 2, (1 + value) / 2)
    else:
        yield from (value / 2, value * 2)


def row(packs: dict[str, list[Case]], models: list[Model]) -> str:
    """The figures with the constants as they are."""
    marks: dict[tuple[str, int], list[Marks]] = defaultdict(list)
    for name, cases in packs.items():
        for case in cases:
            study = Study(case.text, case.good, model=models[fold_of(case)])
            candidates = set(study.weighed(case.exit_code)[0].numbers)
            for budget in BUDGETS[name]:
                marks[name, budget].append(judge(case, study.excerpt(case.exit_code, budget), budget, candidates))

    def figure(name: str, budget: int, measure: str) -> str:
        return f"{mean(getattr(mark, measure) for mark in marks[name, budget]):.3f}"

    tokens = statistics.median(mark.tokens for mark in marks["logchunks", 2000])
    return (
        f"recall {figure('logchunks', 2000, 'recall')} full {figure('logchunks', 2000, 'full')} tokens {tokens:4.0f}"
        f"   at 500: recall {figure('logchunks', 500, 'recall')} hit {figure('logchunks', 500, 'hit')}   recall of"
        f" cidiff {figure('cidiff', 2000, 'recall')}, logdx {figure('logdx', 2000, 'recall')},"
        f" new-mid {figure('new-mid', 2000, 'recall')}"
    )


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packs", type=Path, default=os.environ.get("DRONE_MCP_LOGBENCH"))
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    if args.packs is None or not Path(args.packs).is_dir():
        print("no labelled packs: pass --packs DIR or set DRONE_MCP_LOGBENCH")
        return 0
    packs = {name: load(Path(args.packs), name) for name in BUDGETS}
    models = [read_model(fold.read_text(encoding="utf-8")) for fold in sorted(FOLDS.glob("*.json"))]
    print(f"{'as it is':28} {row(packs, models)}", flush=True)
    for name, value in constants().items():
        if args.names and name not in args.names:
            continue
        for moved in moves(value):
            setattr(tuning, name, moved)
            print(f"{name:20} {moved:7.4g} {row(packs, models)}", flush=True)
        setattr(tuning, name, value)
    return 0


if __name__ == "__main__":
    sys.exit(main())
