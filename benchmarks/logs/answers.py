"""Measure whole answers of `drone_diagnose_build` on labelled logs: their tokens, and what they show.

    scripts/measure-tokens --packs DIR [--check] [--budgets 500 2000]     (or DRONE_MCP_LOGBENCH=DIR)

DIR is that of `run.py`. Each log is that of the one failed step of a build. Tokens are those of cl100k, counted by
`tokens/count.cjs` for both forms of an answer: the text, and the JSON of the structured content. `estimated` is
`count_tokens` of the same text, which budgets go by. `recall` is the mean share of the labelled lines whose number an
answer shows: with or without its time stamp, a line is the line. `--check` exits with 1 where an answer is longer
than its budget by more than `MOST_OVER`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from packs import Case, load

from ci_mcp_kit.answer import to_json
from ci_mcp_kit.token_count import count_tokens
from ci_mcp_logs.diagnosis.answer import compose_diagnosis
from drone_mcp_build.failed_steps import failed_steps, step_refs
from drone_mcp_client.models import Build, Stage, Step
from drone_mcp_diagnosis.diagnosing import Chosen, Facts, conclude
from drone_mcp_diagnosis.other_builds import NO_PAST, OtherRun, Past
from drone_mcp_diagnosis.step_reader import LogReading
from drone_mcp_logs.diagnose.tool import propose

PACKS = ("logchunks", "logdx", "cidiff", "new-bare", "new-in", "new-mid", "new-noisy")
COUNT = Path(__file__).parent / "tokens" / "count.cjs"
MOST_OVER = 1.05
_NUMBERED = re.compile(r"^ *(\d+)[|~] ", re.MULTILINE)


@dataclass(frozen=True)
class Answer:
    """An answer in both forms, and the share of the labelled lines that it shows."""

    text: str
    data: str
    recall: float


def answered(case: Case, budget: int) -> Answer:
    """The answer to a build whose one step printed the log of a case."""
    step = Step(number=1, name="test", status="failure", exit_code=case.exit_code)
    stage = Stage(number=1, name="default", status="failure", steps=(step,))
    build = Build(number=7, status="failure", stages=(stage,))
    failed, ref = failed_steps(build), step_refs(build)[0]
    past = Past("main", OtherRun(build, ref, case.good)) if case.good else NO_PAST
    reading = LogReading(ref, case.text)
    facts = Facts("octo/hello", Chosen(build), failed, [reading], [], past, 0, budget)
    view = compose_diagnosis(conclude(facts, propose), budget)
    shown = {int(number) for number in _NUMBERED.findall(view.failures[0].log)}
    recall = max(len(shown & set(gold)) / len(gold) for gold in case.raw["gold"])
    return Answer(view.as_text(), to_json(view), recall)


def real_tokens(texts: list[str]) -> list[int] | None:
    """The tokens of each text by a real vocabulary; None where there is no Node with it."""
    node = shutil.which("node")
    if node is None:
        return None
    done = subprocess.run([node, COUNT], input=json.dumps(texts), capture_output=True, text=True, check=False)
    counts: list[int] | None = json.loads(done.stdout) if done.returncode == 0 else None
    return counts


def measure(name: str, budget: int, answers: list[Answer]) -> bool:
    """Print a row; False where an answer is too long."""
    cells = [f"{name:10} @{budget:<5} {len(answers):4}  recall {statistics.fmean(a.recall for a in answers):.3f}"]
    worst = 0.0
    for form in ("text", "data"):
        texts = [getattr(answer, form) for answer in answers]
        real = real_tokens(texts)
        if real is None:
            cells.append(f"{form}: not counted, as node or js-tiktoken is not there (see scripts/measure-tokens)")
            continue
        worst = max(worst, *(count / budget for count in real))
        estimated = sorted(count_tokens(text) / count for text, count in zip(texts, real, strict=True))
        cells.append(
            f"{form}: {statistics.median(real):.0f} tokens, at most {max(real)} ({max(real) / budget:.2f} x),"
            f" {sum(count > budget for count in real)} over; estimated {estimated[0]:.2f} to {estimated[-1]:.2f} x,"
            f" median {statistics.median(estimated):.2f}"
        )
    print("\n    ".join(cells), flush=True)
    return worst <= MOST_OVER


def main() -> int:
    """Print the table; 1 where `--check` finds an answer too long."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packs", type=Path, default=os.environ.get("DRONE_MCP_LOGBENCH"))
    parser.add_argument("--budgets", type=int, nargs="+", default=[500, 2000])
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    if args.packs is None or not Path(args.packs).is_dir():
        print("no labelled packs: pass --packs DIR or set DRONE_MCP_LOGBENCH")
        return int(args.check)
    fine = True
    for pack in PACKS:
        cases = load(Path(args.packs), pack) if (Path(args.packs) / f"{pack}.jsonl.xz").exists() else []
        for budget in args.budgets if cases else ():
            fine = measure(pack, budget, [answered(case, budget) for case in cases]) and fine
    return int(args.check and not fine)


if __name__ == "__main__":
    sys.exit(main())
