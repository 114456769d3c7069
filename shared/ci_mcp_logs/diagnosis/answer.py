"""Writes the answer of a diagnosis within its budget. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ci_mcp_kit.cleaning import one_line
from ci_mcp_logs.answers import size_of
from ci_mcp_logs.diagnosis.parts import ROLES, Part
from ci_mcp_logs.diagnosis.verdicts import NOTHING, Verdict
from ci_mcp_logs.diagnosis.views import DiagnosisFields, FailureFields
from ci_mcp_logs.excerpt_lines import count_lines, write_excerpt, write_to_fit
from ci_mcp_logs.framing import framed
from ci_mcp_logs.numbered_lines import LEAST_ROOM, room_of, room_of_all, share, width_for
from ci_mcp_logs.timestamps import stamps_room

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ci_mcp_logs.distill import Excerpt, Study
    from ci_mcp_logs.log_text import LogText
    from ci_mcp_logs.numbered_lines import Row

_SLACK = 12  # tokens a failure: the field of the lines, and digits of their counts
_ENOUGH = 0.6  # part of the budget that log lines get before anything else is said at length
_SHORTEST = 40  # characters of the summary, where nothing else is said

V = TypeVar("V", bound=DiagnosisFields)


@dataclass(frozen=True, slots=True)
class Case:
    """A failure and the evidence in its log; `note` says why there is no log, or how it was read.

    Attributes:
        label: numbers and names, for a sentence.
        name: of the step.
        place: the fields of the view that say which step it is.
        status: how it ended, in the words of the CI system.
        error: what the CI system says of it.
        study: the log as it was read, compared with the last good run of the same step where there is one.
        tests: that failed; without any, those that the log names are shown.
        places: in source files, the most telling first.
        service: what it is if it did not fail, but ran in the background of a step that could not connect.
    """

    label: str
    name: str
    place: Mapping[str, Any]
    status: str
    part: Part
    verdict: Verdict
    exit_code: int = 0
    error: str = ""
    text: LogText | None = None
    study: Study | None = None
    found: Excerpt | None = None
    tests: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    note: str = ""
    service: str = ""

    @property
    def counts(self) -> bool:
        """Whether the build failed by it: it is no service, and its failure is not ignored."""
        return not self.service and self.part is not Part.IGNORED

    @property
    def role(self) -> str:
        """The part that it has in the failure of the build, as a clause."""
        return self.service or ROLES[self.part]


@dataclass(frozen=True, slots=True)
class Diagnosis(Generic[V]):
    """The content of the answer.

    Attributes:
        view: the class of the answer.
        failure: the class of each failure in it.
        build: the fields of the view that say which build it is and how it stands.
        summary: what happened, in a sentence.
        next_step: what to do.
        texts: further fields of the view, which are shortened where room is short.
        cases: the failures in causal order, each before the services that it could not connect to.
        not_read: further failures.
        not_run: what did not run because of them.
        note: how the build was chosen, where the caller did not.
    """

    view: type[V]
    failure: type[FailureFields]
    build: Mapping[str, Any]
    nonce: str
    summary: str
    next_step: str
    texts: Mapping[str, str] = field(default_factory=dict)
    verdict: Verdict = NOTHING
    cases: tuple[Case, ...] = ()
    not_read: tuple[str, ...] = ()
    not_run: tuple[str, ...] = ()
    signature: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Detail:
    """Limits of everything but log lines: failures, items of each list, characters of each text."""

    cases: int
    items: int
    width: int


# Lines of the log are the evidence, so the words about them give way, level by level, until the lines have room.
_LEVELS = (Detail(6, 6, 300), Detail(4, 3, 160), Detail(2, 2, 100), Detail(1, 1, 60), Detail(1, 0, 0))


def compose_diagnosis(diagnosis: Diagnosis[V], token_budget: int) -> V:
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
    return write_to_fit(case.text, case.study, case.exit_code, case.found, room, widest)


def _fits(diagnosis: Diagnosis[V], detail: Detail, needs: Sequence[int], budget: int) -> bool:
    """Return whether an answer with this detail leaves enough room for log lines."""
    wanted = needs[: detail.cases]
    # Enough is all that the failures need, or the part _ENOUGH of the budget where they need more.
    least = LEAST_ROOM * sum(map(bool, wanted))
    return _room(diagnosis, detail, budget) >= max(least, min(sum(wanted), int(budget * _ENOUGH)))


def _room(diagnosis: Diagnosis[V], detail: Detail, budget: int) -> int:
    """Return the tokens that are left for log lines, after everything else and the frames around them."""
    frame = _SLACK + room_of(framed([], diagnosis.nonce))
    frames = sum(frame + stamps_room(case.text.stamps if case.text else "") for case in diagnosis.cases[: detail.cases])
    return budget - size_of(_view(diagnosis, detail, [[] for _ in diagnosis.cases])) - frames


def _view(diagnosis: Diagnosis[V], detail: Detail, logs: Sequence[list[Row]]) -> V:
    cases = diagnosis.cases[: detail.cases]
    left = [case.label for case in diagnosis.cases[detail.cases :] if not case.service]
    summary = "; ".join(filter(None, (diagnosis.note, diagnosis.summary)))
    return diagnosis.view(
        **diagnosis.build,
        **{name: _said(text, detail) for name, text in diagnosis.texts.items()},
        summary=_said(summary, detail) or one_line(diagnosis.summary, _SHORTEST),
        kind=diagnosis.verdict.kind,
        confidence=diagnosis.verdict.confidence,
        signature=diagnosis.signature,
        # Not strict: to measure the room, a view is made with an empty log for each failure, also for one left out.
        failures=tuple(_failure(diagnosis, *parts, detail) for parts in zip(cases, logs, strict=False)),
        more_failures=_listed([*left, *diagnosis.not_read], detail),
        not_run=_listed(diagnosis.not_run, detail),
        next_step=_said(diagnosis.next_step, detail),
    )


def _failure(diagnosis: Diagnosis[V], case: Case, lines: list[Row], detail: Detail) -> FailureFields:
    found, verdict = case.found, case.verdict
    error = f"error: {case.error}" if case.error else ""
    return diagnosis.failure(
        **case.place,
        name=_said(case.name, detail),
        status=one_line(case.status, 30),
        exit_code=case.exit_code or None,
        role=case.role,
        kind=verdict.kind,
        confidence=verdict.confidence,
        evidence=_listed(verdict.evidence, detail),
        tests=_listed(case.tests or (found.tests if found else ()), detail),
        places=_listed(case.places, detail),
        note=_said("; ".join(part for part in (error, case.note) if part), detail),
        shown=count_lines(lines) if case.text else None,
        # A log whose beginning was not read is counted from its end.
        total_lines=(case.text.last if case.text.first > 0 else len(case.text.lines)) if case.text else None,
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
