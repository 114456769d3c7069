"""Answers and refusals, as Coder writes them."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse, Response

if TYPE_CHECKING:
    from collections.abc import Iterable

NOT_FOUND: Final = "Resource not found or you do not have access to this resource"
SIGNED_OUT: Final = "You are signed out or your session has expired. Please sign in again to continue."
ACTIVE: Final = "A workspace build is already active."
PARAMETERS: Final = "Unable to validate parameters"


class Refusal(Exception):
    """An answer that refuses a request."""

    def __init__(
        self,
        status: int,
        message: str,
        detail: str = "",
        fields: Iterable[tuple[str, str]] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"message": message}
        if detail:
            self.body["detail"] = detail
        if failed := [{"field": field, "detail": said} for field, said in fields]:
            self.body["validations"] = failed
        self.headers = headers or {}

    def response(self) -> Response:
        """Return it as a response."""
        return to_json(self.body, self.status, self.headers)


class PageRefusal(Exception):
    """A page of the app proxy that refuses a request."""

    def __init__(self, status: int, title: str, words: str) -> None:
        super().__init__(title)
        self.status = status
        self.page = (
            f'<!doctype html>\n<html lang="en"><head><title>{status} - {title}</title></head>'
            f"<body><h1>{status} - {title}</h1><p>{html.escape(words)}</p></body></html>\n"
        )

    def response(self) -> Response:
        """Return it as a response."""
        return Response(self.page, self.status, {"content-type": "text/html; charset=utf-8"})


def not_found() -> Refusal:
    """Return the refusal for what is missing, and for what one may not see."""
    return Refusal(404, NOT_FOUND)


def to_json(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return JSON as Go writes it."""
    response = JSONResponse(body, status, headers)
    response.headers["content-type"] = "application/json; charset=utf-8"
    return response
