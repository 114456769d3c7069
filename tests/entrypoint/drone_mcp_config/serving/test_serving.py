"""Limits and sets of servers, with a clock that the tests hold; and the command that makes tokens."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_kit.http_app import OpenRequests, Refused
from drone_mcp_config.installation.server_manifest import Manifest
from drone_mcp_config.roles.delegated_servers import RoleChoice
from drone_mcp_config.serving import pool as pool_module
from drone_mcp_config.serving.callers import Caller, Limits, hash_of
from drone_mcp_config.serving.pool import Pool, SetKey
from drone_mcp_config.serving.servers import HostedServer
from support.made_up_servers import DRONE_MANIFESTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mcp.server.mcpserver import MCPServer

    from entrypoint.drone_mcp_config.conftest import Outcome

TOKEN = "DRONE_TOKEN"
DEV = RoleChoice("dev")
MANIFEST = Manifest.model_validate(
    {**DRONE_MANIFESTS["actions"], "server": "drone-example", "module": "support.example_package"}
)
SERVER = HostedServer(
    "example", MANIFEST, {"DRONE_SERVER": "http://drone.test", "DRONE_TOKEN_FILE": "/a", "DRONE_REPO": "a/b"}
)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def caller(per_minute: int) -> Caller:
    return Caller(name="me", role="dev", token=hash_of("x"), per_minute=per_minute)


async def finish(app: Any) -> None:
    """Let a request be answered, however."""

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_: Any) -> None:
        pass

    await app({"type": "http", "method": "POST", "headers": [], "path": "/mcp"}, receive, send)


@given(st.integers(1, 1000), st.lists(st.floats(0, 120), max_size=50))
def test_in_no_minute_is_there_more_than_twice_the_limit(per_minute: int, pauses: list[float]) -> None:
    clock = Clock()
    limits, one = Limits(clock), caller(per_minute)
    allowed: list[float] = []
    for pause in pauses:
        clock.now += pause
        if limits.wait(one) == 0:
            allowed.append(clock.now)
    for start in allowed:
        assert sum(start <= moment < start + 60 for moment in allowed) <= 2 * per_minute


@given(st.integers(1, 1000))
def test_a_caller_who_waits_as_long_as_asked_may_call_again(per_minute: int) -> None:
    clock = Clock()
    limits, one = Limits(clock), caller(per_minute)
    answers = [limits.wait(one) for _ in range(per_minute + 1)]
    assert [answer > 0 for answer in answers] == [False] * per_minute + [True]
    clock.now += answers[-1] + 1e-6
    assert limits.wait(one) == 0


@given(st.integers(1, 300), st.integers(1, 5), st.lists(st.floats(0, 30), max_size=100))
def test_replicas_together_let_no_more_through_than_one_would(
    per_minute: int, replicas: int, pauses: list[float]
) -> None:
    clock = Clock()
    one = caller(per_minute)
    processes = [Limits(clock, replicas) for _ in range(replicas)]
    allowed: list[float] = []
    for pause in [0.0] * per_minute + pauses:
        clock.now += pause
        allowed += [clock.now for process in processes if process.wait(one) == 0]
    most = 2 * max(per_minute, replicas)  # each lets one through at least
    assert all(sum(start <= moment < start + 60 for moment in allowed) <= most for start in allowed)


def test_a_server_of_another_user_has_no_token_of_this_process() -> None:
    assert SERVER.owned_by({TOKEN: "theirs"}).environment == {
        "DRONE_SERVER": "http://drone.test",
        "DRONE_REPO": "a/b",
        "DRONE_TOKEN": "theirs",
        "DRONE_WRITE_TOKEN": "theirs",
    }


async def test_users_have_sets_of_their_own_that_end_when_they_are_idle() -> None:
    clock = Clock()
    pool = Pool(lambda _: (SERVER,), clock)
    async with pool.running():
        for token in ("first-token", "second-token"):
            await finish(await pool.find(SetKey(DEV, ((TOKEN, token),)), "example"))
        assert set(pool.secrets()) == {"first-token", "second-token"}
        clock.now += pool_module.IDLE_SECONDS + 1
        await finish(await pool.find(SetKey(DEV, ((TOKEN, "second-token"),)), "example"))
        assert set(pool.secrets()) == {"second-token"}


async def test_what_no_log_may_hold_is_known_from_variables_and_from_files(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("token-in-a-file", encoding="ascii")
    reported = {
        "DRONE_SERVER": "http://drone.test",
        "DRONE_TOKEN_FILE": str(file),
        "DRONE_WRITE_TOKEN": "token-that-writes",
        "DRONE_MCP_ACTION_KEY": "k" * 32,
    }
    pool = Pool(lambda _: (HostedServer("example", MANIFEST, reported),))
    async with pool.running():
        await pool.start(SetKey(DEV))
        assert set(pool.secrets()) == {"token-in-a-file", "token-that-writes", "k" * 32}
        file.write_text("another-token", encoding="ascii")
        assert "another-token" in pool.secrets()
        file.unlink()
        assert set(pool.secrets()) == {"token-that-writes", "k" * 32}


async def test_a_set_at_work_is_never_ended_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "MOST_USERS", 1)
    clock = Clock()
    pool = Pool(lambda _: (SERVER,), clock)
    async with pool.running():
        at_work = await pool.find(SetKey(DEV, ((TOKEN, "first-token"),)), "example")
        clock.now += pool_module.IDLE_SECONDS + 1
        with pytest.raises(Refused, match="Too many users") as refused:
            await pool.find(SetKey(DEV, ((TOKEN, "second-token"),)), "example")
        assert refused.value.status == 503
        await finish(at_work)
        await finish(await pool.find(SetKey(DEV, ((TOKEN, "second-token"),)), "example"))
        assert set(pool.secrets()) == {"second-token"}


def keyed(key: str) -> HostedServer:
    return replace(SERVER, environment={"DRONE_SERVER": "http://drone.test", "DRONE_MCP_ACTION_KEY": key})


async def test_a_set_whose_role_has_changed_ends_with_the_answers_that_it_has_begun() -> None:
    before, after = "b" * 32, "a" * 32
    servers = [keyed(before)]
    pool = Pool(lambda _: tuple(servers))
    async with pool.running():
        begun = await pool.find(SetKey(DEV), "example")
        servers[0] = keyed(after)
        await finish(await pool.find(SetKey(DEV), "example"))
        assert set(pool.secrets()) == {before, after}
        await finish(begun)
        assert set(pool.secrets()) == {after}


async def test_a_caller_with_tokens_of_their_own_has_one_set_after_a_change_of_the_role_too() -> None:
    servers = [SERVER]
    pool = Pool(lambda _: tuple(servers))
    async with pool.running():
        for number in range(2 * pool_module.MOST_SETS):
            servers[0] = keyed(str(number) * 32)
            await finish(await pool.find(SetKey(DEV, ((TOKEN, "their-token"),), "me"), "example"))
            assert set(pool.secrets()) == {"their-token", str(number) * 32}


async def test_whoever_invents_tokens_only_ends_sets_of_their_own() -> None:
    pool = Pool(lambda _: (SERVER,), Clock())
    async with pool.running():
        await finish(await pool.find(SetKey(DEV, ((TOKEN, "token-of-somebody-else"),), "else"), "example"))
        for number in range(3 * pool_module.MOST_SETS):
            await finish(await pool.find(SetKey(DEV, ((TOKEN, f"invented-{number}"),), "me"), "example"))
        held = set(pool.secrets())
        assert "token-of-somebody-else" in held
        assert len(held) == 1 + pool_module.MOST_SETS


async def test_a_caller_with_too_many_sets_at_work_is_refused_and_others_are_not() -> None:
    pool = Pool(lambda _: (SERVER,), Clock())
    async with pool.running():
        at_work = [
            await pool.find(SetKey(DEV, ((TOKEN, f"token-{number}"),), "me"), "example")
            for number in range(pool_module.MOST_SETS)
        ]
        with pytest.raises(Refused, match="tokens of yours") as refused:
            await pool.find(SetKey(DEV, ((TOKEN, "one-more"),), "me"), "example")
        assert refused.value.status == 429
        for app in (*at_work, await pool.find(SetKey(DEV, ((TOKEN, "one-more"),), "else"), "example")):
            await finish(app)


async def test_callers_share_no_set_even_with_the_same_token() -> None:
    made: list[HostedServer] = []

    class Counted(HostedServer):
        def make(self) -> MCPServer[Any]:
            made.append(self)
            return super().make()

    pool = Pool(lambda _: (Counted(SERVER.name, SERVER.manifest, SERVER.environment),))
    async with pool.running():
        for name in ("me", "else", "me"):
            await finish(await pool.find(SetKey(DEV, ((TOKEN, "a-token"),), name), "example"))
    assert len(made) == 2


def test_a_caller_has_so_many_requests_open_at_once_and_no_more() -> None:
    requests = OpenRequests(2)
    with requests.counted("me"), requests.counted("me"):
        with pytest.raises(Refused, match="requests of yours") as refused, requests.counted("me"):
            pass
        assert refused.value.status == 429
        with requests.counted("else"):
            pass
    with requests.counted("me"):
        pass


async def test_a_name_that_a_set_has_not_is_reported_with_those_that_it_has() -> None:
    pool = Pool(lambda _: (SERVER,))
    async with pool.running():
        with pytest.raises(Refused, match="no server other; it has example"):
            await pool.find(SetKey(DEV, ((TOKEN, "a-token"),)), "other")


def test_the_key_of_a_set_does_not_show_its_token() -> None:
    assert "secret" not in repr(SetKey(DEV, ((TOKEN, "secret"),)))


def test_token_prints_a_token_and_the_hash_that_the_file_takes(run: Callable[..., Outcome]) -> None:
    outcome = run("token")
    token, hashed = outcome.out.split()
    assert len(token) > 40
    assert hashed == hash_of(token)
    assert run("token").out.split()[0] != token


def test_a_token_that_there_is_can_be_hashed(run: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("t" * 32 + "\n"))
    assert run("token", "--stdin").out.strip() == hash_of("t" * 32)
    monkeypatch.setattr(sys, "stdin", io.StringIO("short\n"))
    refused = run("token", "--stdin")
    assert (refused.code, refused.out) == (2, "")
