"""The faults of a request, and the errors that one error drags along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

TROUBLES: list[Any] = [
    httpx.ConnectError("refused"),
    httpx.ReadError("reset"),
    httpx.ReadTimeout("slow"),
    httpx.RemoteProtocolError("cut"),
    httpx.ProxyError("403"),
    httpx.Response(200, html="<html>"),
    httpx.Response(200, content=b'{"number":'),
    httpx.Response(302, headers={"Location": "https://sso.example.com"}),
    *(httpx.Response(status, json={"message": "no"}) for status in (400, 401, 403, 404, 409, 429, 500, 503)),
    httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"no gzip")),
]


def chain(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__ or error.__context__
