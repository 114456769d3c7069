"""The check of bodies stands before the application: what it does not get to see."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ci_mcp_kit.http_invalid_bodies import checked

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

CALL = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}).encode()
GONE: dict[str, Any] = {"type": "http.disconnect"}


async def play(*messages: dict[str, Any]) -> tuple[list[dict[str, Any]], list[int]]:
    """Return what an application gets of a request, and the status codes that are sent without it."""
    coming, got, sent = list(messages), [], []

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        got.append(dict(await receive()))

    async def receive() -> Message:
        return coming.pop(0)

    async def send(message: Message) -> None:
        sent.extend([message["status"]] if "status" in message else [])

    await checked(app, 100)({"type": "http", "method": "POST", "headers": []}, receive, send)
    return got, sent


def part(body: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_body_that_comes_in_parts_is_passed_on_as_one() -> None:
    (got,), sent = await play(part(CALL[:9], more=True), part(CALL[9:]), GONE)
    assert (got["body"], sent) == (CALL, [])


@pytest.mark.parametrize("before", [[], [part(CALL[:9], more=True)]], ids=["at once", "in the middle"])
async def test_a_client_that_is_gone_gets_no_answer_and_leaves_no_request(before: list[dict[str, Any]]) -> None:
    assert await play(*before, GONE) == ([], [])


async def test_of_a_body_that_is_too_long_the_rest_is_not_waited_for() -> None:
    assert await play(part(b"x" * 101, more=True)) == ([], [413])
