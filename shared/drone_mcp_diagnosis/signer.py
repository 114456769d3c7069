"""Finds the signature of a build's failure: the one in the store, or a new one from its log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio.to_thread

from ci_mcp_logs.diagnosis.verdicts import JUDGED, Verdict
from ci_mcp_logs.evidence import study_of
from ci_mcp_logs.failure_signature import signature, signature_of
from drone_mcp_build.failed_steps import FailedStep, failed_steps, failures_that_count
from drone_mcp_diagnosis.step_reader import StepReader
from drone_mcp_diagnosis.verdicts import verdict_of
from drone_mcp_known.signature_store import Signed

if TYPE_CHECKING:
    from ci_mcp_logs.distill import Study
    from ci_mcp_logs.log_text import LogText
    from drone_mcp_client.models import Build
    from drone_mcp_diagnosis.build_history import Chronicle
    from drone_mcp_diagnosis.live_log import Pace
    from drone_mcp_known.signature_store import Signatures


def sign(failed: FailedStep, study: Study | None, verdict: Verdict) -> str:
    """Return the failure's signature, from its log, or without one from the runner's error; "" if it was cancelled."""
    # The log of a cancelled step ends anywhere: two cancels would look different, and unlike failures alike.
    if verdict.kind == "cancelled":
        return ""
    if study is not None:
        return signature_of(study, failed.exit_code)
    return signature([failed.error])


def first_failure(build: Build) -> FailedStep | None:
    """Return the first failure of a build that is not ignored; None if there is none."""
    return next(iter(failures_that_count(build)), None)


def signed(build: Build, failed: FailedStep | None, own: str, *, head_lost: bool) -> Signed:
    """Return the record for the store; if no step failed, the signature of the build's error."""
    if failed is None:
        return Signed(own or signature([build.error]))
    return Signed(own, failed.ref.numbers if failed.ref else "", head_lost)


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs builds of a chronicle, each at its first failure or, if `step` names stage and step, at that one."""

    chronicle: Chronicle
    kept: Signatures
    pace: Pace
    step: tuple[str, str] | None = None

    async def sign(self, build: Build) -> Signed | None:
        """Return the signature of a build; None if no request is left to read it."""
        slug, known = self.chronicle.slug, await self.kept.read(self.chronicle.slug, build)
        if known and not self.step:
            return known
        whole = await self.chronicle.whole(build)
        if whole is None:
            return None
        first = failed = first_failure(whole)
        if self.step:
            every = (one for one in failed_steps(whole) if one.step)
            failed = next((one for one in every if one.step and (one.stage.name, one.step.name) == self.step), None)
        # The stored signature is that of the first failure, and serves for another step only where it is that one.
        if known and failed and failed.ref and known.step == failed.ref.numbers:
            return known
        own = await self._read(whole, failed)
        if own and failed == first:  # the store holds one signature for a build
            await self.kept.write(slug, whole, own)
        return own

    async def _read(self, build: Build, failed: FailedStep | None) -> Signed | None:
        text = None
        if failed is not None and failed.ref is not None:
            if not self.chronicle.requests.take():
                return None
            reader = StepReader(self.chronicle.drone, self.chronicle.slug, build.number, self.pace)
            text = (await reader.read(failed.ref)).text
        # In a thread: a log of 5 MiB takes up to 20 ms, in which the event loop would serve no other call.
        own = await anyio.to_thread.run_sync(_signature, failed, text) if failed else ""
        return signed(build, failed, own, head_lost=text is not None and text.head_lost)


def _signature(failed: FailedStep, text: LogText | None) -> str:
    study = study_of(text) if text and text.lines else None
    found = study.excerpt(failed.exit_code, JUDGED) if study else None
    return sign(failed, study, verdict_of(failed, text, found))
