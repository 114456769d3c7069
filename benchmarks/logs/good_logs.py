"""Measure what a good log helps: one command, one table.

    good_logs.py --packs DIR [--budget N]     (or DRONE_MCP_LOGBENCH=DIR)

CiDiff has pairs of a failing log and a good one, but few. So each log of LogChunks is also read beside another log of
its repository that lacks its evidence: that one failed, too, but elsewhere. Of several, the most alike is taken.
Figures are cross-fitted, as those of `run.py` are.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from packs import FOLDS, Case, fold_of, load

from ci_mcp_logs.distill import Study
from ci_mcp_logs.distill.model import read_model
from ci_mcp_logs.distill.novelty import novel_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ci_mcp_logs.log_text import LogText

MODELS = Path(__file__).with_name("folds")
LONGEST = 8_000  # lines; comparing all longer logs of a repository takes minutes
MOST_NEW = 0.5  # part of the lines; with more new ones, it is a log of other work
LACKED = 0.9  # part of the evidence that the other log lacks


def pairs_of(cases: Iterable[Case]) -> Iterator[tuple[Case, LogText]]:
    """Each case with the most alike log of its repository that lacks its evidence."""
    groups: defaultdict[str, list[Case]] = defaultdict(list)
    for case in cases:
        if len(case.text.lines) <= LONGEST:
            groups[case.group].append(case)
    for group in groups.values():
        for case in group:
            compared = [(novel_lines(case.text, other.text), other.text) for other in group if other is not case]
            fitting = [
                (len(new), number)
                for number, (new, _) in enumerate(compared)
                if new is not None
                and len(new) <= MOST_NEW * len(case.text.lines)
                and len(case.evidence.intersection(new)) >= LACKED * len(case.evidence)
            ]
            if fitting:
                yield case, compared[min(fitting)[1]][1]


def report(name: str, pairs: list[tuple[Case, LogText]], budget: int) -> None:
    """Print the figures without the good log, and with it."""
    models = [read_model((MODELS / f"{fold}.json").read_text("utf-8")) for fold in range(FOLDS)]
    for beside in (False, True):
        recalls, tokens = [], []
        for case, good in pairs:
            study = Study(case.text, good if beside else None, model=models[fold_of(case)])
            found = study.excerpt(case.exit_code, budget)
            shown = {number for line in found.lines for number in range(line.number, line.number + line.times)}
            recalls.append(max(len(shown.intersection(marked)) / len(marked) for marked in case.raw["gold"]))
            tokens.append(found.tokens)
        print(
            f"{name:10} {'with' if beside else 'without':8} {len(pairs):4}  recall {statistics.fmean(recalls):.3f}"
            f"  hit {sum(map(bool, recalls)) / len(recalls):.3f}  full {recalls.count(1.0) / len(recalls):.3f}"
            f"  tokens {statistics.fmean(tokens):.0f}, median {statistics.median(tokens):.0f}"
        )


def main() -> int:
    """Print the table; 1 without packs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packs", type=Path, default=os.environ.get("DRONE_MCP_LOGBENCH"))
    parser.add_argument("--budget", type=int, default=2000)
    args = parser.parse_args()
    if not args.packs:
        print("no packs: pass --packs DIR or set DRONE_MCP_LOGBENCH")
        return 1
    packs = Path(args.packs)
    report("cidiff", [(case, case.good) for case in load(packs, "cidiff") if case.good], args.budget)
    report("logchunks", list(pairs_of(load(packs, "logchunks"))), args.budget)
    return 0


if __name__ == "__main__":
    sys.exit(main())
