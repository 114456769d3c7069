"""Requests that leave this process, for whoever watches them: every attempt of a call, with its outcome."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass


@dataclass
class Attempt:
    """One request on the wire.

    Attributes:
        service: the name of the service that is asked, in lower case.
        method: of HTTP.
        template: the path with placeholders, which names nobody's repository.
        server: the address of the service.
        number: how many attempts of the same call went before it.
        status: of the answer; None while there is none.
    """

    service: str
    method: str
    template: str
    server: str
    number: int
    status: int | None = None


Watch = Callable[[Attempt], AbstractContextManager[object]]
"""Enters a block for an attempt: entered before it leaves, left with its answer's status in it, or by its error."""


def unwatched(_: Attempt) -> AbstractContextManager[object]:
    """Watch nothing."""
    return nullcontext()
