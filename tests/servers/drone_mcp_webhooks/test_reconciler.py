"""The reconciler against a simulated Drone, in the simulator's time."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio.lowlevel
import httpx
import pytest

from ci_mcp_kit import background
from drone_mcp_client.client import DroneClient
from drone_mcp_client.models import Build
from drone_mcp_client.options import DroneOptions
from drone_mcp_client.status import is_held
from drone_mcp_simulator.webhooks import WebhookSender
from drone_mcp_state import BuildStateStore, is_settled, open_store
from drone_mcp_webhooks.drone_request_budget import RequestLimit
from drone_mcp_webhooks.receiver import Receiver
from drone_mcp_webhooks.reconciler import Reconciler, Round
from drone_mcp_webhooks.webhook_keys import FixedKeys
from support.captured_builds import SECRET
from support.patience import PATIENCE
from support.simulator import SimulatorHandle, running_simulator

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from pathlib import Path


@dataclass
class Scene:
    """A Drone, a store, and a reconciler between the two, that live by the same clock."""

    drone: SimulatorHandle
    store: BuildStateStore
    reconciler: Reconciler
    rounds: asyncio.Queue[float] = field(default_factory=asyncio.Queue)

    async def truth(self) -> dict[tuple[str, int], Build]:
        """Everything that Drone knows, with stages."""
        found = {}
        async with connect(self.drone) as client:
            for repo in await client.repos():
                async for build in client.builds(repo.slug):
                    found[repo.slug, build.number] = await client.build(repo.slug, build.number)
        return found

    async def known(self) -> dict[tuple[str, int], Build]:
        return {(record.slug, record.build.number): record.build async for record in self.store.records()}

    async def start_build(self) -> int:
        async with connect(self.drone) as client:
            build = await client.create_build("octo/hello", branch="main")
            assert build is not None
            return build.number


def connect(drone: SimulatorHandle, **options: Any) -> DroneClient:
    settings = DroneOptions(server=drone.url, token=drone.admin_token, retries=0)
    return DroneClient(settings, network=drone.transport, **options)


@asynccontextmanager
async def scene(
    scenario: str | Path = "demo",
    *,
    per_minute: int = 1000,
    webhooks: WebhookSender | None = None,
    store: BuildStateStore | None = None,
) -> AsyncGenerator[Scene]:
    async with running_simulator(scenario, webhooks=webhooks) as drone, open_store("memory:") as own:
        now = drone.world.clock.now
        limit = RequestLimit(per_minute, now)
        async with connect(drone, gate=limit.admit) as client:
            kept = store or own
            reconciler = Reconciler(kept, client, "one", 60, now=now)
            yield Scene(drone, kept, reconciler)


async def test_the_first_round_learns_every_build_and_how_the_moving_ones_stand() -> None:
    async with scene() as here:
        await here.reconciler.compare_once()
        known, truth = await here.known(), await here.truth()
        assert known.keys() == truth.keys()
        assert {key: build.status for key, build in known.items()} == {key: b.status for key, b in truth.items()}
        moving = [(record.slug, record.build.number) for record in await here.store.unfinished()]
        assert moving
        assert [known[key] for key in moving] == [truth[key] for key in moving]


async def test_without_any_webhook_the_state_is_right_within_one_period() -> None:
    async with scene() as here:
        await here.reconciler.compare_once()
        number = await here.start_build()
        for _ in range(40):
            await here.drone.advance(60)
            await here.reconciler.compare_once()
            known, truth = await here.known(), await here.truth()
            assert {key: build.status for key, build in known.items()} == {key: b.status for key, b in truth.items()}
        record = await here.store.get("octo/hello", number)
        assert record is not None
        assert record.build == (await here.truth())["octo/hello", number]
        assert is_settled(record.build)


async def test_a_build_that_came_and_ended_between_two_rounds_is_known_with_its_stages() -> None:
    async with scene() as here:
        await here.reconciler.compare_once()
        number = await here.start_build()
        await here.drone.advance(3600)
        await here.reconciler.compare_once()
        assert (await here.known())["octo/hello", number] == (await here.truth())["octo/hello", number]


async def test_a_round_with_nothing_new_costs_one_request() -> None:
    async with scene() as here:
        await here.reconciler.compare_once()
        await here.drone.advance(7200)
        await here.reconciler.compare_once()
        before = len(here.drone.asked)
        await here.drone.advance(60)
        await here.reconciler.compare_once()
        moving = len(await here.store.unfinished())
        assert [asked.path for asked in here.drone.asked[before : before + 1]] == ["/api/user/repos"]
        assert len(here.drone.asked) - before == 1 + moving


async def test_the_budget_is_never_exceeded_and_the_rest_follows_in_the_next_minutes() -> None:
    async with scene(per_minute=3) as here:
        for _ in range(30):
            before = len(here.drone.asked)
            await here.reconciler.compare_once()
            assert len(here.drone.asked) - before <= 3
            await here.drone.advance(60)
        known, truth = await here.known(), await here.truth()
        assert {key: build.status for key, build in known.items()} == {key: b.status for key, b in truth.items()}


def many_repositories(folder: Path, count: int) -> Path:
    """A scenario in which each repository has two builds that go on for hours."""
    repos = "".join(
        f"  - slug: octo/r{number}\n    permissions: {{admin: admin}}\n    timeout: 600\n"
        "    branches: {main: {message: Build, author: ada, pipeline: long}}\n"
        for number in range(count)
    )
    builds = "".join(f"  - {{at: {at}, repo: octo/r{number}}}\n" for number in range(count) for at in ("-2h", "-1h"))
    text = (
        "name: many\nrunner: {name: r, pickup: 1s}\nusers:\n  - {login: admin, token: admin-token, admin: true}\n"
        f"repos:\n{repos}pipelines:\n  long:\n    - {{name: build, steps: [{{name: test, duration: 5h}}]}}\n"
        f"builds:\n{builds}"
    )
    path = folder / "many.yaml"
    path.write_text(text)
    return path


async def test_the_budget_holds_however_many_repositories_there_are_and_all_have_their_turn(tmp_path: Path) -> None:
    async with scene(many_repositories(tmp_path, 60), per_minute=20) as here:
        spent = []
        for _ in range(20):
            before = len(here.drone.asked)
            await here.reconciler.compare_once()
            spent.append(len(here.drone.asked) - before)
            await here.drone.advance(60)
        assert max(spent) == 20, "it is used, and never exceeded"
        known = await here.known()
        assert len(known) == 120
        assert all(build.stages for build in known.values())


async def test_a_round_that_the_budget_cut_short_is_no_comparison() -> None:
    async with scene(per_minute=1) as here:
        await here.reconciler.compare_once()
        assert (await here.store.health()).last_reconciliation is None


async def test_a_change_without_a_delivery_is_a_gap_until_deliveries_come_again() -> None:
    async with scene() as here:
        now = here.drone.world.clock.now
        await here.store.record_event(now())
        await here.reconciler.compare_once()
        assert (await here.store.health()).is_alive(now())
        await here.start_build()
        await here.drone.advance(60)
        await here.reconciler.compare_once()
        assert not (await here.store.health()).is_alive(now())
        assert here.reconciler.metrics.value("drone_mcp_reconciler_missed_changes_total") > 0
        await here.drone.advance(1)
        await here.store.record_event(now())
        assert (await here.store.health()).is_alive(now())


async def test_with_working_webhooks_nothing_is_missed_and_the_feed_stays_alive() -> None:
    async with open_store("memory:") as store:
        receiver = Receiver(store, FixedKeys(SECRET), max_age=0)
        sender = WebhookSender(
            ("http://receiver.test/webhooks",), SECRET, transport=httpx.ASGITransport(receiver.app())
        )
        async with scene(webhooks=sender, store=store) as here:
            receiver.now = now = here.drone.world.clock.now
            await here.reconciler.compare_once()
            number = await here.start_build()
            for _ in range(6):
                await here.drone.advance(60)
                await here.reconciler.compare_once()
                assert (await store.health()).is_alive(now())
            assert here.reconciler.metrics.value("drone_mcp_reconciler_missed_changes_total") == 0
            assert (await here.known())["octo/hello", number] == (await here.truth())["octo/hello", number]


async def test_two_receivers_do_not_both_ask() -> None:
    async with scene() as here:
        now = here.drone.world.clock.now
        async with connect(here.drone) as client:
            other = Reconciler(here.store, client, "other", 60, now=now)
            assert await here.reconciler.hold_lease()
            assert not await other.hold_lease()
            await here.drone.advance(200)
            assert await other.hold_lease(), "the first one has not been heard of for two and a half periods"
            before = len(here.drone.asked)
            await here.reconciler.compare_once()
            assert len(here.drone.asked) - before == 1, "it finds out with its first request and leaves it at that"
            await other.release_lease()
            assert await here.reconciler.hold_lease()


async def test_a_token_that_may_not_read_a_build_asks_for_it_once_an_hour() -> None:
    async with scene() as here:
        strange = Build(number=7, status="running", version=2, created=int(here.drone.world.clock.now()))
        await here.store.apply("octo/elsewhere", strange, source="webhook", at=here.drone.world.clock.now() - 60)

        def asked() -> int:
            return sum("elsewhere" in request.path for request in here.drone.asked)

        await here.reconciler.compare_once()
        await here.drone.advance(60)
        await here.reconciler.compare_once()
        assert asked() == 1
        await here.drone.advance(3600)
        await here.reconciler.compare_once()
        assert asked() == 2
        assert await here.store.get("octo/elsewhere", 7) is not None


async def test_while_drone_is_gone_a_round_asks_once_and_the_next_one_tries_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with scene() as here:
        here.drone.break_with("status", status=401, count=1)
        await here.reconciler.compare_once()
        assert len(here.drone.asked) == 1
        assert "ended early" in caplog.text
        assert here.drone.admin_token not in caplog.text
        await here.reconciler.compare_once()
        assert await here.known()


async def test_it_goes_on_by_itself_at_its_period_and_at_once_when_a_delivery_was_lost() -> None:
    async with scene() as here:
        pauses: asyncio.Queue[float] = asyncio.Queue()
        wake = asyncio.Event()

        async def pause(seconds: float) -> None:
            pauses.put_nowait(seconds)
            await wake.wait()

        here.reconciler.pause = pause
        running = asyncio.create_task(here.reconciler.run())
        assert await asyncio.wait_for(pauses.get(), PATIENCE) == 15, "no delivery has ever come: four times a period"
        await here.store.record_event(here.drone.world.clock.now())
        here.reconciler.compare_now()
        assert await asyncio.wait_for(pauses.get(), PATIENCE) == 60
        wake.set()
        assert await asyncio.wait_for(pauses.get(), PATIENCE) == 60
        running.cancel()
        await asyncio.wait([running])


async def decline_whole(client: DroneClient, held: Build) -> None:
    await client.decline_build("octo/payments", held.number)


async def decline_one(client: DroneClient, held: Build) -> None:
    await client.decline_stage("octo/payments", held.number, held.stages[-1].number)


async def approve_one(client: DroneClient, held: Build) -> None:
    await client.approve_stage("octo/payments", held.number, held.stages[0].number)


@pytest.mark.parametrize("judge", [decline_whole, decline_one, approve_one])
async def test_what_becomes_of_a_held_build_is_found_within_a_period_although_drone_tells_nobody(
    judge: Callable[[DroneClient, Build], Awaitable[None]],
) -> None:
    async with scene() as here:
        await here.reconciler.compare_once()
        (held,) = [record.build for record in await here.store.unfinished() if is_held(record.build)]
        async with connect(here.drone) as client:
            await judge(client, held)
        start = await here.store.cursor()
        await here.drone.advance(60)
        missed = here.reconciler.metrics.value("drone_mcp_reconciler_missed_changes_total")
        await here.reconciler.compare_once()
        key = ("octo/payments", held.number)
        assert (await here.known())[key] == (await here.truth())[key] != held
        assert await here.store.changes(start, *key), "whoever waits for it is woken"
        assert judge is approve_one or (
            here.reconciler.metrics.value("drone_mcp_reconciler_missed_changes_total") == missed
        ), "no delivery is missing: Drone sends none"


def test_a_start_whose_first_step_has_not_begun_is_no_gap() -> None:
    current = Round(at=10_000, before=9_940)
    current.count_if_missed(Build(number=7, status="running", created=6_400, started=9_995))
    assert current.missed == 0
    current.count_if_missed(Build(number=7, status="running", created=6_400, started=9_700))
    assert current.missed == 1


async def test_a_fault_that_nobody_expected_is_counted_and_the_comparison_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(background, "RESTART_SECONDS", 0)
    async with scene() as s:
        failures = 3
        repos = s.reconciler.drone.repos

        async def failing(**options: Any) -> Any:
            nonlocal failures
            if failures:
                failures -= 1
                assert s.reconciler.metrics.value("drone_mcp_reconciler_leader") == 1
                raise ValueError("of a library, for one")
            return await repos(**options)

        monkeypatch.setattr(s.reconciler.drone, "repos", failing)
        async with background.running(background.keep_running, "x", s.reconciler.run, s.reconciler.note_fault):
            async with asyncio.timeout(30):
                while (await s.store.health()).last_reconciliation is None:
                    await anyio.lowlevel.checkpoint()
        assert b'drone_mcp_background_faults_total{part="reconciler"} 3.0' in s.reconciler.metrics.render()
