"""Writes the answer of a diagnosis within its budget. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ci_mcp_kit.cleaning import one_line
from ci_mcp_logs.answers import size_of
from ci_mcp_logs.excerpt_lines import count_lines, write_excerpt, write_to_fit
from ci_mcp_logs.framing import framed
from ci_mcp_logs.numbered_lines import LEAST_ROOM, room_of, room_of_all, share, width_for
from ci_mcp_logs.timestamps import stamps_room
from drone_mcp_build.failed_steps import Part
from drone_mcp_client.status import is_final
from drone_mcp_diagnosis.verdicts import LOW
from drone_mcp_logs.common.views import PRINT_LESS
from drone_mcp_logs.diagnose.views import DiagnosisView, FailureView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_mcp_logs.numbered_lines import Row
    from drone_mcp_diagnosis.diagnosis import Case, Diagnosis

_SLACK = 12  # tokens a failure: the field of the lines, and digits of their counts
_ENOUGH = 0.6  # part of the budget that log lines get before anything else is said at length
_SHORTEST = 40  # characters of the summary, where nothing else is said
_PLACE = 120  # characters of a place in a source file
# What to do about a failure of each class.
_ADVICE = {
    "test": "Open {place} and run the failing test there; drone_get_build_logs with stage, step and around shows more",
    "compile": "Fix what the compiler names at {place}",
    "lint": "Correct {place} as the rule says, or run the formatter",
    "dependency": "Check name, version and registry of the dependency; if the registry was down, run the build again",
    "infrastructure": "The change is an unlikely cause: run the build again if the named fault can pass by itself "
    "(network, registry); a full disk, a certificate or a fault that stays needs the operator of the runners or of "
    "that service",
    "out_of_memory": "Let the step need less memory (fewer jobs at once) or have more, then run the build again",
    "timeout": "Find what hangs at the end of the log; raise the limit only where it is honest work",
    "cancelled": "See whether a newer build replaced it; run it again if it is still wanted",
    "configuration": "Correct what the lines name: the pipeline file (.drone.yml), a script, a secret, a setting or a "
    "permission. The same build fails again without that",
    "approval": "Ask an administrator of the repository to approve or decline it",
    "unknown": "Read the end of the step with drone_get_build_logs, or look for words with drone_search_build_logs",
}
_ADVICE_ON_A_GUESS = (
    "The class is a guess: read the lines first. If they do not name the cause, read the end of the step with "
    "drone_get_build_logs, or look for words with drone_search_build_logs"
)
_ADVICE_ON_SERVICES = (
    "Read the last lines of the services: one that ended or never got ready explains the failed connection. "
    "drone_get_build_logs with its stage and step shows more"
)
_ADVICE_ON_TARGET = (
    "It failed on its target branch before this change (drone_find_regression: since when): fix it there or wait for "
    "that. "
)


@dataclass(frozen=True, slots=True)
class Detail:
    """Limits of everything but log lines: failures, items of each list, characters of each text."""

    cases: int
    items: int
    width: int


# Lines of the log are the evidence, so the words about them give way, level by level, until the lines have room.
_LEVELS = (Detail(6, 6, 300), Detail(4, 3, 160), Detail(2, 2, 100), Detail(1, 1, 60), Detail(1, 0, 0))


def compose_diagnosis(diagnosis: Diagnosis, token_budget: int) -> DiagnosisView:
    """Return the answer: log lines shared among the failures by need, everything else as far as there is room."""
    widest = width_for(token_budget, token_budget)
    needs = [
        room_of_all(write_excerpt(case.text, case.found, token_budget, widest)) if case.text and case.found else 0
        for case in diagnosis.cases
    ]
    detail = next((detail for detail in _LEVELS if _fits(diagnosis, detail, needs, token_budget)), _LEVELS[-1])
    if _room(diagnosis, detail, token_budget) < LEAST_ROOM:
        # Time stamps that lines share would be said once for all; there is no room for that either.
        plain = (replace(case, text=case.text and case.text.with_stamps()) for case in diagnosis.cases)
        diagnosis = replace(diagnosis, cases=tuple(plain))
    cases = diagnosis.cases[: detail.cases]
    room = max(LEAST_ROOM, _room(diagnosis, detail, token_budget))
    rooms = share(room, needs[: detail.cases])
    widest = width_for(room // max(1, len(cases)), token_budget)
    return _view(diagnosis, detail, [_write(case, room, widest) for case, room in zip(cases, rooms, strict=True)])


def _write(case: Case, room: int, widest: int) -> list[Row]:
    if case.text is None or case.found is None:
        return []
    if case.study is None:
        return write_excerpt(case.text, case.found, room, widest)
    return write_to_fit(case.text, case.study, case.failed.exit_code, case.found, room, widest)


def _fits(diagnosis: Diagnosis, detail: Detail, needs: Sequence[int], budget: int) -> bool:
    """Return whether an answer with this detail leaves enough room for log lines."""
    wanted = needs[: detail.cases]
    # Enough is all that the failures need, or the part _ENOUGH of the budget where they need more.
    least = LEAST_ROOM * sum(map(bool, wanted))
    return _room(diagnosis, detail, budget) >= max(least, min(sum(wanted), int(budget * _ENOUGH)))


def _room(diagnosis: Diagnosis, detail: Detail, budget: int) -> int:
    """Return the tokens that are left for log lines, after everything else and the frames around them."""
    frame = _SLACK + room_of(framed([], diagnosis.nonce))
    frames = sum(frame + stamps_room(case.text.stamps if case.text else "") for case in diagnosis.cases[: detail.cases])
    return budget - size_of(_view(diagnosis, detail, [[] for _ in diagnosis.cases])) - frames


def _view(diagnosis: Diagnosis, detail: Detail, logs: Sequence[list[Row]]) -> DiagnosisView:
    cases = diagnosis.cases[: detail.cases]
    left = [case.failed.label for case in diagnosis.cases[detail.cases :] if not case.is_service]
    story = _story(diagnosis)
    return DiagnosisView(
        repo=diagnosis.repo,
        number=diagnosis.build.number,
        status=one_line(diagnosis.build.status, 30),
        summary=_said("; ".join(filter(None, (diagnosis.note, story))), detail) or one_line(story, _SHORTEST),
        kind=diagnosis.verdict.kind,
        confidence=diagnosis.verdict.confidence,
        on_target=_said(diagnosis.on_target.text, detail),
        signature=diagnosis.signature,
        # Not strict: to measure the room, a view is made with an empty log for each failure, also for one left out.
        failures=tuple(_failure(diagnosis, *parts, detail) for parts in zip(cases, logs, strict=False)),
        more_failures=_listed([*left, *diagnosis.not_read], detail),
        not_run=_listed(diagnosis.not_run, detail),
        next_step=_said(_advice(diagnosis, cases), detail),
    )


def _advice(diagnosis: Diagnosis, cases: Sequence[Case]) -> str:
    """Propose the next step, at the first place in a source file that the evidence names; "" if nothing failed."""
    counting = [case for case in cases if case.counts]
    place = one_line(next((case.places[0] for case in counting if case.places), ""), _PLACE) or "what the lines name"
    text = _ADVICE.get(diagnosis.verdict.kind, "").format(place=place)
    if text and diagnosis.verdict.confidence == LOW and diagnosis.verdict.kind != "unknown":
        text = _ADVICE_ON_A_GUESS
    if any(case.is_service for case in diagnosis.cases):
        text = _ADVICE_ON_SERVICES
    if counting and counting[0].text and counting[0].text.head_lost:
        text = f"{text}. If the lines do not name the cause, {PRINT_LESS}"
    return _ADVICE_ON_TARGET + text if text and diagnosis.on_target.answer == "yes" else text


def _failure(diagnosis: Diagnosis, case: Case, lines: list[Row], detail: Detail) -> FailureView:
    failed, found, verdict = case.failed, case.found, case.verdict
    error = f"error: {failed.error}" if failed.error else ""
    return FailureView(
        stage=failed.stage.number,
        step=failed.step.number if failed.step else None,
        name=_said(failed.name, detail),
        status=one_line(failed.status, 30),
        exit_code=failed.exit_code or None,
        role=case.role,
        kind=verdict.kind,
        confidence=verdict.confidence,
        evidence=_listed(verdict.evidence, detail),
        tests=_listed(found.tests if found else (), detail),
        places=_listed(case.places, detail),
        note=_said("; ".join(part for part in (error, case.note) if part), detail),
        shown=count_lines(lines) if case.text else None,
        total_lines=case.text.last if case.text else None,
        head_lost=(case.text is not None and case.text.head_lost) or None,
        log=framed(lines, diagnosis.nonce) if lines else "",
    )


def _said(text: str, detail: Detail) -> str:
    return one_line(text, detail.width) if text and detail.width else ""


def _listed(items: Sequence[str], detail: Detail) -> tuple[str, ...]:
    """Return the items within the limit, and how many more there are."""
    kept = [_said(item, replace(detail, width=min(detail.width, 200))) for item in items[: detail.items]]
    more = len(items) - len(kept)
    return (*kept, f"{more} more") if more > 0 and detail.items else tuple(kept)


def _story(diagnosis: Diagnosis) -> str:
    """Describe in a sentence what happened."""
    build = diagnosis.build
    first = next((case.failed for case in diagnosis.cases if case.counts), None)
    if first is None:
        if why := "; ".join(diagnosis.verdict.evidence):
            return why
        ignored = "; failures of some steps are ignored" if diagnosis.cases else ""
        if is_final(build.status):
            return f"nothing failed{ignored}"
        running = [step.name for stage in build.stages for step in stage.steps if step.status == "running"]
        return f"nothing has failed so far{ignored}" + (f"; running: {', '.join(running[:5])}" if running else "")
    if first.part is Part.STOPPED:
        return f"the build was stopped while {first.label} ran"
    exit_code = f", exit {first.exit_code}" if first.exit_code else ""
    count = sum(case.counts for case in diagnosis.cases) + len(diagnosis.not_read) - 1
    more = f"; {count} more failed" if count else ""
    so_far = "" if is_final(build.status) else f"; the build is still {build.status}"
    return f"{first.label} failed first{exit_code}{more}{so_far}"
