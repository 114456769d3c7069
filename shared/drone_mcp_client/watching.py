"""What leaves for Drone, told to whoever watches: every attempt of a call, with what came of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drone_mcp_client.paths import template

if TYPE_CHECKING:
    from drone_mcp_client.call import Call


@dataclass
class Attempt:
    """One request on the wire.

    Attributes:
        call: what it asks for.
        server: the address of Drone.
        number: how many attempts of the same call went before it.
        status: of the answer; None while there is none.
    """

    call: Call[Any]
    server: str
    number: int
    status: int | None = None

    @property
    def template(self) -> str:
        """The path with placeholders, which names nobody's repository."""
        return template(self.call.path)


Watch = Callable[[Attempt], AbstractContextManager[object]]
"""Enters a block for an attempt: entered before it leaves, left with its answer's status in it, or by its error."""


def unwatched(_: Attempt) -> AbstractContextManager[object]:
    """Watch nothing."""
    return nullcontext()
