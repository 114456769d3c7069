"""Reads a failed build, its logs and other builds, and diagnoses it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

import anyio.to_thread

from ci_mcp_kit.concurrency import for_each
from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_logs.diagnosis.answer import Case, Diagnosis
from ci_mcp_logs.diagnosis.verdicts import JUDGED, NOTHING, Part, lacks_connection
from ci_mcp_logs.evidence import places_of, study_of
from ci_mcp_logs.failure_signature import signature, signature_of
from ci_mcp_logs.line_budget import new_nonce
from drone_mcp_build.build_wording import clean_name
from drone_mcp_build.failed_steps import FailedStep, StepRef, failed_steps
from drone_mcp_build.refs import history_branch
from drone_mcp_client.status import is_failure, is_final
from drone_mcp_diagnosis.other_builds import BROKEN, NO_PAST, Historian, Past, compare_with_target
from drone_mcp_diagnosis.signer import first_failure, sign, signed
from drone_mcp_diagnosis.step_reader import LogReading, StepReader
from drone_mcp_diagnosis.verdicts import services_of_stage, verdict_of, verdict_of_build
from drone_mcp_diagnosis.views import DiagnosisView, FailureView

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ci_mcp_logs.diagnosis.verdicts import Verdict
    from ci_mcp_logs.distill import Excerpt
    from ci_mcp_logs.log_text import LogText
    from drone_mcp_build.access import BuildAddress
    from drone_mcp_client.models import Build
    from drone_mcp_diagnosis.live_log import Pace
    from drone_mcp_diagnosis.other_builds import OnTarget
    from drone_mcp_known.client_and_store import KnownAccess
    from drone_mcp_known.known import Observation


_MOST_LOGS = 6  # each costs a request
_TOKENS_A_LOG = 250  # below it, the lines of a log say too little to be worth its request
_MOST_SERVICES = 3  # whose logs are read, each with a request
_READ = 400  # last lines of a failed step, for a connection that failed
_SHOWN = 8  # last lines of a service
_PAGE = 50  # builds among which the newest failed one is looked for


Advice: TypeAlias = "Callable[[Verdict, Sequence[Case], OnTarget], str]"


def _propose_nothing(_verdict: Verdict, _cases: Sequence[Case], _on_target: OnTarget) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class DiagnosedBuild:
    """A build, and why it failed."""

    build: Build
    diagnosis: Diagnosis[DiagnosisView]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The build to diagnose; where the caller did not name one, how it was chosen, and the newest build."""

    build: Build
    note: str = ""
    newest: Observation | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that was read for a diagnosis."""

    repo: str
    chosen: Chosen
    read: Sequence[FailedStep]
    readings: Sequence[LogReading | None]
    not_read: Sequence[FailedStep]
    past: Past
    limit: int
    token_budget: int
    services: Sequence[LogReading] = ()


async def diagnose(
    access: KnownAccess, what: BuildAddress, token_budget: int, pace: Pace, propose: Advice = _propose_nothing
) -> DiagnosedBuild:
    """Diagnose a build, and store the failure's signature, by which the same failure is found again.

    `token_budget` is that of the answer, which decides how many logs are worth reading; `propose` names the next step,
    in which a server may name its own tools.
    """
    chosen = await choose_build(access, what)
    failed = failed_steps(chosen.build)
    most = max(1, min(_MOST_LOGS, token_budget // _TOKENS_A_LOG))
    reader = StepReader(await access.client(), what.repo, chosen.build.number, pace)

    async def read(one: FailedStep) -> LogReading | None:
        return await reader.read(one.ref) if one.ref else None  # a stage that failed without a step has no log

    readings = await for_each(failed[:most], read)
    services = await _read_services(reader, failed[:most], readings)
    first = failed[0] if failed else None
    past = NO_PAST
    # In a stopped build most failures come from the stop, and a comparison of their logs is not worth its requests.
    if first and first.ref and first.part is not Part.IGNORED and chosen.build.status != "killed":
        past = await Historian(access, what.repo, chosen.build, first.ref, pace, chosen.newest).look_back()
    limit = await access.builds.time_limit(what.repo, chosen.build)
    facts = Facts(what.repo, chosen, failed[:most], readings, failed[most:], past, limit, token_budget, services)
    diagnosis = await anyio.to_thread.run_sync(conclude, facts, propose)
    # A signature is kept for 90 days, so it is stored only when nothing of the build can change any more.
    if is_final(chosen.build.status):
        counting = first_failure(chosen.build)
        lost = any(
            one == counting and reading and reading.text and reading.text.head_lost
            for one, reading in zip(failed, readings, strict=False)
        )
        found = signed(chosen.build, counting, diagnosis.signature, head_lost=lost)
        await access.signatures.write(what.repo, chosen.build, found)
    return DiagnosedBuild(chosen.build, diagnosis)


async def _read_services(
    reader: StepReader, failed: Sequence[FailedStep], readings: Sequence[LogReading | None]
) -> list[LogReading]:
    """Read the services of the first stage in which a step could not connect."""
    for one, reading in zip(failed, readings, strict=True):
        text = reading.text if reading and one.part is not Part.IGNORED else None
        if text and lacks_connection(text.lines[-_READ:]) and (refs := services_of_stage(one)):
            return await for_each(refs[:_MOST_SERVICES], reader.read)
    return []


async def choose_build(access: KnownAccess, what: BuildAddress) -> Chosen:
    """Return the build that is asked for: by default the newest, or the newest failed where that has not failed."""
    newest = await access.builds.find(what.repo, what.number)
    build = newest.build
    if what.number is not None:
        return Chosen(build)
    if failed_steps(build) or build.status in BROKEN:
        return Chosen(build, newest=newest)
    drone = await access.client()
    builds = await drone.build_page(what.repo, 1, _PAGE, branch=history_branch(build) or None)
    broken = next((one for one in builds if one.status in BROKEN), None)
    if broken is None:
        return Chosen(build, f"the newest build; none of the last {len(builds)} failed", newest)
    note = f"the newest failed build (the newest, #{build.number}, is {build.status})"
    return Chosen((await access.builds.build(what.repo, broken.number)).build, note, newest)


def conclude(facts: Facts, propose: Advice = _propose_nothing) -> Diagnosis[DiagnosisView]:
    """Judge the facts; for a thread of its own, as logs may be large."""
    build, past = facts.chosen.build, facts.past
    failures = [_case(facts, index, *pair) for index, pair in enumerate(zip(facts.read, facts.readings, strict=True))]
    first = next((case for case in failures if case.counts), None)
    cases = _with_services(failures, facts.services)
    # A signature must not depend on a comparison, so it comes from the log by itself.
    study = study_of(first.text) if first and first.text and first.study and first.study.compared else None
    counting = first_failure(build)
    own = sign(counting, study or first.study, first.verdict) if first and counting else signature([build.error])
    verdict = first.verdict if first else verdict_of_build(build)
    on_target = compare_with_target(past, build, own, _target_signature(past))
    return Diagnosis(
        DiagnosisView,
        FailureView,
        build={"repo": facts.repo, "number": build.number, "status": one_line(build.status, 30)},
        texts={"on_target": on_target.text},
        nonce=new_nonce(),
        summary=summarise(build, verdict, cases, len(facts.not_read)),
        next_step=propose(verdict, cases, on_target),
        verdict=verdict,
        cases=tuple(cases),
        not_read=tuple(failed.label for failed in facts.not_read),
        not_run=tuple(not_run_because_of_failures(build)),
        signature=own,
        note=facts.chosen.note,
    )


def not_run_because_of_failures(build: Build) -> list[str]:
    """Return labels of the later steps of each failed stage, and of the stages that depend on it."""
    broken = {stage.name for stage in build.stages if is_failure(stage.status)}
    labels: list[str] = []
    for stage in build.stages:
        if stage.status == "skipped" and broken.intersection(stage.depends_on):
            broken.add(stage.name)  # for the stages that depend on it in turn
            labels.append(f"stage {stage.number} {clean_name(stage.name)}")
            continue
        failed = (step.number for step in stage.steps if is_failure(step.status) and not step.errignore)
        first = min(failed, default=None)
        later = (step for step in stage.steps if first is not None and step.number > first)
        labels += [StepRef(stage, step).label for step in later if step.status == "skipped"]
    return labels


def _case(facts: Facts, index: int, failed: FailedStep, reading: LogReading | None) -> Case:
    """Judge a failure; the first is compared with its last good run."""
    text = reading.text if reading else None
    if reading is None or text is None or not text.lines:
        note = "" if reading is None else reading.why or ("it printed nothing" if text else "")
        return replace(_frame(failed, verdict_of(failed, None, None, facts.limit)), text=text, note=note)
    run = facts.past.good if index == 0 else None
    study = study_of(text, run.text if run else None)
    note = f"compared with its last good run in #{run.build.number}" if run and study.compared else reading.why
    found = study.excerpt(failed.exit_code, max(JUDGED, facts.token_budget))
    case = _frame(failed, verdict_of(failed, text, found, facts.limit))
    return replace(case, text=text, study=study, found=found, places=places_of(found), note=note)


def _frame(failed: FailedStep, verdict: Verdict) -> Case:
    """Return a failure without a log."""
    return Case(
        label=failed.label,
        name=failed.name,
        place={"stage": failed.stage.number, "step": failed.step.number if failed.step else None},
        status=failed.status,
        part=failed.part,
        verdict=verdict,
        exit_code=failed.exit_code,
        error=failed.error,
    )


def _with_services(failures: Sequence[Case], services: Sequence[LogReading]) -> list[Case]:
    """Return the failures, with the services behind the first failure in their stage."""
    cases = []
    for reading in services:
        text = reading.text if reading.text and reading.text.lines else None
        # The last lines of a service say more than those that look like a failure.
        found, note = (_last_lines(text), "") if text else (None, reading.why or "it printed nothing")
        frame = _frame(FailedStep(reading.ref.stage, reading.ref.step, Part.BESIDE), NOTHING)
        cases.append(replace(frame, text=text, found=found, note=note, service=SERVICE))
    stage = services[0].ref.stage.number if services else None
    at = next((index for index, case in enumerate(failures, 1) if case.counts and case.place["stage"] == stage), 0)
    return [*failures[:at], *cases, *failures[at:]]


def _target_signature(past: Past) -> str:
    """Return the signature of the same step in the target branch's build before the commit; "" if that was not read."""
    run = past.other
    if run is None or run.ref is None:
        return ""
    step = run.ref.step
    return signature_of(study_of(run.text), step.exit_code) if run.text else signature([step.error])


SERVICE: Final = "a service or detached step next to it, which Drone calls success whatever it exited with"


def summarise(build: Build, verdict: Verdict, cases: Sequence[Case], not_read: int) -> str:
    """Describe in a sentence what happened."""
    first = next((case for case in cases if case.counts), None)
    if first is None:
        if why := "; ".join(verdict.evidence):
            return why
        ignored = "; failures of some steps are ignored" if cases else ""
        if is_final(build.status):
            return f"nothing failed{ignored}"
        running = [step.name for stage in build.stages for step in stage.steps if step.status == "running"]
        return f"nothing has failed so far{ignored}" + (f"; running: {', '.join(running[:5])}" if running else "")
    if first.part is Part.STOPPED:
        return f"the build was stopped while {first.label} ran"
    exit_code = f", exit {first.exit_code}" if first.exit_code else ""
    count = sum(case.counts for case in cases) + not_read - 1
    more = f"; {count} more failed" if count else ""
    so_far = "" if is_final(build.status) else f"; the build is still {one_line(build.status, 30)}"
    return f"{first.label} failed first{exit_code}{more}{so_far}"


def _last_lines(text: LogText) -> Excerpt:
    """Return the last lines of a service's log; the later a line, the more weight it has."""
    from ci_mcp_logs.distill import Block, Excerpt, ExcerptLine  # noqa: PLC0415 - on first use, to start fast

    numbers = [number for number, line in enumerate(text.lines, 1) if line.strip()][-_SHOWN:]
    blocks = (
        Block(number, number, "last lines", (ExcerptLine(number, text.lines[number - 1]),), rank, rank)
        for rank, number in enumerate(numbers, 1)
    )
    return Excerpt(tuple(blocks), len(text.lines), 0)
