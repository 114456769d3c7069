"""A request as data, with the function that reads its response."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

if TYPE_CHECKING:
    from ci_mcp_http.response import Response

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Params: TypeAlias = tuple[tuple[str, str], ...]
Reader: TypeAlias = "Callable[[Call[Any], Response], T]"
"""Turns the response to a call into data, or raises the `ServiceError` that it means."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call(Generic[T_co]):
    """One request.

    Attributes:
        operation: a stable name, `thing.verb`.
        subject: what it reads or changes, in words for an error message.
        path: quoted, from the service's address.
        template: the path with placeholders for names and numbers, for traces and metrics (OpenTelemetry's
            `url.template`): it must not disclose anyone's repository, and there must be few of them.
        read: reads the response.
        params: of the query.
        body: sent as JSON.
        headers: of the request, in addition to those of the transport; the token's header cannot be replaced.
        scope: the repository or project that it concerns, None where it concerns no single one.
        writes: whether it changes anything in the service.
        idempotent: whether sending it twice does no more than sending it once (RFC 9110, section 9.2.2).
        min_timeout: the seconds it gets at least, where the service is known to take long.
    """

    operation: str
    subject: str
    method: str
    path: str
    template: str
    read: Reader[T_co]
    params: Params = ()
    body: dict[str, Any] | None = None
    headers: Params = ()
    scope: str | None = None
    writes: bool = False
    # Most calls read. A domain has to mark the others, or they are repeated after a failure.
    idempotent: bool = True
    min_timeout: float = 0.0


Gate: TypeAlias = Callable[[Call[Any]], None]
"""Is shown a call before every attempt, and raises an error to keep it from being sent."""


def make_query(**values: str | bool | None) -> Params:
    """Return query parameters, without those that are not set."""
    return tuple((key, "true" if value is True else value) for key, value in values.items() if value)
