"""Writes the answer of a comparison within its budget: what changed by step, new lines. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_logs.answer_text import bounded, size_of
from ci_mcp_logs.ci_markup import stamps_room
from ci_mcp_logs.comparison import Comparison
from ci_mcp_logs.evidence import count_lines
from ci_mcp_logs.line_budget import LEAST_ROOM, Row, framed, room_of, width_for
from drone_mcp_build.build_wording import clean_name
from drone_mcp_build.commit_links import compare_page
from drone_mcp_build.failed_steps import StepRef, step_refs
from drone_mcp_build.refs import branch_of
from drone_mcp_client.status import is_failure
from drone_mcp_diagnosis.build_history import same_step
from drone_mcp_diagnosis.views import LOST_HEAD
from drone_mcp_logs.compare.views import ComparisonView, NewView, SideView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_mcp_logs.log_text import LogText
    from drone_mcp_client.models import Build

_SLACK = 12  # tokens: counts have more digits than those of a frame
_LIST_PART = 3  # the list of steps takes at most this part of an answer
_TIMES, _SECONDS = 1.5, 10  # a step that lasted this much longer or shorter has changed


@dataclass(frozen=True, slots=True)
class Pair:
    """The two builds, and the step whose logs are compared.

    Attributes:
        a: the build that is asked about.
        b: the one it is compared with.
        ref: the failed step, as it is in the build that it failed in.
        text: its log there; None where there is none.
        other: the log of the same step in the other build.
        home: the page of the repository at its source host.
    """

    repo: str
    a: Build
    b: Build
    nonce: str
    ref: StepRef | None = None
    text: LogText | None = None
    other: LogText | None = None
    note: str = ""
    home: str = ""

    @property
    def exit_code(self) -> int:
        """The exit code of the failed step."""
        return self.ref.step.exit_code if self.ref else 0


def compose_comparison(pair: Pair, token_budget: int) -> ComparisonView:
    """Return the answer: what changed by step, then as many new lines as there is room for."""
    logs = Comparison.of(pair.text, pair.other) if pair.text and pair.other else None
    new = logs.new if logs else []
    # The room for log lines next to everything else.
    stamps = stamps_room(pair.text.stamps if pair.text else "")
    frame = size_of(_view(pair, token_budget, new, [])) + _SLACK + room_of(framed([], pair.nonce))
    room = token_budget - frame - stamps
    write = _view
    if room < LEAST_ROOM:
        write, room = _terse_view, LEAST_ROOM
        # Otherwise the frame would state once what the time stamps share; there is no room for that, either.
        logs = logs and logs.with_stamps()
    rows = logs.write(pair.exit_code, room, width_for(room, token_budget)) if logs else []
    return write(pair, token_budget, new, rows)


def _view(pair: Pair, budget: int, new: Sequence[int], lines: list[Row]) -> ComparisonView:
    changed, alike = changes(pair.a, pair.b)
    return ComparisonView(
        repo=pair.repo,
        builds=(_side(pair.a), _side(pair.b)),
        summary=_summary(pair, len(changed), alike),
        changed=tuple(bounded(changed, budget // _LIST_PART, room_of)),
        new=_new(pair, new, lines),
        compare_link=one_line(compare_page(pair.home, pair.b.after, pair.a.after), 300),
        next_step=_next(pair),
    )


def _terse_view(pair: Pair, budget: int, new: Sequence[int], lines: list[Row]) -> ComparisonView:
    """Shorten the answer to a small budget."""
    view = _view(pair, budget, new, lines)
    no_names = {"branch": "", "event": "", "commit": ""}
    fewer = {
        "builds": tuple(side.model_copy(update=no_names) for side in view.builds),
        "new": view.new and view.new.model_copy(update={"step": pair.ref.numbers if pair.ref else ""}),
    }
    return view.model_copy(update=fewer | {"changed": (), "compare_link": "", "next_step": ""})


def _new(pair: Pair, new: Sequence[int], lines: list[Row]) -> NewView | None:
    if pair.ref is None:
        return None
    if pair.text is None or pair.other is None:
        return NewView(step=pair.ref.label, note=pair.note)
    log = framed(lines, pair.nonce) if lines else ""
    note = _lost(pair.text, pair.other)
    return NewView(step=pair.ref.label, lines=len(new), shown=count_lines(lines), log=log, note=note)


def _lost(failed: LogText, other: LogText) -> str:
    """Describe the effect of a lost beginning on the comparison."""
    of_failed = f"in the failed log {LOST_HEAD}" if failed.head_lost else ""
    of_other = "the beginning of the other log is lost, so that lines shown here may be old" if other.head_lost else ""
    return "; ".join(filter(None, (of_failed, of_other)))


def _side(build: Build) -> SideView:
    return SideView(
        number=build.number,
        status=one_line(build.status, 30),
        seconds=build.finished - build.started if build.started and build.finished > build.started else None,
        branch=clean_name(branch_of(build)),
        event=one_line(build.event, 30),
        commit=one_line(build.after, 64),
    )


def _summary(pair: Pair, count: int, alike: int) -> str:
    commits = "the same commit" if pair.a.after == pair.b.after else "different commits"
    return f"{commits}; {count} steps changed, {alike} alike"


def _next(pair: Pair) -> str:
    if pair.a.after == pair.b.after and pair.a.status != pair.b.status:
        return "The same commit: see drone_find_flaky_steps, or what differs outside the code (a service, an image)"
    if pair.ref is None:
        return ""
    return f"drone_diagnose_build with number {(pair.a if is_failure(pair.a.status) else pair.b).number} says why"


def changes(a: Build, b: Build) -> tuple[list[str], int]:
    """Describe the steps whose result or duration differs, failed ones first, and count the others."""
    pairs: list[tuple[StepRef | None, StepRef | None]] = [(ref, same_step(b, ref)) for ref in step_refs(a)]
    changed = [pair for pair in pairs if _has_changed(*pair)]
    alike = len(pairs) - len(changed)
    changed += [(None, ref) for ref in step_refs(b) if same_step(a, ref) is None]
    changed.sort(key=lambda pair: not any(ref and ref.failed for ref in pair))
    lines = []
    for pair in changed:
        is_now, was = (_state(ref) if ref else "not there" for ref in pair)
        label = next(ref.label for ref in pair if ref)
        lines.append(f"{label}: {was} -> {is_now}")
    return lines, alike


def _has_changed(now: StepRef | None, before: StepRef | None) -> bool:
    """Return whether a step ended differently, took much longer or shorter, or exists in one build only."""
    if now is None or before is None:
        return True
    if (now.step.status, now.step.exit_code) != (before.step.status, before.step.exit_code):
        return True
    # By both measures: from 1 s to 2 s is noise, and so is from 600 s to 615 s.
    shorter, longer = sorted((_seconds(now), _seconds(before)))
    return longer - shorter >= _SECONDS and longer >= shorter * _TIMES


def _seconds(ref: StepRef) -> int:
    step = ref.step
    return max(0, step.stopped - step.started) if step.started and step.stopped else 0


def _state(ref: StepRef) -> str:
    exit_code = f", exit {ref.step.exit_code}" if ref.step.exit_code else ""
    lasted = f" in {_seconds(ref)} s" if ref.step.started and ref.step.stopped else ""
    return f"{one_line(ref.step.status, 30)}{exit_code}{lasted if ref.step.status != 'skipped' else ''}"
