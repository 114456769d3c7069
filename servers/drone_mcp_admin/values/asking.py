"""Asks a person for the value of a secret, on a page that their client opens, in both eras of the protocol.

Until 2025-11-25 the server asks in the middle of the call; from 2026-07-28 on it ends the call with the address, and
the client calls again once the person has agreed to open it. Source: the MCP specification, "Elicitation" and "Multi
Round-Trip Requests".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import anyio
from mcp.shared.exceptions import MCPError
from mcp.types import ElicitRequest, ElicitRequestURLParams, ElicitResult, InputRequiredResult

from ci_mcp_kit.background import BackgroundTask
from ci_mcp_kit.errors import RateLimited
from ci_mcp_kit.guard.asking import in_rounds
from ci_mcp_kit.guard.errors import NotConfirmed

if TYPE_CHECKING:
    from collections.abc import Callable

    from mcp.server.mcpserver import Context

    from ci_mcp_kit.variables import Secret
    from drone_mcp_admin.values.page import ValuePage

LIFE: Final = 300.0  # seconds that a person has to enter a value
MOST: Final = 4  # pages that are open at once
REPORT_SECONDS: Final = 5.0
_KEY: Final = "value"


def can_open(context: Context[Any, Any]) -> bool:
    """Return whether the client can open a page of this machine for a person.

    It must have declared that. Over HTTP the person may sit at another machine, where the address leads elsewhere.
    """
    capabilities = context.client_capabilities
    asks = capabilities.elicitation if capabilities else None
    reaches = in_rounds(context) or context.session.can_send_request
    return context.headers is None and asks is not None and asks.url is not None and reaches


@dataclass(frozen=True, slots=True)
class _Open:
    """A page, the task that serves it, and the time after which its value is forgotten."""

    page: ValuePage
    task: BackgroundTask = field(repr=False)
    ends: float


class ValueDesk:
    """The pages of a process. A value is kept until it is used, or its time is over.

    Args:
        learn: receives each value, so that it is redacted.
    """

    def __init__(self, learn: Callable[[str], None]) -> None:
        self._learn = learn
        self._open: dict[tuple[str, str], _Open] = {}

    async def ask(
        self, context: Context[Any, Any], subject: tuple[str, str], question: str
    ) -> tuple[Secret, str] | InputRequiredResult:
        """Have a person enter a value; return it with the number of its page, or what ends this round of the call.

        Args:
            context: of the call.
            subject: the scope and the name of the secret.
            question: what the value is for, as a sentence.

        Raises:
            NotConfirmed: the person did not.
            RateLimited: too many pages are open.
        """
        page = self._page(subject, question)
        if page.value is None:
            said = await self._put(context, page, question)
            if isinstance(said, InputRequiredResult):
                return said
            if said != "accept":
                self.drop(subject)
                raise NotConfirmed("The person did not open the page for the value", details={"said": said})
            await self._wait(context, page)
        if page.value is None:
            self.drop(subject)
            raise NotConfirmed(f"Nobody entered a value within {LIFE:g} seconds")
        self._learn(page.value.reveal())
        return page.value, page.number

    def has_asked(self, subject: tuple[str, str]) -> bool:
        """Return whether a page for a subject is open, or has a value that was not used."""
        opened = self._open.get(subject)
        return opened is not None and anyio.current_time() < opened.ends

    def drop(self, subject: tuple[str, str]) -> None:
        """Forget a value that was used, and close its page."""
        opened = self._open.pop(subject, None)
        if opened is not None:
            opened.page.close()

    async def close(self) -> None:
        """Close all pages."""
        opened, self._open = self._open, {}
        for one in opened.values():
            one.page.close()
            await one.task.wait()

    def _page(self, subject: tuple[str, str], question: str) -> ValuePage:
        """Return the page of a subject; a new one where there is none that is open or has a value."""
        from drone_mcp_admin.values.page import ValuePage  # noqa: PLC0415 - few processes serve one

        now = anyio.current_time()
        self._open = {key: one for key, one in self._open.items() if now < one.ends}
        opened = self._open.get(subject)
        if opened is not None and (opened.page.value is not None or not opened.task.is_done):
            return opened.page
        if len(self._open) >= MOST:
            raise RateLimited(
                f"{MOST} pages for values of secrets are open", next_step="Have the person answer those first"
            )
        page = ValuePage(question)
        # Twice the life of a page: the change itself may have to be confirmed, for which a person has as long again.
        self._open[subject] = _Open(page, BackgroundTask(page.serve, LIFE), now + 2 * LIFE)
        return page

    async def _put(self, context: Context[Any, Any], page: ValuePage, question: str) -> str | InputRequiredResult:
        """Have the client open the page; return what the person said to that."""
        message = f"{question} Enter it on a page of this machine; no agent sees it."
        if in_rounds(context):
            answer = (context.input_responses or {}).get(_KEY)
            if context.request_state == page.number and isinstance(answer, ElicitResult):
                return answer.action
            request = ElicitRequest(params=ElicitRequestURLParams(message=message, url=page.url))
            return InputRequiredResult(input_requests={_KEY: request}, request_state=page.number)
        try:
            result = await context.elicit_url(message, page.url, page.number)
        except MCPError as error:
            raise NotConfirmed("The client could not open the page for the value") from error
        return result.action

    async def _wait(self, context: Context[Any, Any], page: ValuePage) -> None:
        """Wait for the value, and report progress meanwhile, so that the client extends its time limit."""
        waited = 0.0
        while waited < LIFE and await page.wait(REPORT_SECONDS) is None:
            waited += REPORT_SECONDS
            await context.report_progress(waited, LIFE, "A person is entering the value of the secret")
        if not in_rounds(context) and page.value is not None:
            await context.session.send_elicit_complete(page.number, context.request_id)
