"""Turns a response of Gitea or Forgejo into data, or into an error with the next step."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ci_mcp_http.gateways import find_gateway_error
from ci_mcp_http.response import Response, json_parser, parse_body
from ci_mcp_kit.errors import ServiceError, UnexpectedAnswer
from forge_client.errors import FORGE, NotFound, RepositoryRenamed
from forge_client.gitea.refusals import Refusal, describe_refusal
from forge_client.models.base import Page
from forge_client.models.code import FileContent
from forge_client.names import find_repo, parse_repo

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_mcp_http.call import Call, Reader

T = TypeVar("T")

NO_CONTENT: Final = 204
PARTIAL: Final = 206
MOVED_PERMANENTLY: Final = 301

_NEXT: Final = re.compile(r'[?&]page=(\d{1,18})[^<>]{0,2000}>\s*;\s*rel="next"')
_RANGE: Final = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18})")


@cache
def read_as(model: Any) -> Reader[Any]:
    """Return the reader of a call that is answered by `model`, None where there is nothing to read."""
    parse: Callable[[bytes], Any] = json_parser(model) if model is not None else lambda _: None

    def read(call: Call[Any], response: Response) -> Any:
        if response.status == NO_CONTENT and model is not None:  # for a comment's id that is one of another event
            raise NotFound(f"The forge has no {call.subject.removeprefix('the ')}", status=NO_CONTENT)
        if response.is_success and not response.is_web_page:
            return parse_body(parse, response, call.subject, FORGE)
        raise find_error(call, response)

    return read


@cache
def read_page(model: Any) -> Reader[Page[Any]]:
    """Return the reader of a call that is answered by a page of `model`s.

    Of the header `Link` only the number is used: its addresses are those that the server believes itself to have.
    """
    read_items = read_as(tuple[model, ...] | None)

    def read(call: Call[Any], response: Response) -> Page[Any]:
        items = read_items(call, response) or ()
        count = response.headers.get("x-total-count", "")
        total = int(count[:18]) if count.isascii() and count.isdecimal() else None
        asked = dict(call.params)
        page = int(asked["page"])
        link = response.headers.get("link")
        if link is None:
            has_next = bool(items) and page * int(asked["limit"]) < (total or 0)
        else:
            found = _NEXT.search(link)
            has_next = found is not None and int(found[1]) == page + 1
        return Page(items=items, total=total, next_page=page + 1 if has_next else None)

    return read


def read_text(call: Call[Any], response: Response) -> str:
    """Read a plain text, such as a diff."""
    return _read_bytes(call, response).decode("utf-8", "replace")


def read_file(call: Call[Any], response: Response) -> FileContent:
    """Read a file, or the part of one that was asked for."""
    content = _read_bytes(call, response)
    start, total = 0, len(content)
    if response.status == PARTIAL:
        found = _RANGE.fullmatch(response.headers.get("content-range", ""))
        if found is None:
            message = f"The answer does not say which part of {call.subject} it is"
            raise UnexpectedAnswer(message, status=PARTIAL, service=FORGE)
        start, total = int(found[1]), int(found[2])
    # The tag of a file is the hash of its blob (go-gitea/gitea v1.27.3, routers/common/serve.go).
    sha = response.headers.get("etag", "").removeprefix("W/").strip('"')
    return FileContent(content=content, start=start, total=total, sha=sha)


def find_error(call: Call[Any], response: Response) -> ServiceError:
    """Return the error for a response that is no success, or a success of something else than the forge."""
    if response.status == MOVED_PERMANENTLY and call.scope:
        renamed = find_repo(response.headers.get("location", ""))
        if renamed and renamed != parse_repo(call.scope):
            return RepositoryRenamed(call.scope, str(renamed))
    refusal = Refusal.read(call, response)
    # Gateways first: the rules for refusals take each status as the forge means it.
    return find_gateway_error(call, response, FORGE, refusal.details) or describe_refusal(refusal)


def _read_bytes(call: Call[Any], response: Response) -> bytes:
    # By the type alone: the forge sends a page in a repository as plain text, and its bytes begin like any page's.
    is_page = response.content_type.startswith(("text/html", "application/xhtml"))
    if response.is_success and not is_page:
        return response.body
    raise find_error(call, response)
