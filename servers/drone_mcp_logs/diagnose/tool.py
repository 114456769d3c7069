"""Answers `drone_diagnose_build`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio.to_thread

from ci_mcp_logs.diagnosis.answer import compose_diagnosis
from drone_mcp_diagnosis.diagnosing import diagnose
from drone_mcp_logs.diagnose.advice import propose

if TYPE_CHECKING:
    from drone_mcp_build.access import BuildAddress
    from drone_mcp_diagnosis.diagnosis_views import DiagnosisView
    from drone_mcp_diagnosis.live_log import Pace
    from drone_mcp_known.access import KnownAccess


async def diagnose_build(access: KnownAccess, what: BuildAddress, token_budget: int, pace: Pace) -> DiagnosisView:
    """Diagnose a build, and write the answer within its budget."""
    diagnosed = await diagnose(access, what, token_budget, pace, propose)
    # In a thread of its own, as logs may be large.
    return await anyio.to_thread.run_sync(compose_diagnosis, diagnosed.diagnosis, token_budget)
