"""What every Drone does, asked without changing anything.

By default the simulator is asked; with DRONE_CONTRACT_SERVER and DRONE_CONTRACT_TOKEN (a system administrator's) that
server. What it has no example of is skipped.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from support.simulator import running_simulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

REAL = os.environ.get("DRONE_CONTRACT_SERVER", "")
NO_CACHE = "no-cache, no-store, must-revalidate, private, max-age=0"
USER_KEYS = "id login email machine admin active avatar syncing synced created updated last_login"
REPO_KEYS = "id uid user_id namespace name slug scm git_http_url git_ssh_url link default_branch private visibility"
BUILD_KEYS = {"id", "repo_id", "trigger", "number", "status", "event", "ref", "started", "finished", "version"}
LINE_TYPES = {"pos": int, "out": str, "time": int}


@pytest.fixture
async def drone() -> AsyncIterator[httpx.AsyncClient]:
    if REAL:
        token = os.environ["DRONE_CONTRACT_TOKEN"]
        async with httpx.AsyncClient(base_url=REAL, headers={"authorization": f"Bearer {token}"}, timeout=60) as http:
            yield http
        return
    async with running_simulator("demo") as simulator, simulator.client() as http:
        yield http


async def _active_repo(drone: httpx.AsyncClient) -> str:
    repos = (await drone.get("/api/user/repos")).json()
    slug = next((repo["slug"] for repo in repos if repo["active"] and repo["counter"]), None)
    if slug is None:
        pytest.skip("the server has no repository with a build")
    return f"/api/repos/{slug}"


async def _finished_build(drone: httpx.AsyncClient) -> tuple[str, dict[str, Any]]:
    repo = await _active_repo(drone)
    for build in (await drone.get(f"{repo}/builds", params={"per_page": 100})).json():
        if build["status"] in ("success", "failure"):
            found: dict[str, Any] = (await drone.get(f"{repo}/builds/{build['number']}")).json()
            return repo, found
    pytest.skip("the server has no finished build")


def _assert_error(answer: httpx.Response, status: int, message: str) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"message": message}
    assert answer.text.endswith("}\n")


async def test_the_token_is_known(drone: httpx.AsyncClient) -> None:
    answer = await drone.get("/api/user")

    assert answer.status_code == 200
    assert " ".join(answer.json()) == USER_KEYS
    assert answer.headers["cache-control"] == NO_CACHE
    assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize("token", ["Bearer wrong", "Basic b2N0bzpvY3Rv", ""])
async def test_a_wrong_token_and_none_are_the_same(drone: httpx.AsyncClient, token: str) -> None:
    _assert_error(await drone.get("/api/user", headers={"authorization": token}), 401, "Unauthorized")


async def test_a_bare_token_is_taken(drone: httpx.AsyncClient) -> None:
    bare = drone.headers["authorization"].removeprefix("Bearer ")

    assert (await drone.get("/api/user", headers={"authorization": bare})).status_code == 200


async def test_a_wrong_header_beats_a_good_parameter(drone: httpx.AsyncClient) -> None:
    good = drone.headers["authorization"].removeprefix("Bearer ")

    answer = await drone.get("/api/user", params={"access_token": good}, headers={"authorization": "Bearer wrong"})

    assert answer.status_code == 401


async def test_a_guest_is_asked_to_sign_in_where_a_user_learns_that_nothing_is_there(drone: httpx.AsyncClient) -> None:
    path = "/api/repos/surely/missing"

    _assert_error(await drone.get(path), 404, "Not Found")
    _assert_error(await drone.get(path, headers={"authorization": ""}), 401, "Unauthorized")


async def test_a_wrong_path_is_plain_text_and_a_wrong_method_is_empty(drone: httpx.AsyncClient) -> None:
    missing, refused, head = await drone.get("/api/nosuch"), await drone.put("/api/user"), await drone.head("/api/user")

    assert (missing.status_code, missing.text) == (404, "404 page not found\n")
    assert missing.headers["content-type"] == "text/plain; charset=utf-8"
    assert (refused.status_code, refused.content) == (405, b"")
    assert "content-type" not in refused.headers
    assert "allow" not in refused.headers
    assert head.status_code == 405


async def test_outside_the_api_everything_is_the_user_interface(drone: httpx.AsyncClient) -> None:
    answer = await drone.get("/nosuch/page")

    assert answer.status_code == 200
    assert answer.headers["content-type"].lower() == "text/html; charset=utf-8"


async def test_group_roots_take_a_final_slash_and_leaves_do_not(drone: httpx.AsyncClient) -> None:
    repo = await _active_repo(drone)

    assert (await drone.get(f"{repo}/builds/")).status_code == 200
    assert (await drone.get(f"{repo}/builds/1/")).text == "404 page not found\n"


async def test_builds_are_listed_newest_first_without_stages(drone: httpx.AsyncClient) -> None:
    builds = (await drone.get(f"{await _active_repo(drone)}/builds")).json()

    assert builds
    assert [build["id"] for build in builds] == sorted((build["id"] for build in builds), reverse=True)
    for build in builds:
        assert build.keys() >= BUILD_KEYS
        assert "stages" not in build
        assert build["timestamp"] == 0


async def test_a_page_size_above_100_means_25_and_past_the_end_is_empty(drone: httpx.AsyncClient) -> None:
    path = f"{await _active_repo(drone)}/builds"
    everything = (await drone.get(path, params={"per_page": 100})).json()

    too_many = (await drone.get(path, params={"per_page": 101})).json()

    assert len(too_many) == min(25, len(everything))
    assert (await drone.get(path, params={"page": 100000})).json() == []
    assert (await drone.get(path, params={"page": 0})).json() == (await drone.get(path, params={"page": 1})).json()


async def test_a_missing_build_is_an_sql_error_and_no_number_a_parser_error(drone: httpx.AsyncClient) -> None:
    path = f"{await _active_repo(drone)}/builds"

    _assert_error(await drone.get(f"{path}/99999999"), 404, "sql: no rows in result set")
    _assert_error(await drone.get(f"{path}/abc"), 400, 'strconv.ParseInt: parsing "abc": invalid syntax')
    _assert_error(await drone.get(f"{path}/latest?branch=surely-missing"), 404, "sql: no rows in result set")


async def test_a_finished_build_has_stages_whose_steps_name_the_stage_id(drone: httpx.AsyncClient) -> None:
    _, build = await _finished_build(drone)

    for stage in build["stages"]:
        assert stage["build_id"] == build["id"]
        for step in stage.get("steps", []):
            assert step["step_id"] == stage["id"]
            assert step["started"]


async def test_a_log_is_an_array_of_lines(drone: httpx.AsyncClient) -> None:
    repo, build = await _finished_build(drone)
    ran = ("success", "failure")
    stage, step = next((s, t) for s in build["stages"] for t in s.get("steps", []) if t["status"] in ran)

    answer = await drone.get(f"{repo}/builds/{build['number']}/logs/{stage['number']}/{step['number']}")

    assert answer.headers["content-type"] == "application/json"
    for line in answer.json() or []:
        assert {key: type(value) for key, value in line.items()} == LINE_TYPES


async def test_a_log_of_no_step_is_an_sql_error(drone: httpx.AsyncClient) -> None:
    repo, build = await _finished_build(drone)

    answer = await drone.get(f"{repo}/builds/{build['number']}/logs/99/99")

    _assert_error(answer, 404, "sql: no rows in result set")


async def test_lists_of_the_administrator_are_arrays(drone: httpx.AsyncClient) -> None:
    repo = await _active_repo(drone)
    paths = ["/api/users", "/api/queue", "/api/builds/incomplete", "/api/builds/incomplete/v2", f"{repo}/secrets"]
    for path in [*paths, f"{repo}/cron", f"{repo}/collaborators", f"{repo}/builds/branches", "/api/repos"]:
        answer = await drone.get(path)
        assert (answer.status_code, type(answer.json())) == (200, list), path


async def test_a_repository_has_drones_keys_in_order(drone: httpx.AsyncClient) -> None:
    repo = (await drone.get(await _active_repo(drone))).json()

    assert " ".join(repo).startswith(REPO_KEYS)
    assert list(repo)[-1] == "archived"


async def test_health_and_version_need_no_token(drone: httpx.AsyncClient) -> None:
    health = await drone.get("/healthz", headers={"authorization": ""})
    version = await drone.get("/version", headers={"authorization": ""})

    assert (health.status_code, health.text) == (200, "OK")
    assert version.json()["version"].startswith("2.")


async def test_a_badge_is_always_an_image(drone: httpx.AsyncClient) -> None:
    answer = await drone.get("/api/badges/surely/missing/status.svg", headers={"authorization": ""})

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("image/svg+xml")
