from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from ci_mcp_logs import timed_search
from ci_mcp_logs.search import search
from drone_mcp_logs.search import tool
from support.made_builds import failing_build, made_build, made_repo, made_stage, made_step

if TYPE_CHECKING:
    import respx

REPO = "/api/repos/octo/hello"
BUILDS = f"{REPO}/builds"
NO_ROWS = {"message": "sql: no rows in result set"}


def writes(*outs: str) -> list[dict[str, Any]]:
    return [{"pos": index, "out": out, "time": index} for index, out in enumerate(outs)]


def paths(router: respx.MockRouter) -> list[str]:
    return [call.request.url.path for call in router.calls]


@pytest.fixture
def build(drone: respx.MockRouter) -> respx.MockRouter:
    """A build with three logs, of which the failed one is the third."""
    drone.get(f"{BUILDS}/41").respond(json=failing_build())
    drone.get(f"{BUILDS}/41/logs/1/1").respond(json=writes("Cloning\n", "error: retry\n", "ok\n"))
    drone.get(f"{BUILDS}/41/logs/1/2").respond(json=writes("compiling\n"))
    drone.get(f"{BUILDS}/41/logs/1/3").respond(
        json=writes("a\n", "b\n", "\x1b[31mer\x1b[1mror\x1b[0m: boom\n", "c\n", "ERROR again\n", "d\n")
    )
    return drone


async def test_all_steps_are_searched_and_the_failed_one_comes_first(
    connect: Any, build: respx.MockRouter, era: str
) -> None:
    async with connect(era) as agent:
        answer = await agent.search("error", number=41, context=1)
    assert (answer.data["matches"], answer.data["shown"], answer.data["searched"]) == (3, 3, 3)
    assert [(r["name"], r["matches"]) for r in answer.data["results"]] == [("default/test", 2), ("default/clone", 1)]
    assert answer.lines(0) == [
        (2, "|", "b"), (3, ">", "error: boom"), (4, "|", "c"), (5, ">", "ERROR again"), (6, "|", "d")
    ]  # fmt: skip
    assert answer.data["not_searched"] == ["1/4 default/publish: skipped, it has no log"]
    assert sorted(paths(build)) == [f"{BUILDS}/41", *(f"{BUILDS}/41/logs/1/{n}" for n in (1, 2, 3))]


@pytest.mark.usefixtures("build")
async def test_the_text_is_for_reading(agent: Any) -> None:
    answer = await agent.search("error", number=41, context=0)
    nonce = answer.data["results"][0]["log"][7:15]
    assert answer.text == (
        "octo/hello #41 failure. 3 matching lines in 3 steps searched, 3 shown.\n"
        "1/3 default/test: failure, exit 3. 2 matching, 2 shown.\n"
        f"<<<log {nonce}\n3> error: boom\n...\n5> ERROR again\n{nonce} log>>>\n"
        "1/1 default/clone: success. 1 matching, 1 shown.\n"
        f"<<<log {nonce}\n2> error: retry\n{nonce} log>>>\n"
        "Not searched:\n  1/4 default/publish: skipped, it has no log\n"
        "Next: drone_get_build_logs with stage, step and around shows more around a line"
    )


@pytest.mark.usefixtures("build")
async def test_case_and_literal_are_as_asked_for(agent: Any, drone: respx.MockRouter) -> None:
    drone.get(REPO).respond(json=made_repo("octo/hello"))
    exact = await agent.search("ERROR", number=41, ignore_case=False)
    literal = await agent.search("error: boo.", number=41, literal=True)
    assert exact.data["matches"] == 1
    assert literal.data["matches"] == 0
    assert "results" not in literal.data
    assert "shorter or a literal pattern" in literal.data["next_step"]


async def test_one_step_is_one_log(agent: Any, drone: respx.MockRouter) -> None:
    drone.get(f"{BUILDS}/41").respond(json=failing_build())
    drone.get(f"{BUILDS}/41/logs/1/2").respond(json=writes("compiling\n"))
    answer = await agent.search("^comp", number=41, step="compile")
    assert answer.lines() == [(1, ">", "compiling")]
    assert paths(drone) == [f"{BUILDS}/41", f"{BUILDS}/41/logs/1/2"]


async def test_counts_are_honest_where_not_all_is_shown(agent: Any, drone: respx.MockRouter) -> None:
    drone.get(REPO).respond(json=made_repo("octo/hello"))
    drone.get(f"{BUILDS}/41").respond(json=failing_build())
    drone.get(f"{BUILDS}/41/logs/1/3").respond(json=writes(*(f"needle {n}\n" for n in range(1, 501))))
    answer = await agent.search("needle", number=41, step="test", max_matches=7, context=0)
    assert (answer.data["matches"], answer.data["shown"]) == (500, 7)
    assert [number for number, _, _ in answer.lines()] == list(range(1, 8))
    assert "raise max_matches" in answer.data["next_step"]
    tight = await agent.search("needle", number=41, step="test", max_matches=100, context=0, token_budget=200)
    assert tight.size <= 200
    assert tight.data["shown"] == len(tight.lines()) < 100


@pytest.mark.parametrize("pattern", ["(?=x)", r"(a)\1", "(", "x" * 501])
async def test_a_pattern_that_cannot_be_used_costs_no_request(agent: Any, pattern: str) -> None:
    answer = await agent.search(pattern, number=41)
    assert answer.error["code"] == "INVALID_INPUT"


async def test_a_missing_log_is_named_and_the_others_are_searched(agent: Any, drone: respx.MockRouter) -> None:
    steps = [made_step(1, "gone"), made_step(2, "here")]
    drone.get(f"{BUILDS}/7").respond(json=made_build(7, "success", made_stage(1, "ci", "success", *steps)))
    drone.get(f"{BUILDS}/7/logs/1/1").respond(404, json=NO_ROWS)
    drone.get(f"{BUILDS}/7/logs/1/2").respond(json=writes("needle\n"))
    answer = await agent.search("needle", number=7)
    assert answer.data["not_searched"] == ["1/1 ci/gone: its log is not there"]
    assert answer.lines() == [(1, ">", "needle")]


async def test_an_error_of_one_request_is_the_answer(agent: Any, drone: respx.MockRouter) -> None:
    steps = [made_step(n, f"s{n}") for n in range(1, 20)]
    drone.get(f"{BUILDS}/7").respond(json=made_build(7, "success", made_stage(1, "ci", "success", *steps)))
    drone.get(path__regex=rf"{BUILDS}/7/logs/1/\d+").respond(500, json={"message": "disk full"})
    assert (await agent.search("needle", number=7)).error["code"] == "DRONE_ERROR"


async def test_a_build_without_steps_has_nothing_to_search(agent: Any, drone: respx.MockRouter) -> None:
    drone.get(f"{BUILDS}/7").respond(json=made_build(7, "error", error="yaml"))
    answer = await agent.search("needle", number=7)
    assert (answer.data["matches"], answer.data["searched"]) == (0, 0)


async def test_logs_beyond_the_limit_of_one_search_are_named(
    agent: Any, drone: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool, "MOST_BYTES", 1)
    steps = [made_step(n, f"s{n}") for n in range(1, 9)]
    drone.get(f"{BUILDS}/7").respond(json=made_build(7, "success", made_stage(1, "ci", "success", *steps)))
    drone.get(path__regex=rf"{BUILDS}/7/logs/1/\d+").respond(json=writes("needle\n"))
    answer = await agent.search("needle", number=7)
    assert answer.data["searched"] < 8
    assert answer.data["searched"] + len(answer.data["not_searched"]) == 8
    assert "name it to search it" in answer.data["not_searched"][0]


async def test_a_search_that_takes_too_long_says_how_far_it_came(
    agent: Any, drone: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool, "MOST_SECONDS", -1.0)
    drone.get(f"{BUILDS}/41").respond(json=failing_build())
    drone.get(f"{BUILDS}/41/logs/1/3").respond(json=writes(*["needle " + "x" * 93 + "\n"] * 3000))
    answer = await agent.search("needle", number=41, step="test")
    note = answer.data["results"][0]["note"]
    assert note.startswith("only the first ")
    assert note.endswith("of 3000 lines were searched: it took too long")
    assert answer.data["matches"] < 3000


async def test_a_lost_beginning_is_reported_whether_or_not_something_matches(
    agent: Any, drone: respx.MockRouter
) -> None:
    drone.get(f"{BUILDS}/41").respond(json=failing_build())
    lost = [{"pos": 21_862, "out": "done\n", "time": 9}]
    drone.get(f"{BUILDS}/41/logs/1/3").respond(json=lost)
    drone.get(REPO).respond(json=made_repo("octo/hello"))
    found = await agent.search("done", number=41, step="test")
    nothing = await agent.search("cause", number=41, step="test")
    assert "the beginning is lost and the cause may be in it" in found.text
    assert "the beginning is lost and the cause may be in it" in nothing.text
    assert nothing.data["next_step"].startswith("a match may be in a beginning that is lost")


@pytest.mark.parametrize(
    "stages",
    [(), (made_stage(1, "ci", "skipped", made_step(1, "test", "skipped")),), (made_stage(1, "ci", "error"),)],
    ids=["no stages", "nothing ran", "no steps"],
)
async def test_where_there_is_nothing_to_search_no_other_pattern_is_proposed(
    agent: Any, drone: respx.MockRouter, stages: tuple[dict[str, Any], ...]
) -> None:
    drone.get(f"{BUILDS}/41").respond(json=made_build(41, "error", *stages, error="yaml: line 3"))
    answer = await agent.search("x", number=41)
    assert answer.data["searched"] == 0
    assert answer.data["next_step"] == tool.NO_LOGS


async def test_logs_are_scanned_in_turn_as_they_share_the_time(
    connect: Any, build: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = threading.Barrier(2)
    met: list[bool] = []

    def scan(*arguments: Any, **options: Any) -> Any:
        try:
            meeting.wait(0.1)
        except threading.BrokenBarrierError:
            meeting.reset()
        else:
            met.append(True)
        return search(*arguments, **options)

    monkeypatch.setattr(timed_search, "search", scan)
    async with connect() as agent:
        answer = await agent.search("error", number=41)
    assert answer.data["searched"] == len(build.calls) - 1
    assert met == []
