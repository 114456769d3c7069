"""Answers `drone_diagnose_build`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import anyio.to_thread

from ci_mcp_logs.diagnosis.answer import compose_diagnosis
from drone_mcp_diagnosis.diagnosing import diagnose
from drone_mcp_logs.diagnose.advice import READ_FILE, add_reading, propose

if TYPE_CHECKING:
    from drone_mcp_build.access import BuildAddress
    from drone_mcp_diagnosis.diagnosis_views import DiagnosisView
    from drone_mcp_diagnosis.live_log import Pace
    from drone_mcp_known.access import KnownAccess


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
