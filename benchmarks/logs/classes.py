"""Measure the class of failure on labelled logs: one command, one table.

    classes.py --packs DIR [--check] [--misses]     (or DRONE_MCP_LOGBENCH=DIR)

DIR holds packs as `.jsonl.xz`; those whose rows have the field `class`, the classes that are right for the log, are
measured. A class is judged from the log and the exit code alone, without the names of steps and without images.
`--check` exits with 1 where too few classes are right, too few of those that are called sure, or where there is
nothing to measure.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from kinds import Answer, answer
from packs import load

from ci_mcp_logs.distill.model import default_model

if TYPE_CHECKING:
    from collections.abc import Sequence

RIGHT = 0.85  # of all
SURE = 0.92  # of those that are called sure


def answers(packs: Path, name: str) -> list[Answer]:
    """The answers to the cases of a pack that are labelled with classes."""
    model = default_model()
    labelled = (case for case in load(packs, name) if "class" in case.raw)
    return [Answer(case, *answer(case, model), case.raw["class"]) for case in labelled]


def report(name: str, rows: Sequence[Answer]) -> bool:
    """Print the shares of a set of answers; whether both are high enough."""
    right = [row for row in rows if row.kind in row.right]
    sure = [row for row in rows if row.confidence == "high"]
    surely = [row for row in sure if row in right]
    part, sure_part = len(right) / len(rows), len(surely) / len(sure) if sure else 1.0
    sure_text = f"sure: {len(surely)} of {len(sure)} ({sure_part:.1%})"
    print(f"{name:12} {len(right):4} of {len(rows):4} right ({part:.1%}); {sure_text}")
    return part >= RIGHT and sure_part >= SURE


def main() -> int:
    """Print the table; 1 where `--check` finds a share too low."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packs", type=Path, default=os.environ.get("DRONE_MCP_LOGBENCH"))
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--misses", action="store_true")
    args = parser.parse_args()
    names = sorted(file.name.removesuffix(".jsonl.xz") for file in Path(args.packs or os.devnull).glob("*.jsonl.xz"))
    begun = time.process_time()
    found = {name: rows for name in names if (rows := answers(Path(args.packs), name))}
    took = time.process_time() - begun
    if not found:
        print("no packs with classes: pass --packs DIR or set DRONE_MCP_LOGBENCH")
        return int(args.check)
    for name, rows in found.items():
        report(name, rows)
        for row in rows if args.misses else ():
            if row.kind not in row.right:
                print(f"      {row.kind} ({row.confidence}) instead of {' or '.join(row.right)}  {row.case.id}")
    everything = [row for rows in found.values() for row in rows]
    fine = report("all", everything)
    print(f"{1000 * took / len(everything):.0f} ms CPU a log, with reading and distilling it")
    print("both shares hold" if fine else f"below {RIGHT:.0%} right, or below {SURE:.0%} of the sure ones")
    return int(args.check and not fine)


if __name__ == "__main__":
    sys.exit(main())
