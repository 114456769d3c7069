"""Writes the answer of a diagnosis within its budget, and proposes the next step. Pure.

What comes from a log stands between marks, or in quotes where it is a name.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, Final, Generic, TypeVar

from pydantic import Field

from ci_mcp_kit.answer import View
from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_logs.answer_text import Texts, joined, quoted, size_of, titled
from ci_mcp_logs.ci_markup import stamps_room
from ci_mcp_logs.diagnosis.verdicts import LOW, NOTHING, ROLES, Part, Verdict
from ci_mcp_logs.evidence import count_lines, write_excerpt, write_to_fit
from ci_mcp_logs.line_budget import LEAST_ROOM, framed, room_of, room_of_all, share, width_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ci_mcp_logs.diagnosis.verdicts import Verdict
    from ci_mcp_logs.distill import Excerpt, Study
    from ci_mcp_logs.line_budget import Row
    from ci_mcp_logs.log_text import LogText

_SLACK = 12  # tokens a failure: the field of the lines, and digits of their counts
_ENOUGH = 0.6  # part of the budget that log lines get before anything else is said at length
_SHORTEST = 40  # characters of the summary, where nothing else is said
_PLACE = 120  # characters of a place in a source file
# What to do about a failure of each class.
_BY_CLASS: Final = {
    "test": "Open {place} and run the failing test there; {read} shows more",
    "compile": "Fix what the compiler names at {place}",
    "lint": "Correct {place} as the rule says, or run the formatter",
    "dependency": "Check name, version and registry of the dependency; if the registry was down, run the build again",
    "infrastructure": "The change is an unlikely cause: run the build again if the named fault can pass by itself "
    "(network, registry); a full disk, a certificate or a fault that stays needs the operator of the {machines} or of "
    "that service",
    "out_of_memory": "Let the step need less memory (fewer jobs at once) or have more, then run the build again",
    "timeout": "Find what hangs at the end of the log; raise the limit only where it is honest work",
    "cancelled": "See whether a newer build replaced it; run it again if it is still wanted",
    "configuration": "Correct what the lines name: the pipeline file ({pipeline_file}), a script, a secret, a setting "
    "or a permission. The same build fails again without that",
    "approval": "Ask {approver} to approve or decline it",
    "unknown": "Read the end of the step with {read_end}, or look for words with {search}",
}
_ON_A_GUESS: Final = (
    "The class is a guess: read the lines first. If they do not name the cause, read the end of the step with "
    "{read_end}, or look for words with {search}"
)


class FailureFields(View):
    """A failed step and its evidence; a system's own view adds what names the step."""

    name: str = ""
    status: str = ""
    exit_code: int | None = None
    note: str = ""
    role: str
    kind: str = ""
    confidence: str = ""
    evidence: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    shown: Annotated[int | None, Field(description="lines")] = None
    total_lines: int | None = None
    head_lost: bool | None = None
    log: str = ""

    @property
    def label(self) -> str:
        """What names the step."""
        return self.name

    @property
    def lost_part(self) -> str:
        """What is said of a log that has lost its beginning."""
        return "the beginning is lost"

    @property
    def heading(self) -> str:
        """The failure in a line."""
        exit_code = f", exit {self.exit_code}" if self.exit_code else ""
        return f"{self.label}: {self.status}{exit_code}; {self.role}"

    def as_lines(self) -> list[str]:
        """Return the text of this part."""
        because = f": {'; '.join(self.evidence)}" if self.evidence else ""
        kind = f"{self.kind} ({self.confidence} confidence){because}" if self.kind else ""
        lost = f"; {self.lost_part}" if self.head_lost else ""
        extent = "" if self.total_lines is None else f"{self.shown} of {self.total_lines} lines shown{lost}."
        rows = [f"{self.heading}. {extent}".strip(), kind, self.note]
        rows += [quoted("failed tests", self.tests), quoted("places", self.places), self.log]
        return [row for row in rows if row]


class DiagnosisFields(View):
    """Why a build failed; a system's own view adds what names the build."""

    summary: str
    kind: str = ""
    confidence: str = ""
    signature: str = ""
    failures: tuple[FailureFields, ...] = ()
    more_failures: Texts = ()
    not_run: Texts = ()
    next_step: str = ""

    @property
    def heading(self) -> str:
        """The build in a line."""
        return ""

    @property
    def history(self) -> str:
        """How other builds stand, in a sentence."""
        return ""

    def as_text(self) -> str:
        """Return the answer for reading."""
        kind = f" Class: {self.kind} ({self.confidence} confidence)." if self.kind else ""
        parts = [self.history, *(line for failure in self.failures for line in failure.as_lines())]
        others = [*titled("More failures", self.more_failures), *titled("Not run because of it", self.not_run)]
        others += [f"Signature: {self.signature}"] if self.signature else []
        return joined(f"{self.heading}. {self.summary}.{kind}", parts, others, self.next_step)


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
    room = 0
    for detail in _LEVELS:
        wanted = needs[: detail.cases]
        # Enough is all that the failures need, or the part _ENOUGH of the budget where they need more.
        enough = max(LEAST_ROOM * sum(map(bool, wanted)), min(sum(wanted), int(token_budget * _ENOUGH)))
        room = _room(diagnosis, detail, token_budget)
        if room >= enough:
            break
    if room < LEAST_ROOM:
        # Time stamps that lines share would be said once for all; there is no room for that either.
        plain = (replace(case, text=case.text and case.text.with_stamps()) for case in diagnosis.cases)
        diagnosis = replace(diagnosis, cases=tuple(plain))
        room = max(LEAST_ROOM, _room(diagnosis, detail, token_budget))
    cases = diagnosis.cases[: detail.cases]
    widest = width_for(room // max(1, len(cases)), token_budget)
    logs: list[list[Row]] = []
    for case, part in zip(cases, share(room, needs[: detail.cases]), strict=True):
        if case.text is None or case.found is None:
            logs.append([])
        elif case.study is None:
            logs.append(write_excerpt(case.text, case.found, part, widest))
        else:
            logs.append(write_to_fit(case.text, case.study, case.exit_code, case.found, part, widest))
    return _view(diagnosis, detail, logs)


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


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a CI system in advice: its tools, files and people."""

    read: str
    read_end: str
    search: str
    pipeline_file: str
    machines: str
    approver: str


def advise(verdict: Verdict, cases: Sequence[Case], words: Words) -> str:
    """Propose the next step, at the first place in a source file that the evidence names; "" if nothing failed."""
    named = next((case.places[0] for case in cases if case.counts and case.places), "")
    is_guess = verdict.confidence == LOW and verdict.kind != "unknown"
    text = _ON_A_GUESS if verdict.kind and is_guess else _BY_CLASS.get(verdict.kind, "")
    return text.format(
        place=one_line(named, _PLACE) or "what the lines name",
        read=words.read,
        read_end=words.read_end,
        search=words.search,
        pipeline_file=words.pipeline_file,
        machines=words.machines,
        approver=words.approver,
    )
