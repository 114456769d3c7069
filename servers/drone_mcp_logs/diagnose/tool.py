"""Answers `drone_diagnose_build`: the diagnosis, and what to do next with the tools of this server."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio.to_thread

from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_logs.diagnosis.answer import Words, advise, compose_diagnosis
from drone_mcp_diagnosis.diagnosing import diagnose
from drone_mcp_diagnosis.views import PRINT_LESS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_mcp_logs.diagnosis.answer import Case
    from ci_mcp_logs.diagnosis.verdicts import Verdict
    from drone_mcp_build.access import BuildAddress
    from drone_mcp_diagnosis.live_log import Pace
    from drone_mcp_diagnosis.other_builds import OnTarget
    from drone_mcp_diagnosis.views import DiagnosisView
    from drone_mcp_known.client_and_store import KnownAccess


_WORDS: Final = Words(
    read="drone_get_build_logs with stage, step and around",
    read_end="drone_get_build_logs",
    search="drone_search_build_logs",
    pipeline_file=".drone.yml",
    machines="runners",
    approver="an administrator of the repository",
)
_ON_SERVICES: Final = (
    "Read the last lines of the services: one that ended or never got ready explains the failed connection. "
    "drone_get_build_logs with its stage and step shows more"
)
_ON_TARGET: Final = (
    "It failed on its target branch before this change (drone_find_regression: since when): fix it there or wait for "
    "that. "
)


# Tools of other servers, which a role may lack. As data, because no server knows another one.
_TOOLS: Final[dict[str, str]] = json.loads((Path(__file__).parent.parent / "next_tools.json").read_text("utf-8"))
READ_FILE: Final = _TOOLS["read_file"]
"""The tool that reads a file as it is at a build."""

# A place as tools print it, from the root of the repository or of Drone's workspace (drone/runner-go v1.12.0,
# environ and clone: /drone/src).
_PLACE: Final = re.compile(r"(?:/drone/src/|\./)?([^\s:/][^\s:]*):(\d{1,7})(?::\d+)?", re.ASCII)


def add_reading(step: str, cases: Sequence[Case], build: int) -> str:
    """Return a next step with the call that shows the code at the first place in a file of the repository."""
    places = (place for case in cases if case.counts for place in case.places)
    found = next(filter(None, map(_PLACE.fullmatch, places)), None)
    if not step or found is None:
        return step
    call = f"{READ_FILE} with path {one_line(found[1], 120)}, line {found[2]} and build {build} shows the code"
    return f"{step}. {call}"


def propose(verdict: Verdict, cases: Sequence[Case], on_target: OnTarget) -> str:
    """Propose the next step; "" if nothing failed."""
    text = advise(verdict, cases, _WORDS)
    if any(case.service for case in cases):
        text = _ON_SERVICES
    first = next((case for case in cases if case.counts), None)
    if first and first.text and first.text.head_lost:
        text = f"{text}. If the lines do not name the cause, {PRINT_LESS}"
    return _ON_TARGET + text if text and on_target.answer == "yes" else text


async def diagnose_build(
    access: KnownAccess, what: BuildAddress, token_budget: int, pace: Pace, role_tools: frozenset[str]
) -> DiagnosisView:
    """Diagnose a build, and write the answer within its budget; `role_tools` are those of the agent."""
    diagnosed = await diagnose(access, what, token_budget, pace, propose)
    diagnosis = diagnosed.diagnosis
    if READ_FILE in role_tools:
        number = diagnosed.build.number
        diagnosis = replace(diagnosis, next_step=add_reading(diagnosis.next_step, diagnosis.cases, number))
    # In a thread of its own, as logs may be large.
    return await anyio.to_thread.run_sync(compose_diagnosis, diagnosis, token_budget)
