"""Puts failures into other surroundings: clean-up behind them, and passing output around them.

Logs of one CI server end alike: the failing command last, then a line that says so. A model that is learned from them
alone relies on that. So each case is learned from a second time: its failure without the server's last words, behind
and before the passing output of other cases of its fold, and with clean-up at the end.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packs import Case, fold_of, log_text

from ci_mcp_logs.distill.anchor_tables import anchors_in
from ci_mcp_logs.distill.line_words import pattern_input

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ABOVE = 60  # lines of the failure's own log that stay above the evidence
BELOW = 25  # and below
LONGEST = 400  # lines of evidence; of longer ones there are no variants
LEAST_PASSING = 300  # lines
NEAR = 60  # lines above the evidence that may not count as passing
AROUND = (150, 600)  # lines of passing output on one side
CLEANUP = (
    """+ docker compose -f ci.yml down -v --remove-orphans
 Container ci-web-1  Stopping
 Container ci-web-1  Stopped
 Container ci-web-1  Removing
 Container ci-web-1  Removed
 Container ci-db-1  Stopping
 Container ci-db-1  Removed
 Network ci_default  Removing
 Network ci_default  Removed""",
    """Stopping ci_db_1 ... done
Removing ci_db_1 ... done
Removing ci_web_1 ... done
Removing network ci_default
+ docker logs ci_db_1
Error: No such container: ci_db_1
+ true""",
    """+ tar -czf /cache/reports-3.tar.gz build reports
a build/
a build/reports/
a build/reports/index.html
a reports/
a reports/summary.txt
+ du -sh /cache
412M\t/cache""",
    """==> Running gcov in . (disable via -X gcov)
==> Python coveragepy not found
==> Searching for coverage reports in:
    + .
--> No coverage report found.
    Please visit the documentation for supported languages""",
    """Post job cleanup.
[command]/usr/bin/git version
git version 2.43.0
Temporarily overriding HOME='/home/runner/work/_temp/1' before making global git config changes
Adding repository directory to the temporary git global config as a safe directory
[command]/usr/bin/git config --local --name-only --get-regexp core\\.sshCommand
Cleaning up orphan processes""",
    """Running after_script
$ ./scripts/report.sh || true
Uploading artifacts...
reports/: found 14 matching artifact files and directories
WARNING: dist/: no matching files. Ensure that the artifact path is relative to the working directory
Uploading artifacts as "archive" to coordinator... 201 Created
Cleaning up project directory and file based variables""",
    """Archiving artifacts
Recording test results
[WS-CLEANUP] Deleting project workspace...
[WS-CLEANUP] done
Sending e-mails to: team@example.com""",
    """+ echo "saving the cache"
saving the cache
+ rm -rf node_modules/.cache
+ df -h /
Filesystem      Size  Used Avail Use% Mounted on
overlay          98G   61G   33G  65% /
+ date -u
Tue Nov 24 10:28:31 UTC 2026""",
)


@dataclass(frozen=True)
class Failure:
    """The lines of a case around its evidence, without what its CI server said of its end; `gold` counts from 1."""

    lines: Sequence[str]
    gold: Sequence[Sequence[int]]


def variants(cases: Sequence[Case]) -> Iterator[Case]:
    """Every case a second time, in the surroundings that its id falls to."""
    passing: dict[int, list[Sequence[str]]] = {}
    for case in cases:
        passing.setdefault(fold_of(case), []).extend(passing_output(case))
    for number, case in enumerate(cases):
        failure = failure_of(case)
        if failure:
            yield variant(case, failure, passing[fold_of(case)], number)


def variant(case: Case, failure: Failure, passing: Sequence[Sequence[str]], number: int) -> Case:
    """A case's failure amid passing output, or at the end of it, with clean-up behind."""
    draw = random.Random(case.id)  # noqa: S311 - no secret
    above = part(draw, passing)
    below = part(draw, passing) if number % 2 else []
    cleanup = "\n".join(draw.sample(CLEANUP, draw.randint(1, 3))).split("\n")
    log = "\n".join([*above, *failure.lines, *below, *cleanup, ""])
    text = log_text(log)
    gold = [[line + len(above) for line in lines] for lines in failure.gold]
    raw = case.raw | {"log": "\n".join(text.lines), "gold": gold}
    return Case(f"{case.id}/variant", case.group, case.exit_code, text, None, raw)


def part(draw: random.Random, passing: Sequence[Sequence[str]]) -> Sequence[str]:
    """Some lines in a row of one passing output."""
    lines = draw.choice(passing)
    size = draw.randint(*AROUND)
    start = draw.randrange(max(1, len(lines) - size))
    return lines[start : start + size]


def passing_output(case: Case) -> Iterator[Sequence[str]]:
    """What a case's logs say that is no failure: the good log, and the beginning of the failing one."""
    if case.good:
        yield case.good.lines
    elif min(case.evidence) > LEAST_PASSING + NEAR:
        yield case.text.lines[: min(case.evidence) - NEAR]


def failure_of(case: Case) -> Failure | None:
    """A case's failure by itself; none where its evidence is too long."""
    first, last = min(case.evidence), max(case.evidence)
    if last - first > LONGEST:
        return None
    begin, end = max(1, first - ABOVE), min(last + BELOW, len(case.text.lines))
    lines = case.text.lines[begin - 1 : end]
    anchors = anchors_in(list(map(pattern_input, lines)), telling=True)
    ends = [begin + i for i, anchor in enumerate(anchors) if anchor.role == "exit" and begin + i > last]
    gold = [[line - begin + 1 for line in lines] for lines in case.raw["gold"]]
    return Failure(lines[: (ends[0] - begin) if ends else None], gold)
