"""A response as data, and what readers of any service need to understand one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from ci_mcp_kit.errors import Service, UnexpectedAnswer
from ci_mcp_kit.outgoing_text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")

LONGEST_QUOTE: Final = 300
"""Characters of a service's own words in an error: its sentence, and not a page or a dump that came instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A response that was read to its end.

    Attributes:
        status: the HTTP status.
        headers: by lower-case name.
        body: decoded of any content encoding.
        retry_after: seconds, where the Retry-After header was present and readable.
        with_token: whether the request carried a token.
        is_cut: whether the body went on, and was not read further because the call had enough.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    retry_after: float | None = None
    with_token: bool = False
    is_cut: bool = False

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the class of status codes, RFC 9110, section 15

    @property
    def is_redirect(self) -> bool:
        """Whether the status is 3xx."""
        return 300 <= self.status < 400  # noqa: PLR2004 - likewise

    @property
    def content_type(self) -> str:
        """The content type in lower case, "" if there is none."""
        return self.headers.get("content-type", "").strip().lower()

    @property
    def is_web_page(self) -> bool:
        """Whether the body is HTML, by its type or by how it begins: proxies are careless about the type."""
        if self.content_type.startswith(("text/html", "application/xhtml")):
            return True
        # The first bytes are enough: only white space may come before the tag.
        return self.body[:64].lstrip().lower().startswith((b"<!doctype", b"<html"))


def quote_service(text: str) -> str:
    """Return a service's own words fit to stand in an error: sanitised, on one line, bounded."""
    return one_line(text, LONGEST_QUOTE)


# URLs, IP addresses, and hosts as Go's net package names them in errors.
_ADDRESS: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]{0,20}://[^\s\"'<>]+|\[[0-9A-Fa-f:.%]{2,60}\](?::\d{1,5})?"
    r"|(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?|(?<=lookup )\S+?(?=:? )"
    r"|(?<![\w.:])(?=[\w.-]{0,252}[A-Za-z])[\w.-]{1,253}:\d{2,5}(?!\w)"
)


def hide_addresses(text: str) -> str:
    """Return a service's words about a failure without the addresses of others that it called, such as webhooks."""
    return _ADDRESS.sub("[address]", text)


@cache
def json_parser(model: Any) -> Callable[[bytes], Any]:
    """Return a function that parses JSON as `model`, which is any type that pydantic knows."""
    # Cached, because building an adapter takes longer than parsing most bodies with it.
    return TypeAdapter(model).validate_json


def parse_body(parse: Callable[[bytes], T], response: Response, subject: str, service: Service) -> T:
    """Parse a body.

    Raises:
        UnexpectedAnswer: `parse` raised a ValueError.
    """
    try:
        return parse(response.body)
    except ValidationError as invalid:
        # The input is left out: it may be a secret, or a megabyte.
        first = invalid.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = f"{where}: {first['msg']}" if where else first["msg"]
    except ValueError as invalid:
        reason = str(invalid)
    # Raised here and not above: the caught error holds the body, and would be the new one's context.
    raise UnexpectedAnswer(
        f"The answer does not read as {subject}: {quote_service(reason)}", status=response.status, service=service
    )
