"""The routes that the recorded session does not cover, requested in-process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.simulator import SimulatorHandle, running_simulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

HELLO, PAYMENTS = "/api/repos/octo/hello", "/api/repos/octo/payments"


@pytest.fixture
async def drone() -> AsyncIterator[SimulatorHandle]:
    async with running_simulator("demo") as simulator:
        yield simulator


@pytest.fixture
async def http(drone: SimulatorHandle) -> AsyncIterator[httpx.AsyncClient]:
    async with drone.client() as client:
        yield client


def _message(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["message"]


async def test_the_newest_build_of_hello_failed_in_its_tests(http: httpx.AsyncClient) -> None:
    build = (await http.get(f"{HELLO}/builds/latest")).json()

    steps = {step["name"]: step["status"] for step in build["stages"][0]["steps"]}
    assert build["status"] == "failure"
    assert steps == {
        "clone": "success",
        "install": "success",
        "lint": "success",
        "test": "failure",
        "coverage": "skipped",
        "report-failure": "success",
    }
    assert build["stages"][1]["status"] == "skipped"


async def test_a_skipped_step_and_a_running_one_have_no_log(http: httpx.AsyncClient) -> None:
    for path in (f"{HELLO}/builds/4/logs/1/5", f"{PAYMENTS}/builds/3/logs/1/3"):
        assert _message(await http.get(path)) == (404, "sql: no rows in result set")


async def test_a_machine_reads_public_repositories_and_nothing_else(drone: SimulatorHandle) -> None:
    async with drone.client(drone.token("robot")) as robot:
        assert (await robot.get(HELLO)).status_code == 200
        assert _message(await robot.get(PAYMENTS)) == (404, "Not Found")
        assert _message(await robot.post(f"{HELLO}/builds/1")) == (404, "Not Found")
        assert _message(await robot.get("/api/users")) == (403, "Forbidden")
        assert (await robot.get("/api/user/repos")).json() == []


async def test_permissions_are_shown_to_those_who_have_a_row(drone: SimulatorHandle) -> None:
    async with drone.client(drone.token("dev")) as dev, drone.client("") as guest:
        assert (await dev.get(HELLO)).json()["permissions"] == {"read": True, "write": True, "admin": False}
        assert "permissions" not in (await guest.get(HELLO)).json()


async def test_a_held_build_is_pending_with_blocked_stages_and_runs_when_approved(
    drone: SimulatorHandle, http: httpx.AsyncClient
) -> None:
    held = (await http.get(f"{PAYMENTS}/builds/2")).json()
    assert (held["status"], [stage["status"] for stage in held["stages"]]) == ("pending", ["blocked", "blocked"])

    for stage in (1, 2):
        assert (await http.post(f"{PAYMENTS}/builds/2/approve/{stage}")).status_code == 204
    await drone.advance(30 * 60)

    build = (await http.get(f"{PAYMENTS}/builds/2")).json()
    assert (build["status"], [stage["status"] for stage in build["stages"]]) == ("success", ["success", "success"])


async def test_approving_what_is_not_there_says_so(http: httpx.AsyncClient) -> None:
    assert _message(await http.post(f"{PAYMENTS}/builds/99/approve/1")) == (404, "Build not found")
    assert _message(await http.post(f"{PAYMENTS}/builds/2/approve/9")) == (404, "Stage not found")
    assert _message(await http.post(f"{PAYMENTS}/builds/x/approve/1")) == (400, "Invalid build number")
    assert _message(await http.post(f"{PAYMENTS}/builds/2/approve/x")) == (400, "Invalid stage number")


async def test_a_cancelled_build_is_killed_at_once_and_its_log_comes_a_little_later(
    drone: SimulatorHandle, http: httpx.AsyncClient
) -> None:
    killed = (await http.delete(f"{PAYMENTS}/builds/3")).json()
    step = killed["stages"][0]["steps"][2]
    log = f"{PAYMENTS}/builds/3/logs/1/3"

    assert (killed["status"], step["status"], step["exit_code"]) == ("killed", "killed", 130)
    assert (await http.get(log)).status_code == 404
    await drone.advance(1)
    assert (await http.get(log)).json()[0]["out"] == "+ go test ./...\n"


async def test_a_restart_of_a_protected_push_runs_without_approval(
    drone: SimulatorHandle, http: httpx.AsyncClient
) -> None:
    again = (await http.post(f"{PAYMENTS}/builds/2", params={"debug": "true"})).json()
    await drone.advance(5)

    build = (await http.get(f"{PAYMENTS}/builds/{again['number']}")).json()
    assert (again["parent"], again["debug"], again["trigger"]) == (2, True, "admin")
    assert build["status"] == "running"


async def test_a_promotion_enters_the_index_of_deployments(http: httpx.AsyncClient) -> None:
    await http.post(f"{HELLO}/builds/3/promote", params={"target": "staging", "REGION": "eu"})
    promoted = (await http.get(f"{HELLO}/builds/deployments")).json()

    assert [(build["deploy_to"], build["parent"], build["params"]) for build in promoted] == [
        ("staging", 3, {"REGION": "eu"})
    ]
    assert (await http.delete(f"{HELLO}/builds/deployments/staging")).status_code == 204
    assert (await http.get(f"{HELLO}/builds/deployments")).json() == []


async def test_a_new_build_takes_its_message_and_parameters_from_the_query(http: httpx.AsyncClient) -> None:
    build = (await http.post(f"{HELLO}/builds?branch=topic/upgrade&message=try&action=nightly&A=1&A=2")).json()

    assert (build["message"], build["action"], build["ref"]) == ("try", "nightly", "refs/heads/topic/upgrade")
    assert build["params"] == {"A": "1", "action": "nightly", "message": "try"}


async def test_a_paused_queue_hands_out_nothing(drone: SimulatorHandle, http: httpx.AsyncClient) -> None:
    await http.delete("/api/queue")
    number = (await http.post(f"{HELLO}/builds?branch=main")).json()["number"]
    await drone.advance(600)
    assert (await http.get(f"{HELLO}/builds/{number}")).json()["status"] == "pending"

    await http.post("/api/queue")
    await drone.advance(600)
    assert (await http.get(f"{HELLO}/builds/{number}")).json()["status"] != "pending"


async def test_purging_deletes_the_builds_before_a_number(http: httpx.AsyncClient) -> None:
    assert (await http.delete(f"{HELLO}/builds?before=3")).status_code == 204
    assert [build["number"] for build in (await http.get(f"{HELLO}/builds")).json()] == [4, 3]
    assert (await http.delete(f"{HELLO}/builds?before=x")).status_code == 400


async def test_secrets_are_kept_by_name_and_never_shown(http: httpx.AsyncClient) -> None:
    path = f"{HELLO}/secrets"
    assert _message(await http.post(path, json={"name": "bad name", "data": "x"})) == (400, "Invalid Secret Name")
    assert _message(await http.post(path, json={"name": "token"})) == (400, "Invalid Secret Value")
    made = await http.post(path, json={"name": "token", "data": "s3cr3t"})
    changed = await http.patch(f"{path}/token", json={"pull_request": True})

    assert "s3cr3t" not in made.text
    assert changed.json()["pull_request"] is True
    assert (await http.delete(f"{path}/token")).status_code == 204
    assert _message(await http.get(f"{path}/token")) == (404, "sql: no rows in result set")


async def test_an_organizations_secrets_are_its_own(http: httpx.AsyncClient) -> None:
    await http.post("/api/secrets/octo", json={"name": "token", "data": "x"})

    assert [secret["namespace"] for secret in (await http.get("/api/secrets")).json()] == ["octo"]
    assert (await http.get("/api/secrets/other")).json() == []
    assert (await http.post("/api/secrets/octo/token", json={"pull_request_push": True})).json()["pull_request_push"]


async def test_cron_jobs_are_named_by_slug_and_run_on_demand(http: httpx.AsyncClient) -> None:
    path = f"{HELLO}/cron"
    job = {"name": "Nightly Job", "expr": "0 0 1 * * *", "branch": "main"}
    assert _message(await http.post(path, json={**job, "expr": "x"})) == (400, "Invalid Cronjob Expression")
    assert _message(await http.post(path, json={**job, "branch": ""})) == (400, "Invalid Cronjob Branch")
    assert (await http.post(path, json=job)).json()["name"] == "nightly-job"
    assert (await http.post(path, json=job)).status_code == 500

    assert (await http.patch(f"{path}/nightly-job", content="no json")).status_code == 200
    assert (await http.post(f"{path}/nightly-job")).json()["cron"] == "nightly-job"
    assert (await http.delete(f"{path}/nightly-job")).status_code == 204


async def test_templates_need_a_known_ending(http: httpx.AsyncClient) -> None:
    path = "/api/templates/octo"
    assert (await http.post(path, json={"name": "a.txt", "data": "x"})).status_code == 400
    assert (await http.post(path, json={"name": "a.yml", "data": "x"})).status_code == 200
    assert (await http.put(f"{path}/a.yml", json={"data": "y"})).json()["data"] == "y"
    assert len((await http.get("/api/templates")).json()) == 1
    assert (await http.delete(f"{path}/a.yml")).status_code == 204


async def test_signing_and_encrypting_give_plausible_texts(http: httpx.AsyncClient) -> None:
    signed = await http.post(f"{HELLO}/sign", json={"data": "kind: pipeline\n"})
    sealed = await http.post(f"{HELLO}/encrypt", json={"name": "n", "data": "abc"})

    assert len(signed.json()["data"]) == 64
    assert len(sealed.json()["data"]) == 44


async def test_users_come_go_and_rotate_their_tokens(drone: SimulatorHandle, http: httpx.AsyncClient) -> None:
    assert _message(await http.post("/api/users", json={"login": ""})) == (400, "Invalid username length")
    assert _message(await http.post("/api/users", json={"login": "a b"})) == (400, "Invalid character in username")
    made = (await http.post("/api/users", json={"login": "bot", "machine": True})).json()
    assert made["token"] == drone.token("bot")
    assert (await http.post("/api/users", json={"login": "bot"})).status_code == 500

    rotated = (await http.post("/api/users/bot/token/rotate")).json()
    assert rotated["message"] == "Token rotated successfully."
    assert made["token"] != drone.token("bot")
    assert (await http.patch("/api/users/bot", json={"active": False})).json()["active"] is False
    assert (await http.get(f"/api/users/{made['id']}")).json()["login"] == "bot"
    assert (await http.delete("/api/users/bot")).status_code == 204
    assert (await http.get("/api/users/bot")).status_code == 404


async def test_ones_own_token_can_be_read_and_rotated(drone: SimulatorHandle, http: httpx.AsyncClient) -> None:
    before = drone.admin_token
    assert (await http.post("/api/user/token")).json()["token"] == before

    after = (await http.post("/api/user/token?rotate=true")).json()["token"]

    assert after != before
    assert (await http.get("/api/user")).status_code == 401


async def test_cards_are_stored_verbatim(http: httpx.AsyncClient) -> None:
    path = "/api/repos/octo/hello/cards/4/1/4"
    assert (await http.get(path)).status_code == 404
    step_id = (await http.post(path, content='{"schema": "x.json", "data": {"passed": 3}}')).json()

    assert isinstance(step_id, int)
    assert (await http.get(path)).text == '{"passed": 3}'


async def test_a_card_cannot_be_deleted(http: httpx.AsyncClient) -> None:
    path = "/api/repos/octo/hello/cards/4/1/4"
    assert (await http.delete(path)).status_code == 404
    await http.post(path, json={"data": 1})

    assert (await http.delete(path)).status_code == 500
    assert (await http.get(path)).text == "1"


async def test_metrics_want_an_administrator_or_a_machine(drone: SimulatorHandle) -> None:
    seen = {}
    for token in ("", "wrong", drone.token("dev"), drone.token("robot")):
        async with drone.client(token) as client:
            answer = await client.get("/metrics")
            seen[token] = (answer.status_code, answer.text)
    assert seen[""] == (401, "Invalid or missing prometheus token\n")
    assert seen["wrong"] == seen[drone.token("dev")] == (403, "Access denied\n")
    assert "drone_running_jobs 1\n" in seen[drone.token("robot")][1]


async def test_badges_tell_the_state_of_a_branch_even_of_private_repositories(drone: SimulatorHandle) -> None:
    async with drone.client("") as guest:
        assert "failure" in (await guest.get("/api/badges/octo/hello/status.svg")).text
        assert "started" in (await guest.get("/api/badges/octo/payments/status.svg")).text
        assert "none" in (await guest.get("/api/badges/no/such/status.svg")).text
        assert "lastBuildStatus" in (await guest.get("/api/badges/octo/hello/cc.xml")).text


async def test_a_push_hook_starts_a_build_of_its_commit(drone: SimulatorHandle) -> None:
    push = {
        "ref": "refs/heads/main",
        "before": "0" * 40,
        "after": "c" * 40,
        "commits": [{"message": "new work", "author": {"username": "ada", "name": "Ada"}}],
        "repository": {"full_name": "octo/hello"},
        "sender": {"login": "ada"},
    }
    async with drone.client("") as scm:
        made = (await scm.post("/hook", json=push, headers={"x-gitea-event": "push"})).json()
        assert (made["event"], made["trigger"], made["after"], made["sender"]) == ("push", "@hook", "c" * 40, "ada")
        skipped = {**push, "commits": [{"message": "typo [ci skip]"}]}
        assert (await scm.post("/hook", json=skipped)).text == "null\n"
        assert _message(await scm.post("/hook", json={"repository": {}})) == (400, "Cannot find repository")
        assert (await scm.post("/hook", json=push, headers={"x-gitea-event": "star"})).content == b""
        gone = {"ref": "main", "repository": {"full_name": "octo/hello"}}
        assert (await scm.post("/hook", json=gone, headers={"x-gitea-event": "delete"})).status_code == 204


async def test_a_pull_request_hook_starts_a_build_of_its_head(drone: SimulatorHandle) -> None:
    pull = {
        "action": "opened",
        "number": 7,
        "repository": {"full_name": "octo/hello"},
        "pull_request": {
            "title": "Better greeting",
            "head": {"ref": "better", "sha": "d" * 40, "repo": {"full_name": "ada/hello"}},
            "base": {"ref": "main"},
        },
    }
    async with drone.client() as http:
        headers = {"x-gitea-event": "pull_request"}
        made = (await http.post("/hook", json=pull, headers=headers)).json()
        assert (made["ref"], made["action"], made["title"], made["target"]) == (
            "refs/pull/7/head",
            "opened",
            "Better greeting",
            "main",
        )
        assert [build["number"] for build in (await http.get(f"{HELLO}/builds/pulls")).json()] == [made["number"]]
        closed = {**pull, "action": "closed"}
        assert (await http.post("/hook", json=closed, headers=headers)).status_code == 204
        assert (await http.get(f"{HELLO}/builds/pulls")).json() == []


async def test_a_hook_signature_is_checked_where_the_scenario_asks_for_it(drone: SimulatorHandle) -> None:
    drone.world.hook_signatures = True
    push = {"ref": "refs/heads/main", "after": "e" * 40, "repository": {"full_name": "octo/hello"}}
    signer = drone.world.repos["octo/hello"].signer
    async with drone.client("") as scm:
        assert _message(await scm.post("/hook", json=push)) == (400, "Invalid webhook signature")
        assert (await scm.post(f"/hook?secret={signer}", json=push)).json()["event"] == "push"


async def test_a_repository_is_disabled_and_deleted_with_200(http: httpx.AsyncClient) -> None:
    assert (await http.delete(HELLO)).json()["active"] is False
    assert (await http.post(HELLO)).json()["active"] is True
    assert (await http.delete(f"{HELLO}?remove=true")).status_code == 200
    assert _message(await http.get(HELLO)) == (404, "Not Found")
    await http.post("/api/user/repos")
    assert (await http.get(HELLO)).json()["user_id"] == 0


async def test_only_an_administrator_sets_the_timeout_of_a_repository(drone: SimulatorHandle) -> None:
    drone.world.perms[drone.world.repos["octo/hello"].uid, drone.world.users["dev"].id].admin = True
    async with drone.client(drone.token("dev")) as dev:
        changed = (await dev.patch(HELLO, json={"timeout": 5, "visibility": "weird"})).json()

    assert (changed["timeout"], changed["visibility"]) == (60, "weird")


async def test_a_guest_at_the_door_is_sent_to_the_welcome_page(drone: SimulatorHandle) -> None:
    async with drone.client("") as guest:
        assert (await guest.get("/")).headers["location"] == "/welcome"


async def test_the_requests_are_listed_without_tokens(drone: SimulatorHandle, http: httpx.AsyncClient) -> None:
    await http.get("/api/user", params={"access_token": "s3cr3t", "x": "1"})
    listed = await http.get("/_simulator/requests")

    assert listed.json() == [{"method": "GET", "path": "/api/user", "query": "x=1", "user": "admin", "status": 200}]
    assert "s3cr3t" not in listed.text
    assert (await http.delete("/_simulator/requests")).status_code == 204
    assert drone.world.requests == []


async def test_the_clock_moves_by_request(drone: SimulatorHandle, http: httpx.AsyncClient) -> None:
    before = drone.world.clock.now()

    assert (await http.post("/_simulator/advance", json={"seconds": 90})).json() == {"now": before + 90}
    assert (await http.post("/_simulator/advance", json={"seconds": "soon"})).status_code == 400
