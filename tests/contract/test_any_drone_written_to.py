"""What every Drone does when it is written to.

By default the simulator is asked. A real server is with DRONE_CONTRACT_WRITES=1, DRONE_CONTRACT_SERVER,
DRONE_CONTRACT_TOKEN (a system administrator's) and DRONE_CONTRACT_REPO, an active repository on which builds may be
started. Everything that a test adds it removes; builds stay. What the server has no example of is skipped.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from support.simulator import running_simulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

REAL = os.environ.get("DRONE_CONTRACT_SERVER", "") if os.environ.get("DRONE_CONTRACT_WRITES") == "1" else ""
SLUG = os.environ["DRONE_CONTRACT_REPO"] if REAL else "octo/hello"
OWNER = SLUG.partition("/")[0]
REPO = f"/api/repos/{SLUG}"
NAME = "drone_mcp_contract"
NO_ROWS = "sql: no rows in result set"


@pytest.fixture
async def drone() -> AsyncIterator[httpx.AsyncClient]:
    if REAL:
        headers = {"authorization": f"Bearer {os.environ['DRONE_CONTRACT_TOKEN']}"}
        async with httpx.AsyncClient(base_url=REAL, headers=headers, timeout=60) as http:
            yield http
        return
    async with running_simulator("demo") as simulator, simulator.client() as http:
        yield http


async def asked(drone: httpx.AsyncClient, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """Send a request; return the status and the JSON of the answer, None where it has no content."""
    answer = await drone.request(method, path, json=body)
    return answer.status_code, answer.json() if answer.content else None


def refused(status: int, message: str) -> tuple[int, dict[str, str]]:
    return status, {"message": message}


async def new_build(drone: httpx.AsyncClient, query: str = "") -> dict[str, Any]:
    status, build = await asked(drone, "POST", f"{REPO}/builds{query}")
    assert status == 200
    if build is None:
        pytest.skip("the pipeline of the default branch does not run for custom builds")
    return dict(build)


async def blocked_build(drone: httpx.AsyncClient) -> tuple[str, dict[str, Any]]:
    if not REAL:  # a push to a protected repository that nobody has signed
        assert (await asked(drone, "PATCH", REPO, {"protected": True}))[0] == 200
        push = {"ref": "refs/heads/main", "after": "c" * 40, "repository": {"full_name": SLUG}}
        assert (await drone.post("/hook", json=push, headers={"x-gitea-event": "push"})).json()
    path = f"{REPO}/builds"
    for listed in (await drone.get(path, params={"per_page": 100})).json():
        if listed["status"] in ("pending", "running", "blocked"):
            build = (await drone.get(f"{path}/{listed['number']}")).json()
            if any(stage["status"] == "blocked" for stage in build["stages"]):
                return f"{path}/{build['number']}", build
    pytest.skip("the repository has no blocked build")


# -- builds


async def test_a_build_is_created_with_its_parameters_and_takes_the_next_number(drone: httpx.AsyncClient) -> None:
    counter = (await drone.get(REPO)).json()["counter"]

    build = await new_build(drone, "?FOO=bar")

    assert build["number"] == counter + 1
    assert (build["event"], build["params"]) == ("custom", {"FOO": "bar"})
    assert "stages" not in build
    assert (await drone.get(REPO)).json()["counter"] == counter + 1


async def test_no_build_is_created_of_a_branch_that_is_missing(drone: httpx.AsyncClient) -> None:
    status, _ = await asked(drone, "POST", f"{REPO}/builds?branch=surely-missing")

    assert status == 404


async def test_a_restarted_build_keeps_its_parameters_and_names_its_parent(drone: httpx.AsyncClient) -> None:
    first = await new_build(drone, "?FOO=bar")

    status, again = await asked(drone, "POST", f"{REPO}/builds/{first['number']}?FOO=other&X=1")

    assert status == 200
    assert again["parent"] == first["number"]
    assert again["params"] == {"FOO": "bar", "X": "1"}
    assert await asked(drone, "POST", f"{REPO}/builds/99999999") == refused(404, NO_ROWS)


@pytest.mark.parametrize("event", ["promote", "rollback"])
async def test_a_deployment_needs_a_target_and_its_parameters_win(drone: httpx.AsyncClient, event: str) -> None:
    first = await new_build(drone, "?FOO=bar")
    path = f"{REPO}/builds/{first['number']}/{event}"

    assert await asked(drone, "POST", path) == refused(400, "Missing target environment")
    status, build = await asked(drone, "POST", f"{path}?target=staging&FOO=other")

    assert status == 200
    if build is not None:
        assert (build["event"], build["deploy_to"], build["parent"]) == (event, "staging", first["number"])
        assert build["params"] == {"FOO": "other"}


async def test_a_build_can_be_cancelled_twice(drone: httpx.AsyncClient) -> None:
    path = f"{REPO}/builds/{(await new_build(drone))['number']}"

    status, build = await asked(drone, "DELETE", path)

    assert status == 200
    assert build["status"] in ("killed", "success", "failure", "error")
    assert (await asked(drone, "DELETE", path))[0] == 200
    assert await asked(drone, "DELETE", f"{REPO}/builds/99999999") == refused(404, NO_ROWS)


@pytest.mark.parametrize(
    ("verb", "words"), [("approve", "approve a Pipeline with Status"), ("decline", "decline build with status")]
)
async def test_what_is_not_blocked_can_neither_be_approved_nor_declined(
    drone: httpx.AsyncClient, verb: str, words: str
) -> None:
    path = f"{REPO}/builds/{(await new_build(drone))['number']}"

    status, answer = await asked(drone, "POST", f"{path}/{verb}/1")

    assert status == 400
    assert answer["message"].startswith(f'Cannot {words} "')
    assert await asked(drone, "POST", f"{path}/{verb}/99") == refused(404, "Stage not found")
    assert await asked(drone, "POST", f"{path}/{verb}/abc") == refused(400, "Invalid stage number")
    assert await asked(drone, "POST", f"{REPO}/builds/99999999/{verb}/1") == refused(404, "Build not found")


async def test_an_approved_stage_is_blocked_no_more(drone: httpx.AsyncClient) -> None:
    path, build = await blocked_build(drone)
    number = next(stage["number"] for stage in build["stages"] if stage["status"] == "blocked")

    assert await asked(drone, "POST", f"{path}/approve/{number}") == (204, None)

    after = (await drone.get(path)).json()
    assert next(stage for stage in after["stages"] if stage["number"] == number)["status"] != "blocked"


async def test_a_declined_build_stays_declined_when_it_is_cancelled(drone: httpx.AsyncClient) -> None:
    path, build = await blocked_build(drone)
    number = next(stage["number"] for stage in build["stages"] if stage["status"] == "blocked")

    assert await asked(drone, "POST", f"{path}/decline/{number}") == (204, None)
    again = await asked(drone, "POST", f"{path}/decline/{number}")
    _, cancelled = await asked(drone, "DELETE", path)

    assert again == refused(400, 'Cannot decline build with status "declined"')
    assert cancelled["status"] == "declined"
    assert not any(stage["status"] == "blocked" for stage in cancelled["stages"])


# -- secrets, cron jobs, templates


@pytest.mark.parametrize("path", [f"{REPO}/secrets", f"/api/secrets/{OWNER}"])
async def test_a_secret_is_added_changed_and_removed_and_never_shown(drone: httpx.AsyncClient, path: str) -> None:
    status, secret = await asked(drone, "POST", path, {"name": NAME, "data": "hidden"})
    try:
        assert (status, secret["name"]) == (200, NAME)
        assert "data" not in secret
        assert (await asked(drone, "POST", path, {"name": NAME, "data": "x"}))[0] in (409, 500)
        status, changed = await asked(drone, "PATCH", f"{path}/{NAME}", {"pull_request": True, "data": "other"})
        assert (status, changed["pull_request"]) == (200, True)
        assert NAME in [row["name"] for row in (await drone.get(path)).json()]
    finally:
        assert await asked(drone, "DELETE", f"{path}/{NAME}") == (204, None)
    assert await asked(drone, "GET", f"{path}/{NAME}") == refused(404, NO_ROWS)
    assert await asked(drone, "DELETE", f"{path}/{NAME}") == refused(404, NO_ROWS)


@pytest.mark.parametrize(
    ("body", "message"),
    [({"name": "a b/c", "data": "x"}, "Invalid Secret Name"), ({"name": NAME}, "Invalid Secret Value")],
)
async def test_a_secret_needs_a_name_and_a_value(drone: httpx.AsyncClient, body: dict[str, str], message: str) -> None:
    assert await asked(drone, "POST", f"{REPO}/secrets", body) == refused(400, message)


async def test_a_cron_job_is_added_run_and_removed(drone: httpx.AsyncClient) -> None:
    branch = (await drone.get(REPO)).json()["default_branch"]
    job = {"name": NAME, "expr": "0 0 1 * * *", "branch": branch}
    status, cron = await asked(drone, "POST", f"{REPO}/cron", job)
    name = cron["name"]
    try:
        assert (status, cron["expr"], cron["branch"]) == (200, job["expr"], branch)
        assert (await asked(drone, "POST", f"{REPO}/cron", job))[0] in (409, 500)
        assert (await asked(drone, "GET", f"{REPO}/cron/{name}")) == (200, cron)
        status, build = await asked(drone, "POST", f"{REPO}/cron/{name}")
        assert status == 200
        assert build is None or (build["event"], build["cron"]) == ("cron", name)
    finally:
        assert await asked(drone, "DELETE", f"{REPO}/cron/{name}") == (204, None)
    assert await asked(drone, "POST", f"{REPO}/cron/{name}") == refused(404, NO_ROWS)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"name": NAME, "expr": "now and then", "branch": "main"}, "Invalid Cronjob Expression"),
        ({"expr": "@daily", "branch": "main"}, "Invalid Cronjob Name"),
        ({"name": NAME, "expr": "@daily"}, "Invalid Cronjob Branch"),
    ],
)
async def test_a_wrong_cron_job_is_refused(drone: httpx.AsyncClient, body: dict[str, str], message: str) -> None:
    assert await asked(drone, "POST", f"{REPO}/cron", body) == refused(400, message)


async def test_a_template_is_added_changed_and_removed(drone: httpx.AsyncClient) -> None:
    path, name = f"/api/templates/{OWNER}", f"{NAME}.yml"
    status, template = await asked(drone, "POST", path, {"name": name, "data": "kind: pipeline"})
    try:
        assert (status, template["name"], template["data"]) == (200, name, "kind: pipeline")
        twice = "UNIQUE constraint failed: templates.template_name, templates.template_namespace"
        status, again = await asked(drone, "POST", path, {"name": name, "data": "x"})
        assert status == 500
        assert REAL or again["message"] == twice  # the words are those of SQLite
        status, changed = await asked(drone, "PUT", f"{path}/{name}", {"data": "kind: secret"})
        assert (status, changed["data"]) == (200, "kind: secret")
    finally:
        assert await asked(drone, "DELETE", f"{path}/{name}") == (204, None)
    assert await asked(drone, "GET", f"{path}/{name}") == refused(404, NO_ROWS)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"data": "x"}, "Template extension invalid. Must be yaml, starlark or jsonnet"),
        ({"name": "base.txt", "data": "x"}, "Template extension invalid. Must be yaml, starlark or jsonnet"),
        ({"name": "base.yml"}, "No Template Data Provided"),
    ],
)
async def test_a_wrong_template_is_refused(drone: httpx.AsyncClient, body: dict[str, str], message: str) -> None:
    assert await asked(drone, "POST", f"/api/templates/{OWNER}", body) == refused(400, message)
