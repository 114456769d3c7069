"""What an answer means: data, or the error that tells the caller what to do.

Drone's own errors are JSON, `{"message": ...}`. A wrong path under /api is a plain-text 404, a wrong method an empty
405, any path outside /api a web page with status 200. Everything else comes from something that stands before it.
Source: Drone 2.25, handler/api/render, handler/api/errors, handler/web/pages.go, and captured answers.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from drone_mcp_client import steplog
from drone_mcp_client.errors import DroneFailed, ServiceError, UnexpectedAnswer
from drone_mcp_client.refusals import Refusal, refused
from drone_mcp_client.steplog import StepLog

if TYPE_CHECKING:
    from drone_mcp_client.calls import Call
    from drone_mcp_client.sse import ServerEvent

T = TypeVar("T")

LONGEST_WORDS = 300


def decipher(
    call: Call[T],
    status: int,
    content_type: str,
    body: bytes,
    *,
    with_token: bool = False,
    retry_after: float | None = None,
    location: str = "",
) -> T:
    """Turn one answer into what the call asked for.

    Args:
        call: the request that was answered.
        status: the HTTP status.
        content_type: the header as it came, "" if none did.
        body: decoded of any content encoding.
        with_token: whether the request carried a token, which decides what a 401 means.
        retry_after: seconds, where the answer named a time.
        location: where a redirect leads.

    Raises:
        ServiceError: the member of the family that fits.
    """
    page = is_page(content_type, body)
    if 200 <= status < 300:  # noqa: PLR2004 - success
        return cast("T", _data(call, status, page=page, body=body))
    if 300 <= status < 400:  # noqa: PLR2004 - redirects
        raise _redirect(status, location)
    words, said = _words(content_type, body)
    raise refused(
        Refusal(call, status, words=words, said=said, page=page, with_token=with_token, retry_after=retry_after)
    )


def is_page(content_type: str, body: bytes) -> bool:
    """Whether this is a web page, which Drone's API never sends."""
    if content_type.lower().startswith(("text/html", "application/xhtml")):
        return True
    return body[:64].lstrip().lower().startswith((b"<!doctype", b"<html"))


def read_event(call: Call[T], event: ServerEvent) -> T:
    """Read one event of a stream.

    Raises:
        DroneFailed: the server reports an error in the stream.
        UnexpectedAnswer: the data is not what the stream should hold.
    """
    if event.name == "error":
        raise DroneFailed(f"Drone broke off {call.subject}: {clean(event.data)}", retryable=True)
    return cast("T", _parsed(call, event.data.encode("utf-8", "replace"), status=200))


def clean(text: str, limit: int = LONGEST_WORDS) -> str:
    """Foreign text, fit to stand in an error: printable characters on one line, bounded."""
    printable = "".join(character if character.isprintable() else " " for character in text[: 4 * limit])
    line = " ".join(printable.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _data(call: Call[Any], status: int, *, page: bool, body: bytes) -> Any:
    if page:
        raise UnexpectedAnswer(
            f"The server answered with a web page where Drone's API has {call.subject}",
            next_step="Check that DRONE_SERVER is the address of Drone itself, without a path; "
            "a sign-in page before Drone answers like this too",
            status=status,
        )
    if call.answer is None:
        return None
    return _parsed(call, body, status=status)


def _parsed(call: Call[Any], body: bytes, *, status: int) -> Any:
    try:
        return steplog.parse(body) if call.answer is StepLog else _adapter(call.answer).validate_json(body)
    except ValidationError as invalid:
        why = _complaint(invalid)
    except ValueError as invalid:
        why = clean(str(invalid))
    # Raised here and not above: the caught error holds the body, and would hang on the new one.
    raise UnexpectedAnswer(f"The answer does not read as {call.subject}: {why}", status=status)


@cache
def _adapter(answer: Any) -> TypeAdapter[Any]:
    return TypeAdapter(answer)


def _complaint(invalid: ValidationError) -> str:
    first = invalid.errors(include_input=False, include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return clean(f"{where}: {first['msg']}" if where else first["msg"])


def _redirect(status: int, location: str) -> ServiceError:
    target = _without_query(location)
    leads = f" to {target}" if target else ""
    return UnexpectedAnswer(
        f"The server redirects{leads}; a redirect is not followed, because the token would travel with it",
        next_step="Set DRONE_SERVER to the address that Drone itself answers at (its scheme and host, without a path)",
        status=status,
    )


def _without_query(location: str) -> str:
    try:
        address = urlsplit(location)
    except ValueError:
        return ""
    return clean(address._replace(netloc=address.netloc.rpartition("@")[2], query="", fragment="").geturl())


def _words(content_type: str, body: bytes) -> tuple[str, bool]:
    """What the error says, and whether it is Drone that says it: its words come as JSON."""
    try:
        message = json.loads(body)["message"]
    except (ValueError, TypeError, KeyError, RecursionError):
        plain = content_type.lower().startswith("text/plain")
        return (clean(body[: 4 * LONGEST_WORDS].decode("utf-8", "replace")) if plain else ""), False
    return clean(str(message)), True
