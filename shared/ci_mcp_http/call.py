"""A request as data: its path, built from untrusted parts, its query, and the reader of its response. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar
from urllib.parse import quote

from ci_mcp_kit.errors import InvalidInput

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
        headers: of the request, in addition to those of the transport; the token's header cannot be replaced.
        body: sent as JSON.
        form: sent as a form instead.
        scope: the repository or project that it concerns, None where it concerns no single one.
        writes: whether it changes anything in the service.
        idempotent: whether sending it twice does no more than sending it once (RFC 9110, section 9.2.2).
        min_timeout: the seconds it gets at least, where the service is known to take long.
        enough: bytes of the body after which no more is read; 0: all of it is needed.
        redirects: whether a redirect to a store on another host is followed, without the token.
    """

    operation: str
    subject: str
    method: str
    path: str
    template: str
    read: Reader[T_co]
    params: Params = ()
    headers: Params = ()
    # Not in a repr, and so in no traceback: a body may hold a secret.
    body: dict[str, Any] | None = field(default=None, repr=False)
    form: Params = field(default=(), repr=False)
    scope: str | None = None
    writes: bool = False
    # Most calls read. A domain has to mark the others, or they are repeated after a failure.
    idempotent: bool = True
    min_timeout: float = 0.0
    enough: int = 0
    redirects: bool = False


Gate: TypeAlias = Callable[[Call[Any]], None]
"""Is shown a call before every attempt, and raises an error to keep it from being sent."""


def make_query(**values: str | bool | None) -> Params:
    """Return query parameters, without those that are not set."""
    return tuple((key, "true" if value is True else value) for key, value in values.items() if value)


LONGEST_SEGMENT: Final = 1000  # characters; far more than any name, and well below what servers take as a request line
LONGEST_INPUT: Final = 100  # characters of a refused argument in an error


def join_path(*parts: str | int, safe: str = "") -> str:
    """Return the path of the given segments; an `int` must be positive, a `str` is one segment.

    Args:
        parts: the segments.
        safe: characters to leave unquoted, in addition to letters, digits and `-_.~` (RFC 3986, section 2.3).

    Raises:
        InvalidInput: a part could change the meaning of the path around it.
    """
    path = ""
    for part in parts:
        # Numbers of CI systems begin with 1. A "-1" could name something else to the service.
        if isinstance(part, int) and part < 1:
            raise InvalidInput(f"A number must be 1 or more, not {part}")
        path += f"/{part}" if isinstance(part, int) else f"/{quote_segment(part, safe=safe)}"
    return path


def quote_segment(text: str, what: str = "name", *, safe: str = "") -> str:
    """Return one segment, quoted.

    Args:
        text: the segment.
        what: its name, for errors.
        safe: as for `join_path`.

    Raises:
        InvalidInput: it could change the meaning of the path around it.
    """
    faults = {
        "has an empty part": not text,
        "holds a '/'": "/" in text,
        "would lead out of its place": text in {".", ".."},  # on the way, even if quoted (RFC 3986, section 5.2.4)
        "is too long": len(text) > LONGEST_SEGMENT,
        "holds a control character": any(character < " " or character == "\x7f" for character in text),
        "is not valid Unicode": any("\ud800" <= character <= "\udfff" for character in text),
    }
    for fault, is_there in faults.items():
        if is_there:
            raise InvalidInput(f"The {what} {quote_input(text)} {fault}")
    # The parts are quoted one by one: a slash of a name would otherwise address another resource.
    return quote(text, safe=safe)


def quote_input(text: str) -> str:
    """Return a refused argument as an error shows it: escaped, on one line, bounded."""
    return repr(text if len(text) <= LONGEST_INPUT else text[:LONGEST_INPUT] + "…")
