"""Attempts of calls to a service, as observers see them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass


@dataclass
class Attempt:
    """One HTTP request; a call that is retried makes several.

    Attributes:
        service: the name of the service that is asked, in lower case.
        method: the HTTP method.
        template: the path with placeholders, so that it names no repository.
        server: the address of the service.
        number: how many attempts of the same call were made before.
        status: the status of the response; None until there is one.
    """

    service: str
    method: str
    template: str
    server: str
    number: int
    status: int | None = None


Watch = Callable[[Attempt], AbstractContextManager[object]]
"""Makes the context manager for an attempt: entered before it is sent, left once `status` is set or by its error."""


def unwatched(_: Attempt) -> AbstractContextManager[object]:
    """Observe nothing."""
    return nullcontext()
