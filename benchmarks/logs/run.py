"""Measure the distiller on labelled logs: one command, one table.

    run.py --packs DIR [--check] [--shipped] [--misses N]     (or DRONE_MCP_LOGBENCH=DIR)

DIR holds logchunks, logdx and cidiff as `.jsonl.xz` and the `score.py` that judges an excerpt. Every figure is
cross-fitted: a case is answered by the model that was learned without its repository (`folds/`); `--shipped` takes the
shipped model, which knows them all, instead. `tuning` are the repositories whose misses were read while the anchors
were written, `held out` the others. `--check` exits with 1 where a figure is below its floor, or where there is
nothing to measure.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costs import fuzz, speed
from kinds import answers
from packs import FOLDS as FOLDS_OF_PACKS
from packs import Case, fold_of, load

from ci_mcp_logs.distill import distill
from ci_mcp_logs.distill.model import Model, default_model, read_model

if TYPE_CHECKING:
    from collections.abc import Callable

TUNING_FOLDS = {0, 1, 2}
FOLDS = Path(__file__).parent / "folds"


@dataclass(frozen=True)
class Target:
    """What a pack is held to at a budget: (floor, goal) by measure."""

    pack: str
    budget: int
    wanted: dict[str, tuple[float, float]]


TARGETS = (
    Target("logchunks", 2000, {"recall": (0.85, 0.90), "hit": (0.92, 0.96), "full": (0.80, 0.85)}),
    Target("logchunks", 500, {"recall": (0.68, 0.75), "hit": (0.84, 0.90)}),
    Target("logdx", 2000, {"recall": (0.60, 0.75), "hit": (0.87, 0.97), "signal": (0.80, 0.90)}),
    Target("cidiff", 2000, {"recall": (0.873, 0.9215), "hit": (1.0, 1.0)}),
)
MEDIAN_TOKENS = 700  # of a LogChunks answer at the 2,000 budget


def scorer(packs: Path) -> Any:
    """The judge that comes with the packs."""
    spec = importlib.util.spec_from_file_location("logbench_score", packs / "score.py")
    if spec is None or spec.loader is None:
        raise SystemExit(f"{packs} holds no score.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def judged(
    cases: list[Case], budget: int, judge: Callable[..., dict[str, Any]], models: list[Model]
) -> list[dict[str, Any]]:
    """Every case's marks."""
    rows = []
    for case in cases:
        answer = distill(
            case.text,
            exit_code=case.exit_code,
            token_budget=budget,
            good=case.good,
            model=models[fold_of(case)],
        )
        rows.append(judge(case.raw, [(line.number, line.text) for line in answer.lines], budget) | {"case": case})
    return rows


def mean(rows: list[dict[str, Any]], measure: str) -> float:
    """Over the cases that have the measure."""
    return statistics.fmean(float(row[measure]) for row in rows if row[measure] is not None)


def line(name: str, rows: list[dict[str, Any]], wanted: dict[str, tuple[float, float]]) -> tuple[str, bool]:
    """One row of the table, and whether it holds all floors."""
    cells, holds = [f"{name:34} {len(rows):4}"], True
    for measure in ("recall", "hit", "full", "signal"):
        values = [row for row in rows if row[measure] is not None]
        if not values:
            continue
        value = mean(values, measure)
        floor, goal = wanted.get(measure, (0.0, 0.0))
        verdict = "" if not goal else " goal " if value >= goal else " floor" if value >= floor else " BELOW"
        holds = holds and value >= floor
        cells.append(f"{measure} {value:.3f}{verdict:6}")
    cells.append(f"prec {mean(rows, 'prec'):.2f}  tokens {statistics.median(row['tokens'] for row in rows):.0f}")
    return "  ".join(cells), holds and not any(row["over"] or row["alien"] for row in rows)


def measure(packs: Path, models: list[Model], misses: int) -> bool:
    """Print the table of recall."""
    judge, fine = scorer(packs).judge, True
    for target in TARGETS:
        rows = judged(load(packs, target.pack), target.budget, judge, models)
        name = f"{target.pack} @{target.budget}"
        text, holds = line(name, rows, target.wanted)
        fine = fine and holds
        print(text, flush=True)
        if target.pack == "logchunks":
            for part, folds in (("tuning", TUNING_FOLDS), ("held out", {3, 4})):
                print(line(f"  {part}", [row for row in rows if fold_of(row["case"]) in folds], target.wanted)[0])
        if name == "logchunks @2000":
            fine = fine and statistics.median(row["tokens"] for row in rows) <= MEDIAN_TOKENS
        for row in sorted(rows, key=lambda row: row["recall"])[:misses]:
            if fold_of(row["case"]) in TUNING_FOLDS:
                print(f"      {row['recall']:.2f}  {row['case'].id}")
    return fine


def kinds(packs: Path, models: list[Model], *, show: bool) -> None:
    """Print how often the class of failure is right, how often "unknown", and how often what is sure is right."""
    rows = answers(packs, models)
    parts = (("all", set(range(FOLDS_OF_PACKS))), ("tuning", TUNING_FOLDS), ("held out", {3, 4}))
    for name, folds in parts:
        some = [row for row in rows if fold_of(row[0]) in folds]
        sure = [row for row in some if row[2] == "high"]
        right, unknown, surely = (
            sum(row[1] in row[3] for row in some),
            sum(row[1] == "unknown" for row in some),
            sum(row[1] in row[3] for row in sure),
        )
        print(
            f"class of failure, {name:8} {right} of {len(some)} right, {unknown} unknown; sure: {surely} of {len(sure)}"
        )
    for case, kind, confidence, right_kinds in rows if show else ():
        if kind not in right_kinds and fold_of(case) in TUNING_FOLDS:
            print(f"      {kind} ({confidence}) instead of {' or '.join(right_kinds)}  {case.id}")


def main() -> int:
    """Print everything; 1 where `--check` finds a figure below its floor."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packs", type=Path, default=os.environ.get("DRONE_MCP_LOGBENCH"))
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--shipped", action="store_true")
    parser.add_argument("--misses", type=int, default=0)
    args = parser.parse_args()
    if args.packs is None or not Path(args.packs).is_dir():
        print("no labelled packs: pass --packs DIR or set DRONE_MCP_LOGBENCH")
        return int(args.check)
    folds = sorted(FOLDS.glob("*.json"))
    models = (
        [default_model()] * len(folds)
        if args.shipped
        else [read_model(fold.read_text(encoding="utf-8")) for fold in folds]
    )
    fine = measure(Path(args.packs), models, args.misses)
    kinds(Path(args.packs), models, show=args.misses > 0)
    fine = speed([case.text for case in load(Path(args.packs), "logchunks")]) and fine
    fine = fuzz() and fine
    print("all floors hold" if fine else "below a floor")
    return int(args.check and not fine)


if __name__ == "__main__":
    sys.exit(main())
