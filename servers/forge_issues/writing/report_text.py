"""Writes the diagnosis of a build as a comment, and the evidence of a flaky step as an issue. Pure.

Names, paths and log lines are anybody's, so all of them stand in one fenced block, where a forge notifies nobody,
refers to nothing and closes nothing. Outside of it stand only numbers, digits of commits and our own words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.outgoing_text import cleaned, one_line
from ci_mcp_logs.evidence import write_excerpt, write_to_fit
from drone_mcp_client.status import is_failure
from drone_mcp_diagnosis.flaky_evidence import describe_mixed
from forge_client.text_checks import LONGEST_BODY, fence
from forge_issues.writing.markers import Reported, make_report_marker, mark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_mcp_logs.diagnosis.answer import Case
    from drone_mcp_client.models import Build
    from drone_mcp_diagnosis.diagnosing import DiagnosedBuild
    from drone_mcp_diagnosis.flaky_search import FlakySearch
    from drone_mcp_diagnosis.flaky_steps import FlakyStep

TOKENS: Final = 2_000  # of log lines in a comment, for all failures
WIDEST: Final = 300  # characters of a log line
MOST_CASES: Final = 4
MOST_NAMED: Final = 8
MOST_EARLIER: Final = 10
MOST_COMMITS: Final = 10
NAME_WIDTH: Final = 200  # characters
_UNSAFE: Final = re.compile(r"[^\w ./:+-]+")


def describe_report(diagnosed: DiagnosedBuild) -> Reported:
    """Return the build that the marker of a report names."""
    kind = re.sub(r"[^a-z_]", "", diagnosed.diagnosis.verdict.kind)[:20]
    return Reported(diagnosed.build.number, _digits(diagnosed.build.after), kind)


def write_report(diagnosed: DiagnosedBuild, page: str, earlier: Sequence[Reported]) -> str:
    """Return the comment: this build, then a line about earlier ones.

    Args:
        diagnosed: the build and its diagnosis.
        page: the address of the build's page.
        earlier: what was reported before, the newest first.
    """
    build, verdict = diagnosed.build, diagnosed.diagnosis.verdict
    link = f"[Build {build.number}]({page})"
    parts = [f"### {link} {'passed' if build.status == 'success' else 'failed'}", f"Commit `{_digits(build.after)}`."]
    if verdict.kind and build.status != "success":
        confidence = f" ({verdict.confidence} confidence)" if verdict.confidence else ""
        parts[-1] += f" Class of failure: `{describe_report(diagnosed).kind}`{confidence}."
    if lines := list(_describe_failures(diagnosed)):
        parts.append(fence(_cut(cleaned("\n".join(lines)))))
    kept = [one for one in earlier if one.number != build.number][:MOST_EARLIER]
    if kept:
        said = ", ".join(f"build {one.number} ({f'{one.kind}, ' if one.kind else ''}`{one.commit}`)" for one in kept)
        parts.append(f"Earlier here: {said}.")
    return mark("\n\n".join(parts), make_report_marker((describe_report(diagnosed), *kept)))


def _describe_failures(diagnosed: DiagnosedBuild) -> list[str]:
    """Return the text of the fenced block: each failure with its lines, then further facts."""
    rows: list[str] = []
    diagnosis = diagnosed.diagnosis
    cases = diagnosis.cases[:MOST_CASES]
    for case in cases:
        rows += [*_describe_case(case, TOKENS // len(cases)), ""]
    if not diagnosis.cases and diagnosis.verdict.evidence:
        rows += ["; ".join(diagnosis.verdict.evidence), ""]
    if on_target := diagnosis.texts.get("on_target"):
        rows.append(f"On the target branch: {one_line(on_target, 2 * NAME_WIDTH)}")
    others = [*(case.label for case in diagnosis.cases[MOST_CASES:]), *diagnosis.not_read]
    rows += _listed("More failures", others) + _listed("Not run because of it", diagnosis.not_run)
    return rows[:-1] if rows and not rows[-1] else rows


def _describe_case(case: Case, room: int) -> list[str]:
    found = case.found
    exit_code = f", exit {case.exit_code}" if case.exit_code else ""
    rows = [f"{one_line(case.label, NAME_WIDTH)}: {one_line(case.status, 30)}{exit_code}; {case.role}"]
    rows += [one_line(f"error: {case.error}", 2 * NAME_WIDTH)] if case.error else []
    rows += _listed("Evidence", case.verdict.evidence)
    rows += _listed("Failed tests", found.tests if found else ()) + _listed("Places", case.places)
    if case.text and found:
        written = (
            write_to_fit(case.text, case.study, case.exit_code, found, room, WIDEST)
            if case.study
            else write_excerpt(case.text, found, room, WIDEST)
        )
        rows += [row.text for row in written]
    return rows


def _listed(title: str, names: Sequence[str]) -> list[str]:
    shown = [one_line(name, NAME_WIDTH) for name in names[:MOST_NAMED]]
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return [f"{title}: {'; '.join(shown)}{more}"] if shown else []


def title_flaky_step(step: FlakyStep) -> str:
    """Return the title of the issue about a flaky step, without characters by which a title refers to something."""
    name = _UNSAFE.sub(" ", one_line("/".join(step.name), 150))
    return f"Flaky step: {name}"


def write_flaky_step(step: FlakyStep, search: FlakySearch) -> str:
    """Return the text of the issue about a flaky step, without its marker."""
    evidence = [one_line("/".join(step.name), NAME_WIDTH), *map(describe_mixed, step.mixed[:MOST_COMMITS])]
    more = len(step.mixed) - MOST_COMMITS
    evidence += [f"and {more} more commits"] if more > 0 else []
    said = (
        f"This step passed and failed on the same commit: it failed in {step.failed} of {step.runs} runs "
        f"({100 * step.failed / step.runs:.0f} %) on commits that it passed on, among the newest {len(search.builds)} "
        f"builds. In 19 of 20 cases the true rate lies between {100 * step.low:.0f} and {100 * step.high:.0f} %."
        f"{' Its failures are ignored by the pipeline.' if step.ignored else ''}"
    )
    end = "Close this issue when the step is fixed or not worth it: it is not opened again, and no other is made."
    return "\n\n".join((said, fence(_cut(cleaned("\n".join(evidence)))), end))


def is_red(build: Build) -> bool:
    """Tell whether there is something to report about a build that has ended."""
    return is_failure(build.status)


def _digits(commit: str) -> str:
    """Return the beginning of a commit's hash, which is hexadecimal whatever the CI server says."""
    return (re.sub(r"[^0-9a-f]", "", commit.lower()) + "0" * 10)[:10]


def _cut(text: str) -> str:
    return text[: LONGEST_BODY // 2]
