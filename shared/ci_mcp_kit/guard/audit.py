"""The audit log of one process."""

from __future__ import annotations

import logging
import time
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import anyio

from ci_mcp_kit import logs
from ci_mcp_kit.errors import ServiceError
from ci_mcp_kit.guard.errors import AuditUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ci_mcp_kit.guard.audit_sinks import Sink
    from ci_mcp_kit.outgoing_text import Cleaner

logger = logging.getLogger(__name__)

PATIENCE: Final = 10.0  # seconds for a line, with whatever holds the file, the pipe or the collector; the change waits
MOST_RECENT: Final = 50  # lines of a caller in memory, for a server that shows them; a sink cannot be read


class Audit:
    """Writes what this agent requested and the outcome. `agent` comes from the process, never from a call."""

    def __init__(
        self, sink: Sink, agent: Mapping[str, str], clean: Cleaner, clock: Callable[[], float] = time.time
    ) -> None:
        self._sink = sink
        self._agent = dict(agent)
        self._clean = clean
        self._clock = clock
        # A sink chains each line to the one before it: two lines at once would both follow the same one.
        self._turn = anyio.Lock()
        self._recent: dict[str, deque[dict[str, Any]]] = {}  # by caller; all names are from the file of callers

    @property
    def recent(self) -> tuple[dict[str, Any], ...]:
        """The newest lines about the caller who asks, where the process serves several."""
        return tuple(self._recent.get(logs.caller(), ()))

    async def note(self, event: str, **facts: Any) -> None:
        """Write one line and wait until it is stored.

        Raises:
            AuditUnavailable: it could not be stored.
        """
        moment = datetime.fromtimestamp(self._clock(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        caller = logs.caller()
        agent = {**self._agent, "caller": caller} if caller else self._agent
        about = {"time": moment, "event": event, "agent": agent, "request": logs.request_id()}
        # No `if value`: 0 and False are facts.
        said = {key: value for key, value in facts.items() if value not in (None, "", (), [])}
        entry: dict[str, Any] = self._clean.value({**about, **said})
        try:
            with anyio.fail_after(PATIENCE):
                async with self._turn:
                    await self._sink.append(entry)
        except OSError as error:
            reason = str(error) or f"it was not taken within {PATIENCE:g} seconds"  # TimeoutError has no text
            logger.error("An audit line could not be written: %s", reason)  # noqa: TRY400 - the reason says all
            raise AuditUnavailable("The audit line could not be written, so nothing was sent") from error
        self._recent.setdefault(caller, deque(maxlen=MOST_RECENT)).append(entry)

    async def try_note(self, event: str, **facts: Any) -> bool:
        """Write a line about something that has already happened; return False if that fails, which is logged."""
        try:
            # Shielded, because the outcome of a call that is cancelled is what a reader of the log has to know.
            with anyio.CancelScope(shield=True):
                await self.note(event, **facts)
        except AuditUnavailable:
            return False
        return True

    async def refused(self, error: ServiceError, outcome: str = "refused", **facts: Any) -> None:
        """Write a line about a refusal, with the rule behind it."""
        rule = error.details.get("rule", "")
        await self.try_note("refused", decision="refused", rule=rule, outcome=outcome, code=error.code, **facts)


def describe_failure(error: BaseException, *, left: bool) -> dict[str, Any]:
    """Return the facts of the outcome of a request that brought no answer; `left` if it passed the gate.

    The outcome is `refused`, `not_sent`, `cancelled` or `unknown`; the last two may have been carried out.
    """
    if isinstance(error, ServiceError):
        # Errors without a status come from this side: no connection, no usable token, a rule.
        answered = "refused" if left and error.status else "not_sent"
        outcome = "unknown" if error.outcome_unknown else answered
        return {"outcome": outcome, "code": error.code, "message": error.message}
    if not left:
        return {"outcome": "not_sent"}
    return {"outcome": "cancelled" if isinstance(error, anyio.get_cancelled_exc_class()) else "unknown"}
