from __future__ import annotations

import inspect
import json
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from drone_mcp_client import calls
from drone_mcp_client.client import DroneClient
from drone_mcp_client.errors import InvalidInput, NotFound, ServiceFailed, UnexpectedAnswer, Unreachable
from drone_mcp_client.log_stream import StreamEnd
from support.captures import capture, transcript

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import respx

    from support.drone_client import Clock

BUILDS = "/api/repos/octo/hello/builds"
LOG = "/api/stream/octo/hello/5/1/1"
EVENTS = {"Content-Type": "text/event-stream"}


def page(*numbers: int) -> httpx.Response:
    return httpx.Response(200, json=[{"number": number, "status": "success"} for number in numbers])


async def numbers(client: DroneClient, **arguments: Any) -> list[int]:
    return [build.number async for build in client.builds("octo/hello", **arguments)]


def asked(route: respx.Route) -> list[dict[str, str]]:
    return [dict(call.request.url.params) for call in route.calls]


async def test_builds_are_reported_once_though_a_new_one_shifts_the_pages(
    drone: respx.MockRouter, clock: Clock
) -> None:
    drone.get(BUILDS).mock(side_effect=[page(9, 8, 7), page(7, 6, 5), page(5, 4)])
    async with clock.client() as client:
        assert await numbers(client, page_size=3) == [9, 8, 7, 6, 5, 4]


async def test_a_page_that_is_not_full_is_the_last(drone: respx.MockRouter, clock: Clock) -> None:
    route = drone.get(BUILDS).mock(side_effect=[page(3, 2), page(1)])
    async with clock.client() as client:
        assert await numbers(client, page_size=2, branch="main") == [3, 2, 1]
    assert asked(route) == [
        {"page": "1", "per_page": "2", "branch": "main"},
        {"page": "2", "per_page": "2", "branch": "main"},
    ]


async def test_a_full_last_page_is_followed_by_an_empty_one(drone: respx.MockRouter, clock: Clock) -> None:
    route = drone.get(BUILDS).mock(side_effect=[page(2, 1), page()])
    async with clock.client() as client:
        assert await numbers(client, page_size=2) == [2, 1]
    assert route.call_count == 2


async def test_a_few_builds_cost_one_small_request(drone: respx.MockRouter, clock: Clock) -> None:
    route = drone.get(BUILDS).mock(side_effect=[page(9, 8, 7)])
    async with clock.client() as client:
        assert await numbers(client, limit=3, tag="v1") == [9, 8, 7]
        assert await numbers(client, limit=0) == []
    assert asked(route) == [{"page": "1", "per_page": "3", "tag": "v1"}]


@pytest.mark.parametrize("size", [0, 101])
async def test_a_page_that_drone_would_cut_is_not_asked_for(drone: respx.MockRouter, clock: Clock, size: int) -> None:
    async with clock.client() as client:
        with pytest.raises(InvalidInput, match="1 to 100"):
            await numbers(client, page_size=size)
        with pytest.raises(InvalidInput):
            await client.build_page("octo/hello", 0)
    assert not drone.calls


async def test_all_repositories_are_reported_once_whatever_their_order(drone: respx.MockRouter, clock: Clock) -> None:
    def repos(*ids: int) -> httpx.Response:
        rows = [{"id": n, "namespace": "octo", "name": f"r{n}", "slug": f"octo/r{n}"} for n in ids]
        return httpx.Response(200, json=rows)

    drone.get("/api/repos").mock(side_effect=[repos(2, 1), repos(1, 3), repos(4)])
    async with clock.client() as client:
        assert [repo.id async for repo in client.all_repos(page_size=2)] == [2, 1, 3, 4]


async def test_a_build_that_drone_chose_not_to_start_is_none(drone: respx.MockRouter, clock: Clock) -> None:
    route = drone.post(BUILDS).respond(content=capture(27).body, headers=capture(27).headers)
    async with clock.client() as client:
        assert await client.create_build("octo/hello", branch="main", params={"A": "1"}) is None
    assert asked(route) == [{"branch": "main", "A": "1"}]


@pytest.mark.parametrize(
    "call",
    [
        lambda params: calls.create_build("octo/hello", params=params),
        lambda params: calls.restart_build("octo/hello", 1, params=params),
        lambda params: calls.promote("octo/hello", 1, "production", params=params),
        lambda params: calls.rollback("octo/hello", 1, "production", params=params),
    ],
)
def test_a_parameter_of_a_build_cannot_become_a_credential(call: Any) -> None:
    with pytest.raises(InvalidInput, match="access_token"):
        call({"access_token": "x"})


@pytest.mark.parametrize(
    "call",
    [
        lambda: calls.create_build("octo/hello", params={"branch": "x"}),
        lambda: calls.restart_build("octo/hello", 1, params={"debug": "true"}),
        lambda: calls.promote("octo/hello", 1, "production", params={"target": "x"}),
        lambda: calls.promote("octo/hello", 1, ""),
    ],
)
def test_a_parameter_that_drone_reads_itself_is_refused(call: Any) -> None:
    with pytest.raises(InvalidInput):
        call()


def test_reads_are_marked_as_such_and_writes_too() -> None:
    for name, function in inspect.getmembers(calls, inspect.isfunction):
        if name.startswith("_") or function.__module__ != calls.__name__:
            continue
        call = function(**ARGUMENTS.get(name, {}), **repo_of(function))
        assert call.writes is (call.method != "GET"), name
        assert call.operation.count(".") == 1
        assert call.subject


ARGUMENTS: dict[str, dict[str, Any]] = {
    "promote": {"target": "production"},
    "rollback": {"target": "production"},
    "run_cron": {"cron": "nightly"},
    "update_cron": {"cron": "nightly", "disabled": True},
    "delete_cron": {"cron": "nightly"},
    "create_cron": {"name": "nightly", "expr": "@daily", "branch": "main"},
    "update_repo": {"changes": {"protected": True}},
    "org_secrets": {"namespace": "octo"},
}


def repo_of(function: Any) -> dict[str, Any]:
    known = {"repo": "octo/hello", "number": 1, "stage": 1, "step": 1}
    return {name: known[name] for name in inspect.signature(function).parameters if name in known}


def test_every_call_has_a_method_of_the_client() -> None:
    other = {"log_stream": "follow_log", "builds": "build_page", "user_repos": "repos"}
    functions = [name for name, _ in inspect.getmembers(calls, inspect.isfunction) if not name.startswith("_")]
    made = [name for name in functions if getattr(calls, name).__module__ == calls.__name__]
    assert [name for name in made if not hasattr(DroneClient, other.get(name, name))] == []


@pytest.mark.parametrize(
    ("method", "path", "ask"),
    [
        ("GET", "/api/user/repos?latest=true", lambda c: c.repos(latest=True)),
        ("GET", "/api/user/builds", lambda c: c.user_builds()),
        ("GET", "/api/repos/o/r/collaborators", lambda c: c.collaborators("o/r")),
        ("GET", "/api/repos/o/r/builds/branches", lambda c: c.branches("o/r")),
        ("GET", "/api/repos/o/r/builds/pulls", lambda c: c.pulls("o/r")),
        ("GET", "/api/repos/o/r/builds/deployments", lambda c: c.deployments("o/r")),
        ("GET", "/api/repos/o/r/cron", lambda c: c.crons("o/r")),
        ("GET", "/api/repos/o/r/secrets", lambda c: c.secrets("o/r")),
        ("GET", "/api/secrets/o", lambda c: c.org_secrets("o")),
        ("GET", "/api/templates", lambda c: c.templates()),
        ("GET", "/api/templates/o", lambda c: c.templates("o")),
        ("GET", "/api/users", lambda c: c.users()),
        ("GET", "/api/queue", lambda c: c.queue()),
        ("GET", "/api/builds/incomplete", lambda c: c.incomplete()),
        ("GET", "/api/builds/incomplete/v2", lambda c: c.incomplete_stages()),
    ],
)
async def test_a_list_is_asked_for_whole(
    drone: respx.MockRouter, clock: Clock, method: str, path: str, ask: Any
) -> None:
    route = drone.route(method=method, url__startswith="https://drone.example.com/").respond(json=[])
    async with clock.client() as client:
        assert await ask(client) == ()
    assert route.calls.last.request.url.raw_path.decode() == path


@pytest.mark.parametrize(
    ("method", "path", "ask"),
    [
        ("POST", "/api/repos/o/r/builds/3/approve/2", lambda c: c.approve_stage("o/r", 3, 2)),
        ("POST", "/api/repos/o/r/builds/3/decline/2", lambda c: c.decline_stage("o/r", 3, 2)),
        ("POST", "/api/repos/o/r/builds/3/decline", lambda c: c.decline_build("o/r", 3)),
        ("DELETE", "/api/queue", lambda c: c.pause_queue()),
        ("POST", "/api/queue", lambda c: c.resume_queue()),
        ("POST", "/api/user/repos?async=true", lambda c: c.sync_repos()),
        ("DELETE", "/api/repos/o/r/cron/nightly", lambda c: c.delete_cron("o/r", "nightly")),
    ],
)
async def test_a_decision_is_answered_with_nothing(
    drone: respx.MockRouter, clock: Clock, method: str, path: str, ask: Any
) -> None:
    route = drone.route(method=method).respond(204)
    async with clock.client() as client:
        assert await ask(client) is None
    assert route.calls.last.request.url.raw_path.decode() == path


@pytest.mark.parametrize(
    ("path", "ask"),
    [
        ("/api/repos/o/r/builds/3/promote?target=eu&A=1", lambda c: c.promote("o/r", 3, "eu", params={"A": "1"})),
        ("/api/repos/o/r/builds/3/rollback?target=eu", lambda c: c.rollback("o/r", 3, "eu")),
        ("/api/repos/o/r/builds/3?debug=true", lambda c: c.restart_build("o/r", 3, debug=True)),
        ("/api/repos/o/r/cron/nightly%20job", lambda c: c.run_cron("o/r", "nightly job")),
    ],
)
async def test_a_new_build_comes_back(drone: respx.MockRouter, clock: Clock, path: str, ask: Any) -> None:
    route = drone.post(url__startswith="https://drone.example.com/").respond(json={"number": 9, "status": "pending"})
    async with clock.client() as client:
        assert (await ask(client)).number == 9
    assert route.calls.last.request.url.raw_path.decode() == path


@pytest.mark.parametrize(
    ("method", "path", "body", "answer", "ask"),
    [
        ("POST", "/api/repos/o/r", None, 14, lambda c: c.enable_repo("o/r")),
        ("DELETE", "/api/repos/o/r", None, 104, lambda c: c.disable_repo("o/r")),
        ("PATCH", "/api/repos/o/r", {"protected": True}, 79, lambda c: c.update_repo("o/r", {"protected": True})),
        (
            "POST",
            "/api/repos/o/r/cron",
            {"name": "nightly", "expr": "@daily", "branch": "main"},
            93,
            lambda c: c.create_cron("o/r", "nightly", expr="@daily", branch="main"),
        ),
        (
            "PATCH",
            "/api/repos/o/r/cron/n",
            {"disabled": False},
            93,
            lambda c: c.update_cron("o/r", "n", disabled=False),
        ),
    ],
)
async def test_a_change_is_sent_as_json_and_answered_with_what_became_of_it(
    drone: respx.MockRouter, clock: Clock, method: str, path: str, body: Any, answer: int, ask: Any
) -> None:
    route = drone.route(method=method, path=path).respond(content=capture(answer).body)
    async with clock.client() as client:
        assert (await ask(client)).id
    sent = route.calls.last.request
    assert (json.loads(sent.content) if sent.content else None) == body


async def test_counters_and_version_come_back(drone: respx.MockRouter, clock: Clock) -> None:
    drone.get("/api/system/stats").respond(content=capture(57).body)
    drone.get("/api/repos/octo/hello").respond(content=capture(16).body)
    async with clock.client() as client:
        assert (await client.stats()).builds.total > 0
        assert (await client.repo("octo/hello")).slug == "octo/pub"


async def test_a_log_comes_back_in_lines(drone: respx.MockRouter, clock: Clock) -> None:
    drone.get(f"{BUILDS}/3/logs/1/1").respond(content=capture(48).body)
    async with clock.client() as client:
        log = await client.log("octo/hello", 3, 1, 1)
    assert log.lines == ("+ echo hello", "hello", "+ printf no-newline", "no-newline")


# Streams


class Bytes(httpx.AsyncByteStream):
    """A body that ends the way the test says: with an error, or just so."""

    def __init__(self, *parts: bytes | Exception) -> None:
        self.parts, self.closed = parts, False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self.parts:
            if isinstance(part, Exception):
                raise part
            yield part

    async def aclose(self) -> None:
        self.closed = True


def streaming(*parts: bytes | Exception) -> httpx.Response:
    return httpx.Response(200, headers=EVENTS, stream=Bytes(*parts))


async def test_a_live_log_ends_where_drone_ends_it(drone: respx.MockRouter, clock: Clock) -> None:
    body = Bytes(transcript("log_normal"))
    route = drone.get(LOG).mock(httpx.Response(200, headers=EVENTS, stream=body))
    async with clock.client() as client, client.follow_log("octo/hello", 5, 1, 1, quiet=45) as tail:
        lines = [line async for line in tail]
        assert [line.pos for line in lines] == list(range(7))
        assert tail.ended is StreamEnd.EOF
        assert [line async for line in tail] == []
    sent = route.calls.last.request
    assert sent.headers["accept"] == "text/event-stream"
    assert sent.extensions["timeout"]["read"] == 45
    assert body.closed


async def test_a_live_log_of_a_cancelled_build_ends_in_silence(drone: respx.MockRouter, clock: Clock) -> None:
    drone.get(LOG).mock(streaming(transcript("log_cancelled_no_eof"), httpx.ReadTimeout("silence")))
    async with clock.client() as client:
        tail = client.follow_log("octo/hello", 5, 1, 1)
        assert len([line async for line in tail]) == 9
        assert tail.ended is StreamEnd.QUIET


@pytest.mark.parametrize("end", [(httpx.ReadError("reset"),), ()], ids=["reset", "closed"])
async def test_a_live_log_that_breaks_off_is_no_end(drone: respx.MockRouter, clock: Clock, end: Any) -> None:
    drone.get(LOG).mock(streaming(b'data: {"pos":0,"out":"a","time":0}\n\n', *end))
    async with clock.client() as client:
        tail = client.follow_log("octo/hello", 5, 1, 1)
        with pytest.raises(Unreachable):
            assert [line.out async for line in tail] == ["a"]
        assert tail.ended is None


async def test_leaving_a_live_log_gives_the_connection_back(drone: respx.MockRouter, clock: Clock) -> None:
    body = Bytes(transcript("log_normal"))
    drone.get(LOG).mock(httpx.Response(200, headers=EVENTS, stream=body))
    async with clock.client() as client:
        async with client.follow_log("octo/hello", 5, 1, 1) as tail:
            await anext(tail)
            assert not body.closed
        assert body.closed


async def test_opening_a_stream_is_tried_again(drone: respx.MockRouter, clock: Clock) -> None:
    drone.get(LOG).mock(side_effect=[httpx.ConnectError("no"), streaming(transcript("log_finished_step"))])
    async with clock.client() as client:
        assert [line async for line in client.follow_log("octo/hello", 5, 1, 1)] == []
    assert len(clock.pauses) == 1


async def test_a_stream_of_a_missing_step_is_not_found(drone: respx.MockRouter, clock: Clock) -> None:
    drone.get(LOG).respond(404, json={"message": "sql: no rows in result set"})
    async with clock.client() as client:
        with pytest.raises(NotFound, match="live log of octo/hello#5, stage 1, step 1"):
            await anext(client.follow_log("octo/hello", 5, 1, 1))


@pytest.mark.parametrize(
    "answer", [httpx.Response(200, html="<html>"), httpx.Response(200, json={"pos": 0, "out": "", "time": 0})]
)
async def test_what_is_no_stream_is_reported_as_such(
    drone: respx.MockRouter, clock: Clock, answer: httpx.Response
) -> None:
    drone.get(LOG).mock(answer)
    async with clock.client() as client:
        with pytest.raises(UnexpectedAnswer):
            await anext(client.follow_log("octo/hello", 5, 1, 1))


async def test_a_feed_tells_repositories_with_their_builds(drone: respx.MockRouter, clock: Clock) -> None:
    body = transcript("global_feed") + b"event: error\ndata: eof\n\n"
    route = drone.get("/api/stream").mock(streaming(body[:1000], body[1000:]))
    async with clock.client() as client:
        repos = [repo async for repo in client.feed()]
    assert {repo.slug for repo in repos} == {"octo/pub"}
    assert all(repo.build and repo.build.stages for repo in repos)
    assert route.calls.last.request.extensions["timeout"]["read"] == 90


@pytest.mark.parametrize(
    ("end", "words"),
    [((httpx.ReadTimeout("silence"),), "silent for 90 seconds"), ((), "ended")],
    ids=["silence", "end"],
)
async def test_a_feed_that_falls_silent_or_ends_without_a_word_is_dead(
    drone: respx.MockRouter, clock: Clock, end: Any, words: str
) -> None:
    drone.get("/api/stream/octo/hello").mock(streaming(b": ping\n\n", *end))
    async with clock.client() as client:
        with pytest.raises(Unreachable, match=words):
            await anext(client.feed("octo/hello"))


async def test_an_error_in_a_feed_is_drones(drone: respx.MockRouter, clock: Clock) -> None:
    drone.get("/api/stream").mock(streaming(b"event: error\ndata: pubsub is gone\n\n"))
    async with clock.client() as client:
        with pytest.raises(ServiceFailed, match="pubsub is gone"):
            await anext(client.feed())


async def test_leaving_a_feed_gives_the_connection_back(drone: respx.MockRouter, clock: Clock) -> None:
    body = Bytes(transcript("global_feed"))
    drone.get("/api/stream").mock(httpx.Response(200, headers=EVENTS, stream=body))
    async with clock.client() as client:
        async with aclosing(client.feed()) as feed:
            await anext(feed)
        assert body.closed
