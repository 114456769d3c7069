"""The answers about changes. Empty fields are left out."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ci_mcp_kit.answer import View

Outcome = Literal["done", "under_way", "nothing_to_do", "dry_run", "repeated"]


class ChangeView(View):
    """The effect of an operation on a build or queue item, and the next step.

    `requests` are those sent, in a dry run those that would be; `result` is the build's afterwards.
    """

    brief = True

    job: str
    operation: str
    outcome: Outcome
    message: str
    number: int | None = None
    item: int | None = None
    result: str = ""
    requests: tuple[str, ...] = ()
    needs_confirmation: bool | None = None
    notes: tuple[str, ...] = ()
    next_step: str = ""


class StartView(ChangeView):
    """The same of a trigger or rebuild: `item` waits in the queue until it is `new_build`.

    `differences` are those between the parameters that were sent and those that Jenkins has stored.
    """

    new_build: int | None = None
    page: str = ""
    parameters: dict[str, str] = Field(default_factory=dict)
    differences: tuple[str, ...] = ()
