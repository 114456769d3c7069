"""The tool `jenkins_diagnose_build`: reads a failed build, its logs, tests and last good build, and judges them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import anyio.to_thread

from ci_mcp_kit.concurrency import for_each
from ci_mcp_kit.errors import NotFound, ServiceError
from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_logs.diagnosis.answer import Case, Diagnosis, Words, advise, compose_diagnosis
from ci_mcp_logs.diagnosis.verdicts import JUDGED, Part
from ci_mcp_logs.evidence import headline, new_lines, places_of, study_of
from ci_mcp_logs.failure_signature import signature, signature_of
from ci_mcp_logs.line_budget import new_nonce
from jenkins_mcp.client import calls
from jenkins_mcp.failures.failed_steps import FailedStep, failed_steps, stage_around
from jenkins_mcp.failures.last_good import LOG, LastGood, find_last_good
from jenkins_mcp.failures.test_report import read_report
from jenkins_mcp.failures.verdicts import verdict_of, verdict_of_build
from jenkins_mcp.failures.views import DiagnosisView, FailureView
from jenkins_mcp.logs.reader import LogReader, Reading
from jenkins_mcp.logs.step_lookup import FAILED, NAME, list_stages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jenkins_mcp.client.models.builds import Build
    from jenkins_mcp.client.models.reports import Stage, StageDetails
    from jenkins_mcp.failures.test_report import ReportedTest
    from jenkins_mcp.logs.target_build import Target

logger = logging.getLogger(__name__)

MOST_LOGS: Final = 6  # each costs a request
TOKENS_A_LOG: Final = 250  # below it, the lines of a log say too little to be worth its request
MOST_STAGES: Final = 12  # each costs a request
WORDS: Final = Words(
    read="jenkins_get_build_log with around",
    read_end="jenkins_get_build_log",
    search="jenkins_search_build_log",
    pipeline_file="Jenkinsfile",
    machines="build machines",
    approver="a person who may answer it in Jenkins",
)
OF_ALL: Final = "it printed nothing itself: the lines are of the whole build's log"


@dataclass(frozen=True, slots=True)
class Facts:
    """All that was read for a diagnosis; `readings` are the logs of the first failures, None for one without a log."""

    job: str
    build: Build
    stages: Sequence[Stage]
    failed: Sequence[FailedStep]
    readings: Sequence[Reading | None]
    tests: Sequence[ReportedTest]
    good: LastGood
    token_budget: int
    is_of_all: bool = False


async def diagnose(target: Target, token_budget: int) -> DiagnosisView:
    """Answer `jenkins_diagnose_build`."""
    client, job = target.client, target.job
    build = target.build or (await client.send(calls.get_build(job, target.number))).value
    stages = await list_stages(client, job, build.number) if build.is_a("WorkflowRun") else ()
    failed = await _find_failures(target, build, stages)
    most = max(1, min(MOST_LOGS, token_budget // TOKENS_A_LOG))

    async def read(one: FailedStep) -> Reading | None:
        if one.stage and not one.step:
            return None
        try:
            return await LogReader(client, job, build.number, one.ref.node).read_end(LOG)
        except NotFound:
            if not one.step:
                raise
            return None

    readings = await for_each(failed[:most], read)
    is_of_all = bool(failed) and not (readings[0] and readings[0].text.lines)
    if is_of_all:
        readings[0] = await LogReader(client, job, build.number).read_end(LOG)
    first = failed[0] if failed else None
    # In a stopped build the log ends anywhere, and what is new in it says nothing.
    is_broken = first is not None and first.part not in {Part.STOPPED, Part.IGNORED}
    good = await find_last_good(client, job, build, None if is_of_all else first) if is_broken else LastGood()
    tests = await _read_failed_tests(target) if is_broken and build.has_failed_tests else ()
    facts = Facts(str(job), build, stages, failed, readings, tests, good, token_budget, is_of_all)
    return await anyio.to_thread.run_sync(conclude, facts)


async def _read_failed_tests(target: Target) -> tuple[ReportedTest, ...]:
    """Return the failed tests of the report; none where it cannot be read, as the log names them as well."""
    try:
        report = await read_report(target)
    except ServiceError as error:
        logger.info("The test report could not be read: %s", error)
        return ()
    return tuple(test for test in report.tests if test.failed)


async def _find_failures(target: Target, build: Build, stages: Sequence[Stage]) -> tuple[FailedStep, ...]:
    """Return the failures; the whole build where no stage has failed."""
    broken = sorted((stage for stage in stages if stage.status in FAILED), key=lambda stage: stage.start_time_millis)

    async def read(stage: Stage) -> StageDetails:
        return await target.client.send(calls.get_stage(target.job, build.number, stage.id))

    found = failed_steps(build, await for_each(broken[-MOST_STAGES:], read))
    if found or not build.is_over or build.result == "SUCCESS":
        return found
    return (FailedStep(Part.STOPPED if build.result in {"ABORTED", "NOT_BUILT"} else Part.FIRST),)


def conclude(facts: Facts) -> DiagnosisView:
    """Judge the facts and write the answer; for a thread of its own, as logs may be large."""
    build = facts.build
    cases = [_case(facts, index, *pair) for index, pair in enumerate(zip(facts.failed, facts.readings, strict=False))]
    first = next((case for case in cases if case.counts), None)
    verdict = first.verdict if first else verdict_of_build(build, facts.stages)
    not_read = [failed.label for failed in facts.failed[len(cases) :]]
    diagnosis = Diagnosis(
        DiagnosisView,
        FailureView,
        build={
            "job": facts.job,
            "number": build.number,
            "result": one_line(build.result, 30),
            "running": None if build.is_over else True,
        },
        texts={"last_good": facts.good.text},
        nonce=new_nonce(),
        summary=_tell(facts, first, len(facts.failed)),
        next_step=advise(verdict, cases, WORDS),
        verdict=verdict,
        cases=tuple(cases),
        not_read=tuple(not_read),
        not_run=tuple(one_line(stage.name, NAME) for stage in facts.stages if stage.status == "NOT_EXECUTED"),
        signature=_sign(first) if first else "",
    )
    return compose_diagnosis(diagnosis, facts.token_budget)


def _case(facts: Facts, index: int, failed: FailedStep, reading: Reading | None) -> Case:
    """Judge a failure; the first is compared with its last good run, and the test report belongs to it."""
    fields, tests = failed.ref.fields(), facts.tests if index == 0 else ()
    case = Case(
        label=failed.label,
        name=failed.name,
        place={"stage": fields["stage"], "step": fields["step"]},
        status=fields["status"] or facts.build.result,
        part=failed.part,
        verdict=verdict_of(facts.build, failed, None, None, len(tests)),
        exit_code=failed.exit_code,
        error=one_line(failed.error) if not failed.exit_code else "",
        tests=tuple(map(_describe_test, tests)),
    )
    if reading is None or not reading.text.lines:
        return replace(case, note="it printed nothing")
    text, good = reading.text, facts.good if index == 0 else LastGood()
    study = study_of(text, good.log)
    found = study.excerpt(failed.exit_code, max(JUDGED, facts.token_budget))
    notes = [OF_ALL] if index == 0 and facts.is_of_all and failed.stage else []
    if reading.base.base:
        notes.append(f"only the last {LOG >> 20} MiB of {reading.size} bytes were read; lines are counted from the end")
    if study.compared:
        news = f"{len(new_lines(text, study))} of {len(text.lines)} lines are new"
        notes.append(f"compared with its last good run in #{good.number}: {news}")
    place = dict(case.place)
    if not failed.stage and (telling := headline(found)):
        place["stage"] = one_line(stage_around(text.lines, telling.number), NAME)
    return replace(
        case,
        place=place,
        verdict=verdict_of(facts.build, failed, text, found, len(tests)),
        text=text,
        study=study,
        found=found,
        places=places_of(found),
        note="; ".join(notes),
    )


def _describe_test(test: ReportedTest) -> str:
    since = f" (since #{test.case.failed_since})" if test.case.failed_since else ""
    return f"{test.name}{since}" + (f": {test.case.error_details}" if test.case.error_details else "")


def _sign(first: Case) -> str:
    """Return the signature of the first failure; "" for one that was stopped, whose log ends anywhere."""
    if first.part is Part.STOPPED:
        return ""
    if first.text is None or first.study is None:
        return signature([first.error])
    # A signature must not depend on a comparison, so it comes from the log by itself.
    return signature_of(study_of(first.text) if first.study.compared else first.study, first.exit_code)


def _tell(facts: Facts, first: Case | None, count: int) -> str:
    """Describe in a sentence what happened."""
    build = facts.build
    if first is None:
        if why := "; ".join(verdict_of_build(build, facts.stages).evidence):
            return why
        ignored = "; failures of some steps are ignored" if facts.failed else ""
        if build.is_over:
            return f"nothing failed{ignored}"
        running = [one_line(stage.name, NAME) for stage in facts.stages if stage.status == "IN_PROGRESS"]
        return f"nothing has failed so far{ignored}" + (f"; running: {', '.join(running[:5])}" if running else "")
    if first.part is Part.STOPPED:
        return (
            f"the build was stopped while {first.label} ran" if first.label != "the build" else "the build was stopped"
        )
    exit_code = f", exit {first.exit_code}" if first.exit_code else ""
    more = f"; {count - 1} more failed" if count > 1 else ""
    so_far = "" if build.is_over else "; the build still runs"
    return f"{first.label} failed{' first' if count > 1 or first.place['stage'] else ''}{exit_code}{more}{so_far}"
