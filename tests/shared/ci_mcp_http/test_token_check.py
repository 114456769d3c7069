from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci_mcp_http.token_check import CHECKED_SECONDS, TokenCheck
from ci_mcp_kit.errors import AuthenticationFailed, ServiceError, Unreachable
from drone_mcp_build.settings import Settings
from support.agent import ENVIRONMENT
from support.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Sequence

UNKNOWN = AuthenticationFailed("no such token", status=401)


class Service:
    """Gives each question the next of some answers; counts them."""

    def __init__(self, *answers: ServiceError | None) -> None:
        self.left = list(answers)

    async def read_limits(self) -> str:
        answer = self.left.pop(0)
        if answer is not None:
            raise answer
        return ""


async def notices(service: Service, ages: Sequence[float]) -> list[bool]:
    """Start a check at each of some times; return for each whether there was a notice."""
    clock = FakeClock()
    check = TokenCheck(Settings.from_environment(ENVIRONMENT), lambda: clock.now)
    found = []
    for age in ages:
        clock.now = age
        check.start(service.read_limits)
        found.append(bool(await check.notice()))
    await check.stop()
    return found


@pytest.mark.parametrize("answer", [None, UNKNOWN, Unreachable("no route")])
async def test_whatever_a_check_finds_it_is_not_made_again_for_minutes(answer: ServiceError | None) -> None:
    found = await notices(Service(answer), [0.0, 1.0, CHECKED_SECONDS - 1.0])
    assert found == [answer is UNKNOWN] * 3


async def test_a_token_that_is_revoked_while_the_process_lives_is_found_out() -> None:
    assert await notices(Service(None, UNKNOWN), [0.0, CHECKED_SECONDS]) == [False, True]


async def test_a_token_that_the_service_has_learned_meanwhile_ends_the_notice() -> None:
    assert await notices(Service(UNKNOWN, None), [0.0, CHECKED_SECONDS]) == [True, False]


async def test_a_check_without_an_answer_leaves_what_is_known() -> None:
    assert await notices(Service(UNKNOWN, Unreachable("no route")), [0.0, CHECKED_SECONDS]) == [True, True]
