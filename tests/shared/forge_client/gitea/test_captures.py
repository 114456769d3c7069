"""Every captured answer of a real Gitea and a real Forgejo goes through the call that asks for it."""

from __future__ import annotations

import pytest

from ci_mcp_kit.errors import ServiceError
from support.forge_captures import CAPTURES, OF_FORGEJO
from support.forge_routes import (
    EXPECTED,
    EXPECTED_OF_FORGEJO,
    OTHER_PATHS,
    USED,
    USED_OF_FORGEJO,
    answer_of,
    call_of,
)


def named(number: int) -> str:
    return (CAPTURES.get(number) or OF_FORGEJO[number]).name


def test_every_capture_is_of_a_route_that_this_client_uses_or_is_listed_as_unused() -> None:
    assert len(CAPTURES) == 427
    assert len(OF_FORGEJO) == 53
    assert {*EXPECTED} <= {*USED} <= {*CAPTURES}


@pytest.mark.parametrize("number", [number for number in USED if number not in OTHER_PATHS], ids=named)
def test_the_call_has_the_path_that_was_captured_to_the_character(number: int) -> None:
    call, capture = call_of(CAPTURES[number]), CAPTURES[number]
    assert (call.method, call.path) == (capture.request["method"], capture.path)
    assert call.writes == (call.method != "GET")
    assert (call.scope or "").lower() in capture.path.lower()


@pytest.mark.parametrize("number", [number for number in USED if number not in EXPECTED], ids=named)
def test_a_captured_success_is_read(number: int) -> None:
    answer = answer_of(CAPTURES[number])
    assert (answer is None) == (CAPTURES[number].status == 204)


@pytest.mark.parametrize("number", EXPECTED, ids=named)
def test_a_captured_failure_is_the_error_with_the_remedy(number: int) -> None:
    with pytest.raises(ServiceError) as caught:
        answer_of(CAPTURES[number])
    assert type(caught.value) is EXPECTED[number]
    assert not caught.value.retryable
    assert caught.value.message
    assert caught.value.next_step


@pytest.mark.parametrize("number", [n for n in USED_OF_FORGEJO if n not in EXPECTED_OF_FORGEJO], ids=named)
def test_a_captured_success_of_forgejo_is_read(number: int) -> None:
    assert answer_of(OF_FORGEJO[number]) is not None


@pytest.mark.parametrize("number", EXPECTED_OF_FORGEJO, ids=named)
def test_a_captured_failure_of_forgejo_is_the_error_with_the_remedy(number: int) -> None:
    with pytest.raises(ServiceError) as caught:
        answer_of(OF_FORGEJO[number])
    assert type(caught.value) is EXPECTED_OF_FORGEJO[number]
