"""Measure the distiller on labelled logs: one command, one table.

    run.py [--packs DIR] [--check] [--shipped] [--misses N]     (or DRONE_MCP_LOGBENCH=DIR)

The failures of `failures.txt`, which no model was learned from, are always measured: each alone, with clean-up behind
it, and amid passing output. DIR holds logchunks, logdx, cidiff and new-* as `.jsonl.xz`. Every figure on these is
cross-fitted: a case is answered by the model that was learned without its repository (`folds/`); `--shipped` takes the
shipped model, which knows them all, instead. `tuning` are the repositories whose misses were read while the anchors
were written, `held out` the others. `--check` exits with 1 where a figure is below its floor.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import failures
from costs import fuzz, speed
from judge import Marks, judge, mean
from kinds import Answer, answer, answers
from packs import FOLDS as FOLDS_OF_PACKS
from packs import Case, fold_of, load

from ci_mcp_logs.distill import Study
from ci_mcp_logs.distill.model import Model, default_model, read_model

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TUNING_FOLDS = {0, 1, 2}
RIGHT, SURE = 0.85, 0.92  # floors of the share of right classes, and of that among those of high confidence
FOLDS = Path(__file__).parent / "folds"
MEASURES = ("recall", "hit", "full", "signal", "reach")


@dataclass(frozen=True)
class Target:
    """What a pack, or the held-out repositories of it, is held to at a budget: (floor, goal) by measure."""

    pack: str
    budget: int
    wanted: dict[str, tuple[float, float]]
    folds: frozenset[int] = frozenset(range(FOLDS_OF_PACKS))
    tokens: tuple[float, float] | None = None  # floor and goal of the median

    @property
    def name(self) -> str:
        """What the row is called."""
        held_out = ", held out" if len(self.folds) < FOLDS_OF_PACKS else ""
        return f"{self.pack}{held_out} @{self.budget}"


HELD = frozenset({3, 4})
OWN = {
    "alone": (Target("own, alone", 2000, {"recall": (0.98, 1.0)}),),
    "behind clean-up": (Target("own, behind clean-up", 2000, {"recall": (0.975, 0.99)}),),
    "in the middle": (
        Target("own, in the middle", 2000, {"recall": (0.88, 0.95)}),
        Target("own, in the middle", 500, {}),
    ),
}
PACKS = {
    "logchunks": (
        Target("logchunks", 2000, {}, tokens=(900, 700)),
        Target("logchunks", 2000, {"recall": (0.90, 0.93), "hit": (0.975, 0.99), "reach": (0.95, 0.96)}, HELD),
        Target("logchunks", 500, {}),
        Target("logchunks", 500, {"recall": (0.75, 0.82), "hit": (0.94, 0.97)}, HELD),
    ),
    "logdx": (Target("logdx", 2000, {"recall": (0.72, 0.85), "signal": (0.87, 0.95)}),),
    "cidiff": (Target("cidiff", 2000, {"recall": (0.95, 0.97)}),),
    "new-bare": (Target("new-bare", 2000, {"recall": (0.98, 1.0)}),),
    "new-in": (Target("new-in", 2000, {"recall": (0.975, 0.99)}),),
    "new-mid": (Target("new-mid", 2000, {"recall": (0.88, 0.95)}),),
    "new-noisy": (Target("new-noisy", 2000, {"recall": (0.96, 0.98)}),),
}


def judged(
    cases: Iterable[Case], budgets: Sequence[int], models: Sequence[Model]
) -> dict[int, list[tuple[Case, Marks]]]:
    """Every case and its marks, by budget."""
    rows: dict[int, list[tuple[Case, Marks]]] = {budget: [] for budget in budgets}
    for case in cases:
        study = Study(case.text, case.good, model=models[fold_of(case)])
        candidates = set(study.weighed(case.exit_code)[0].numbers)
        for budget in budgets:
            rows[budget].append((case, judge(case, study.excerpt(case.exit_code, budget), budget, candidates)))
    return rows


def figures(marks: Sequence[Marks]) -> dict[str, float]:
    """The mean of each measure that these cases have."""
    means = {name: mean(getattr(mark, name) for mark in marks) for name in MEASURES}
    return {name: value for name, value in means.items() if value is not None}


def row(target: Target, marks: Sequence[Marks]) -> bool:
    """Print one row of the table; False where a figure is below its floor, or an excerpt is not sound."""
    cells, holds = [f"{target.name:28} {len(marks):3}"], True
    for measure, value in figures(marks).items():
        floor, goal = target.wanted.get(measure, (0.0, 0.0))
        verdict = "" if not goal else " goal" if value >= goal else " floor" if value >= floor else " BELOW"
        holds = holds and value >= floor
        cells.append(f"{measure} {value:.3f}{verdict:6}")
    tokens = statistics.median(mark.tokens for mark in marks)
    print("  ".join([*cells, f"tokens {tokens:.0f}"]), flush=True)
    return holds and all(mark.sound for mark in marks)


def measure(targets: Sequence[Target], cases: Iterable[Case], models: Sequence[Model], misses: int) -> bool:
    """Print the rows of one pack; False where a figure is below its floor."""
    rows, fine = judged(cases, sorted({target.budget for target in targets}), models), True
    for target in targets:
        marks = [mark for case, mark in rows[target.budget] if fold_of(case) in target.folds]
        fine = row(target, marks) and fine
        if target.tokens:
            fine = statistics.median(mark.tokens for mark in marks) <= target.tokens[0] and fine
    for case, mark in sorted(rows[targets[0].budget], key=lambda found: found[1].recall)[:misses]:
        if fold_of(case) in TUNING_FOLDS:
            print(f"      {mark.recall:.2f}  {case.id}")
    return fine


def measure_all(packs: Path | None, models: Sequence[Model], misses: int) -> bool:
    """Print the table of what is shown; the failures of this repository have the last of the models."""
    fine = True
    for setting, targets in OWN.items():
        fine = measure(targets, failures.cases(setting), [models[-1]] * FOLDS_OF_PACKS, misses) and fine
    for name, targets in PACKS.items() if packs else ():
        fine = measure(targets, load(packs, name), models, misses) and fine
    return fine


def measure_classes(packs: Path | None, models: Sequence[Model], *, show: bool) -> bool:
    """Print how often the class of failure is right; False where that is too seldom."""
    own = [
        Answer(case, *answer(case, models[-1]), case.raw["class"])
        for setting in OWN
        for case in failures.cases(setting)
    ]
    groups = {"own": own}
    if packs:
        labelled = answers(packs, models)
        groups |= {"packs": labelled, "packs, held out": [row for row in labelled if fold_of(row.case) in HELD]}
    fine = True
    for name, rows in groups.items():
        right = [row for row in rows if row.kind in row.right]
        sure = [row for row in rows if row.confidence == "high"]
        surely = [row for row in sure if row.kind in row.right]
        unknown = sum(row.kind == "unknown" for row in rows)
        text = f"{len(right)} of {len(rows)} right, {unknown} unknown; high: {len(surely)} of {len(sure)}"
        print(f"class of failure, {name:16} {text}")
        if name != "packs, held out":  # too few for a floor
            fine = fine and len(right) >= RIGHT * len(rows) and len(surely) >= SURE * len(sure)
        for row in rows if show else ():
            if row.kind not in row.right and (name == "own" or fold_of(row.case) in TUNING_FOLDS):
                print(f"      {row.kind} ({row.confidence}) instead of {' or '.join(row.right)}  {row.case.id}")
    return fine


def main() -> int:
    """Print everything; 1 where `--check` finds a figure below its floor."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packs", type=Path, default=os.environ.get("DRONE_MCP_LOGBENCH"))
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--shipped", action="store_true")
    parser.add_argument("--misses", type=int, default=0)
    args = parser.parse_args()
    packs = Path(args.packs) if args.packs else None
    if packs is None:
        print("no labelled packs: pass --packs DIR or set DRONE_MCP_LOGBENCH to measure them, too")
    elif not packs.is_dir():
        raise SystemExit(f"{packs} is no directory")
    files = sorted(FOLDS.glob("*.json"))
    folds = [default_model()] * len(files) if args.shipped else [read_model(f.read_text("utf-8")) for f in files]
    models = [*folds, default_model()]
    fine = measure_all(packs, models, args.misses)
    fine = measure_classes(packs, models, show=args.misses > 0) and fine
    if packs:
        fine = speed([case.text for case in load(packs, "logchunks")]) and fine
    fine = fuzz() and fine
    print("all floors hold" if fine else "below a floor")
    return int(args.check and not fine)


if __name__ == "__main__":
    sys.exit(main())
