"""Count what redaction alters in logs of real builds: one command, one line.

    redaction.py --packs DIR [--check] [--show N]     (or DRONE_MCP_LOGBENCH=DIR)

DIR holds packs as `.jsonl.xz`. Those logs were published after their secrets had been taken out, so that hardly a line
should be altered. `--check` exits with 1 where more than one line in five thousand is, or where there is nothing to
measure.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ci_mcp_kit.redact import redact_shapes
from ci_mcp_kit.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 0.0002  # of all lines


def altered(packs: Path) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    """For each log, how many lines it has and those that are altered, before and after."""
    for pack in sorted(packs.glob("*.jsonl.xz")):
        with lzma.open(pack, "rt", encoding="utf-8") as rows:
            for row in map(json.loads, rows):
                for log in filter(None, (row["log"], row.get("good_log"))):
                    text = sanitize(log)
                    before, after = text.split("\n"), redact_shapes(text).split("\n")
                    yield len(before), [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]


def main() -> int:
    """Print the share; 1 where `--check` finds it too high."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packs", type=Path, default=os.environ.get("DRONE_MCP_LOGBENCH"))
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--show", type=int, default=0)
    args = parser.parse_args()
    if args.packs is None or not Path(args.packs).is_dir():
        print("no labelled packs: pass --packs DIR or set DRONE_MCP_LOGBENCH")
        return int(args.check)
    began = time.process_time()
    found = list(altered(Path(args.packs)))
    total, changed = sum(count for count, _ in found), [pair for _, pairs in found for pair in pairs]
    share = len(changed) / total
    verdict = "holds" if share <= MOST else "TOO MANY"
    print(f"redaction  {len(changed)} of {total} lines altered: {share:.4%} (at most {MOST:.2%}: {verdict})", end="")
    print(f", {time.process_time() - began:.0f} s CPU")
    for before, after in changed[: args.show]:
        print(f"  {before[:150]}\n    -> {after[:150]}")
    return int(args.check and share > MOST)


if __name__ == "__main__":
    sys.exit(main())
