"""When a build is read from the store and when from Drone, to whom it is given, and that it is right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import respx

from ci_mcp_simulator.clock import EPOCH
from drone_mcp_build.settings import Settings
from drone_mcp_client.errors import AuthenticationFailed, NotFound, PermissionDenied
from drone_mcp_client.models import Build, Stage
from drone_mcp_known.client_and_store import KnownAccess
from drone_mcp_known.reader import NoBuilds
from drone_mcp_state import open_store
from support.known_access import known_access
from support.made_builds import T0, failing_build, made_build, made_repo, made_stage, made_step
from support.simulator import running_simulator

if TYPE_CHECKING:
    from pathlib import Path

    from drone_mcp_state import BuildStateStore
    from support.simulator import SimulatorHandle

HELLO, PAYMENTS = "octo/hello", "octo/payments"
REPO = f"/api/repos/{HELLO}"
NO_ROWS = {"message": "sql: no rows in result set"}


def asked(drone: SimulatorHandle) -> list[str]:
    """Return the paths that were asked for since the last look."""
    paths = [request.path for request in drone.asked]
    drone.forget()
    return paths


async def feed(store: BuildStateStore, drone: SimulatorHandle, slug: str, *numbers: int, at: float = EPOCH) -> None:
    """Store builds as a receiver of webhooks would have, at a time."""
    for number in numbers:
        build = Build.model_validate(drone.world.find_build(drone.world.repos[slug], number).to_json())
        await store.apply(slug, build, source="webhook", at=at)


async def test_a_finished_build_is_read_once_and_then_known(simulated: Any) -> None:
    async with simulated() as (drone, access):
        first, second = await access.builds.build(HELLO, 4), await access.builds.build(HELLO, 4)
        assert asked(drone) == [f"{REPO}/builds/4", REPO]
        await drone.advance(50)
        await access.builds.build(HELLO, 4)
        assert asked(drone) == []
        await drone.advance(20)
        third = await access.builds.build(HELLO, 4)
        assert asked(drone) == [REPO], "a permission is cached for a minute"
    assert (first.source, second.source, third.source) == ("drone", "store", "store")
    assert first.build == second.build == third.build
    assert first.at == second.at == third.at == EPOCH


async def test_a_build_under_way_is_asked_for_each_time_without_a_feed(simulated: Any, state: str) -> None:
    for where in ("memory:", state):
        async with simulated(DRONE_MCP_STATE=where) as (drone, access):
            for _ in range(2):
                found = await access.builds.build(PAYMENTS, 3)
                assert (found.build.status, found.source) == ("running", "drone")
                assert asked(drone) == [f"/api/repos/{PAYMENTS}/builds/3"]


async def test_a_build_under_way_is_known_for_seconds_only_as_a_receiver_that_is_gone_reports_nothing(
    simulated: Any, state: str
) -> None:
    async with open_store(state) as store, simulated(DRONE_MCP_STATE=state) as (drone, access):
        await feed(store, drone, PAYMENTS, 3)
        await drone.advance(9)
        known = await access.builds.build(PAYMENTS, 3)
        assert asked(drone) == [f"/api/repos/{PAYMENTS}"]
        assert (known.source, known.at) == ("store", EPOCH)
        for seconds in (1, 10, 130):
            await drone.advance(seconds)
            read = await access.builds.build(PAYMENTS, 3)
            assert asked(drone) == [f"/api/repos/{PAYMENTS}/builds/3"]
            assert (read.source, read.at) == ("drone", drone.world.now())


async def test_what_one_process_has_asked_for_others_know_for_a_while(simulated: Any, state: str) -> None:
    async with open_store(state) as store, simulated(DRONE_MCP_STATE=state) as (drone, access):
        await feed(store, drone, PAYMENTS, 3)
        await drone.advance(20)
        first, second = [await access.builds.build(PAYMENTS, 3) for _ in range(2)]
    assert (first.source, second.source) == ("drone", "store")
    assert first.at == second.at == EPOCH + 20


async def test_a_build_that_waits_for_approval_is_asked_for_since_no_webhook_reports_that(
    simulated: Any, state: str
) -> None:
    async with open_store(state) as store, simulated(DRONE_MCP_STATE=state) as (drone, access):
        await feed(store, drone, PAYMENTS, 2)
        assert (await access.builds.build(PAYMENTS, 2)).source == "drone"
        assert asked(drone) == [f"/api/repos/{PAYMENTS}/builds/2"]


async def test_what_drone_says_now_can_be_asked_for_although_the_build_is_known(simulated: Any) -> None:
    async with simulated() as (drone, access):
        await access.builds.build(HELLO, 4)
        asked(drone)
        assert (await access.builds.ask(HELLO, 4)).source == "drone"
        assert asked(drone) == [f"{REPO}/builds/4"]


async def test_the_newest_build_is_known_only_if_every_newer_one_is(simulated: Any, state: str) -> None:
    async with open_store(state) as store, simulated(DRONE_MCP_STATE=state) as (drone, access):
        await feed(store, drone, HELLO, 3)
        read = await access.builds.find(HELLO, None)
        assert asked(drone) == [REPO, f"{REPO}/builds/latest"]
        assert (read.build.number, read.source, read.of_any_ref) == (4, "drone", False)
        known = await access.builds.newest(HELLO)
        assert asked(drone) == []
        assert (known.build.number, known.source) == (4, "store")


async def test_what_one_token_has_read_is_not_given_to_another(simulated: Any, state: str) -> None:
    async with simulated("dev", DRONE_MCP_STATE=state) as (drone, access):
        found = [await access.builds.build(PAYMENTS, 1) for _ in range(2)]
        assert [one.source for one in found] == ["drone", "store"]
        for token, error in [
            (drone.token("robot"), NotFound), ("a-wrong-token", AuthenticationFailed), ("", AuthenticationFailed)
        ]:  # fmt: skip
            for where in (state, "memory:"):  # the answer is the same with and without the store
                async with known_access(drone, DRONE_MCP_STATE=where, DRONE_TOKEN=token) as other:
                    with pytest.raises(error):
                        await other.builds.build(PAYMENTS, 1)


async def test_access_that_is_granted_works_at_once_and_access_that_is_taken_ends_within_a_minute(
    simulated: Any, state: str
) -> None:
    async with simulated("dev", DRONE_MCP_STATE=state) as (drone, access):
        key = (drone.world.repos[PAYMENTS].uid, drone.world.users["dev"].id)
        await access.builds.build(PAYMENTS, 1)
        permission = drone.world.perms.pop(key)
        with pytest.raises(NotFound):  # Drone has not yet shown that the repository may be read
            await access.builds.build(PAYMENTS, 1)
        drone.world.perms[key] = permission
        assert (await access.builds.build(PAYMENTS, 1)).source == "store"
        del drone.world.perms[key]
        assert (await access.builds.build(PAYMENTS, 1)).source == "store"
        with pytest.raises(NotFound):  # who goes on for long is not served by a permission that is about to run out
            await access.builds.build(PAYMENTS, 1, ahead=61)
        await drone.advance(61)
        with pytest.raises(NotFound):
            await access.builds.build(PAYMENTS, 1)


async def test_another_token_in_the_token_file_has_to_be_let_in_itself(state: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    async with running_simulator("demo", socket=True) as drone:
        file.write_text(drone.token("dev"))
        async with known_access(drone, DRONE_MCP_STATE=state, DRONE_TOKEN_FILE=str(file)) as access:
            for _ in range(2):
                await access.builds.build(PAYMENTS, 1)
            file.write_text(drone.token("robot"))
            with pytest.raises(NotFound):
                await access.builds.build(PAYMENTS, 1)


async def test_a_repository_that_took_over_a_name_does_not_get_the_builds_of_the_one_before(
    simulated: Any, state: str
) -> None:
    old = Build(number=1, repo_id=999, status="success", stages=(Stage(number=1, name="old", status="success"),))
    async with open_store(state) as store, simulated(DRONE_MCP_STATE=state) as (drone, access):
        await store.apply(HELLO, old, source="webhook", at=EPOCH)
        found = await access.builds.build(HELLO, 1)
        assert asked(drone) == [REPO, f"{REPO}/builds/1"]
    assert (found.source, found.build.stages[0].name) == ("drone", "build")


async def test_a_role_does_not_get_what_is_known_of_repositories_beyond_it(simulated: Any, state: str) -> None:
    async with simulated(DRONE_MCP_STATE=state, DRONE_MCP_REPOS=HELLO) as (drone, access):
        async with open_store(state) as store:
            await feed(store, drone, PAYMENTS, 1)
        with pytest.raises(PermissionDenied):
            await access.builds.build(PAYMENTS, 1)
        assert asked(drone) == []


async def test_a_store_that_does_not_answer_costs_nothing_but_its_help(simulated: Any, tmp_path: Path) -> None:
    async with simulated(DRONE_MCP_STATE=f"sqlite://{tmp_path}/none/state.db") as (drone, access):
        for _ in range(2):
            assert (await access.builds.build(HELLO, 4)).source == "drone"
        assert asked(drone) == [f"{REPO}/builds/4"] * 2
        (tmp_path / "none").mkdir()
        await drone.advance(30)
        assert [(await access.builds.build(HELLO, 4)).source for _ in range(2)] == ["drone", "store"]


@pytest.fixture
def made() -> Any:
    """Give a Drone whose every answer the test makes, and access to it."""
    settings = {"DRONE_SERVER": "https://drone.example.com", "DRONE_TOKEN": "a-token-of-the-tests"}
    access = KnownAccess(Settings.from_environment({**settings, "DRONE_MCP_RETRIES": "0"}), lambda: T0 + 300.0)
    with respx.mock(base_url=settings["DRONE_SERVER"], assert_all_called=True) as drone:
        yield drone, access


async def test_what_this_process_alone_keeps_is_bounded(made: Any) -> None:
    drone, access = made
    drone.get(REPO).respond(json=made_repo(HELLO))
    for number in range(1, 52):
        drone.get(f"{REPO}/builds/{number}").respond(json=failing_build(number))
        await access.builds.build(HELLO, number)
    sources = [(await access.builds.build(HELLO, number)).source for number in (51, 31, 30, 1)]
    assert sources == ["store", "store", "drone", "drone"]
    await access.close()


async def test_without_a_build_of_the_default_branch_the_newest_of_any_ref_is_read_and_marked(made: Any) -> None:
    drone, access = made
    drone.get(f"{REPO}/builds/latest").respond(404, json=NO_ROWS)
    drone.get(f"{REPO}/builds").respond(json=[made_build(7)])
    drone.get(f"{REPO}/builds/7").respond(json=failing_build(7))
    found = await access.builds.newest(HELLO)
    assert (found.build.number, found.of_any_ref) == (7, True)
    assert await access.builds.newest_of_default_branch(HELLO) is None
    await access.close()


async def test_a_repository_without_builds_is_distinguished_from_one_that_is_not_there(made: Any) -> None:
    drone, access = made
    drone.get(f"{REPO}/builds/latest").respond(404, json=NO_ROWS)
    drone.get(f"{REPO}/builds").respond(json=[])
    with pytest.raises(NoBuilds, match="has no builds yet"):
        await access.builds.newest(HELLO)
    drone.get("/api/repos/octo/none/builds/latest").respond(404, json={"message": "Not Found"})
    with pytest.raises(NotFound) as missing:
        await access.builds.newest("octo/none")
    assert not isinstance(missing.value, NoBuilds)
    await access.close()


async def test_the_time_limit_is_read_only_where_it_may_have_stopped_the_build(made: Any) -> None:
    drone, access = made

    def stopped(exit_code: int) -> Build:
        stage = made_stage(1, "ci", "killed", made_step(1, "test", "killed", exit_code=exit_code))
        return Build.model_validate(made_build(8, "killed", stage))

    assert await access.builds.time_limit(HELLO, stopped(130)) == 0
    assert await access.builds.time_limit(HELLO, Build.model_validate(failing_build())) == 0
    assert not drone.calls
    drone.get(REPO).respond(json=made_repo(HELLO, timeout=60))
    assert await access.builds.time_limit(HELLO, stopped(137)) == 3_600
    drone.get("/api/repos/octo/other").respond(500, json={"message": "database is locked"})
    assert await access.builds.time_limit("octo/other", stopped(137)) == 0, "the build can be judged without it"
    await access.close()
