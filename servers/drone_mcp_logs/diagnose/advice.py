"""Proposes what to do about a failed build, with the tools of this server. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ci_mcp_logs.diagnosis.advice import Words, advise
from drone_mcp_diagnosis.views import PRINT_LESS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_mcp_logs.diagnosis.answer import Case
    from ci_mcp_logs.diagnosis.verdicts import Verdict
    from drone_mcp_diagnosis.target_branch import OnTarget

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


def propose(verdict: Verdict, cases: Sequence[Case], on_target: OnTarget) -> str:
    """Propose the next step; "" if nothing failed."""
    text = advise(verdict, cases, _WORDS)
    if any(case.service for case in cases):
        text = _ON_SERVICES
    first = next((case for case in cases if case.counts), None)
    if first and first.text and first.text.head_lost:
        text = f"{text}. If the lines do not name the cause, {PRINT_LESS}"
    return _ON_TARGET + text if text and on_target.answer == "yes" else text
