"""The sweep of previews: what it stops and opens, once, whoever sweeps."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from ci_mcp_simulator.clock import ManualClock
from drone_mcp_build.access import DroneAccess
from drone_mcp_build.guard.opening import make_guard
from drone_mcp_client.models import Build
from drone_mcp_deployments.preview_ends import PreviewEnds
from drone_mcp_deployments.settings import DeploySettings
from drone_mcp_state import open_store
from drone_mcp_webhooks.preview_lifecycle import PreviewSweep
from support.simulator import running_simulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from drone_mcp_state import BuildStateStore
    from support.simulator import SimulatorHandle

SLUG = "octo/hello"
WORLD = Path(__file__).parent / "previews.yaml"
HOUR = 3600.0
TOPIC, OTHER = 2, 3  # green builds of branches


@dataclass
class Scene:
    """A Drone, and receivers that sweep in its time."""

    drone: SimulatorHandle
    store: BuildStateStore
    sweeps: list[PreviewSweep]
    audit: Path

    async def learn(self) -> None:
        """Let the store know all builds, as deliveries and the reconciler do."""
        async with self.drone.client() as drone:
            for build in (await drone.get(f"/api/repos/{SLUG}/builds")).json():
                await self.store.apply(SLUG, Build.model_validate(build), source="webhook", at=self.drone.world.now())

    async def sweep(self, *others: int) -> None:
        """Let the first receiver sweep, or those that are named, at the same time."""
        await self.learn()
        async with anyio.create_task_group() as group:
            for number in others or (0,):
                group.start_soon(self.sweeps[number].sweep)
        await self.drone.advance(70)

    async def promote(self, number: int, target: str, **params: str) -> int:
        """Promote a build as a person does, and let the runner work."""
        async with self.drone.client() as person:
            path = f"/api/repos/{SLUG}/builds/{number}/promote"
            made = (await person.post(path, params={"target": target, **params})).raise_for_status().json()
        await self.drone.advance(70)
        self.drone.forget()
        return int(made["number"])

    async def pull(self, action: str, branch: str = "topic", number: int = TOPIC) -> None:
        """Let the forge tell Drone of a pull request of a branch, with the commit of a build."""
        head = {"ref": branch, "sha": self.build(number).after, "repo": {"full_name": SLUG}}
        pull = {"title": "Add it", "head": head, "base": {"ref": "main"}}
        body = {"action": action, "number": 9, "pull_request": pull, "repository": {"full_name": SLUG}}
        async with self.drone.client() as forge:
            sent = await forge.post("/hook", json=body, headers={"x-gitea-event": "pull_request"})
            sent.raise_for_status()
        await self.drone.advance(70)
        self.drone.forget()

    @property
    def writes(self) -> list[str]:
        """What was sent that could change anything."""
        return [f"{asked.method} {asked.path}" for asked in self.drone.asked if asked.method != "GET"]

    def build(self, number: int) -> Any:
        return self.drone.world.find_build(self.drone.world.repos[SLUG], number)

    @property
    def lines(self) -> list[dict[str, Any]]:
        text = self.audit.read_text(encoding="utf-8") if self.audit.exists() else ""
        return [json.loads(line) for line in text.splitlines()]


@asynccontextmanager
async def scene(folder: Path, *branches: str, receivers: int = 1, **environment: str) -> AsyncIterator[Scene]:
    """Run Drone and receivers that may change what the environment says."""
    state = f"sqlite://{folder}/state.db"
    clock = ManualClock()
    async with AsyncExitStack() as stack:
        drone = await stack.enter_async_context(running_simulator(WORLD, socket=True, clock=clock))
        store = await stack.enter_async_context(open_store(state))
        variables = {
            "AGENT_ROLE": "receiver",
            "DRONE_SERVER": drone.url,
            "DRONE_TOKEN": "reader-token",
            "DRONE_WRITE_TOKEN": drone.admin_token,
            "DRONE_MCP_ACTIONS": "on",
            "DRONE_MCP_ACTION_REPOS": "octo/*",
            "DRONE_MCP_ACTION_TARGETS": "preview-*",
            "DRONE_MCP_AUDIT_LOG": str(folder / "audit.jsonl"),
            "DRONE_MCP_STATE": state,
            **environment,
        }
        sweeps = []
        for number in range(receivers):
            settings = DeploySettings.from_environment(variables)
            access = DroneAccess(settings)
            stack.push_async_callback(access.close)
            guard, actor = make_guard(settings, access, {}, drone.world.now)
            ends = PreviewEnds(guard.kept, settings.rules.previews.seconds)
            sweep = PreviewSweep(
                store=store,
                access=access,
                actor=actor,
                rules=settings.rules,
                ends=ends,
                branches=branches,
                holder=f"receiver-{number}",
                now=drone.world.now,
            )
            sweeps.append(sweep)
        drone.forget()
        yield Scene(drone, store, sweeps, folder / "audit.jsonl")


async def test_a_preview_is_stopped_when_its_time_is_over(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        opened = await here.promote(TOPIC, "preview-topic")
        await here.sweep()
        assert here.writes == []
        await here.drone.advance(24 * HOUR)
        for _ in range(3):
            await here.sweep()
        assert here.writes == [f"POST /api/repos/{SLUG}/builds/{opened}/promote"]
        stop = here.build(opened + 1)
    assert (stop.deploy_to, stop.params) == ("preview-topic", {"PREVIEW_ACTION": "stop"})
    assert [(line["event"], line["operation"], line["agent"]["role"]) for line in here.lines] == [
        ("attempt", "stop-preview", "receiver"),
        ("outcome", "stop-preview", "receiver"),
    ]


@pytest.mark.parametrize("branch", ["topic", "elsewhere"])
async def test_a_preview_is_stopped_when_its_pull_request_is_merged_or_closed(tmp_path: Path, branch: str) -> None:
    async with scene(tmp_path) as here:
        opened = await here.promote(TOPIC, "preview-topic")
        await here.pull("opened", branch)
        await here.sweep()
        assert here.writes == []
        await here.pull("closed", branch)
        await here.sweep()
        sent = [f"POST /api/repos/{SLUG}/builds/{opened}/promote"]
        assert here.writes == (sent if branch == "topic" else [])


async def test_a_branch_that_is_worked_on_after_its_pull_request_keeps_its_new_preview(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.pull("opened", number=OTHER)
        await here.pull("closed", number=OTHER)
        await here.promote(TOPIC, "preview-topic")
        await here.sweep()
        assert here.writes == []


async def test_without_open_previews_a_sweep_costs_one_request(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.pull("opened")
        await here.learn()
        here.drone.forget()
        await here.sweeps[0].sweep()
        assert [asked.path for asked in here.drone.asked] == [f"/api/repos/{SLUG}/builds/deployments"]


async def test_a_target_that_is_no_preview_is_left_alone(tmp_path: Path) -> None:
    async with scene(tmp_path, DRONE_MCP_ACTION_TARGETS="*") as here:
        await here.promote(TOPIC, "staging")
        await here.drone.advance(48 * HOUR)
        await here.sweep()
        assert here.writes == []


@pytest.mark.parametrize(
    ("environment", "rule"),
    [
        ({"DRONE_MCP_ACTION_TARGETS": "staging"}, "targets"),
        ({"DRONE_MCP_ACTION_OPERATIONS": "promote"}, "operations"),
        ({"DRONE_MCP_ACTION_CONFIRM": "low"}, ""),
    ],
)
async def test_what_the_guard_refuses_is_not_swept_and_on_record_once_an_hour(
    tmp_path: Path, environment: dict[str, str], rule: str
) -> None:
    async with scene(tmp_path, receivers=1, **environment) as here:
        await here.promote(TOPIC, "preview-topic")
        await here.drone.advance(24 * HOUR)
        for _ in range(3):
            await here.sweep()
        assert here.writes == []
        assert [(line["event"], line.get("rule", "")) for line in here.lines] == [("refused", rule)]


async def test_a_rehearsal_sends_nothing(tmp_path: Path) -> None:
    async with scene(tmp_path, "*", DRONE_MCP_ACTIONS="dry-run") as here:
        await here.promote(TOPIC, "preview-topic")
        await here.drone.advance(24 * HOUR)
        await here.sweep()
        assert here.writes == []
        assert {line["event"] for line in here.lines} == {"dry-run"}


async def test_outside_of_its_repositories_a_receiver_asks_nothing(tmp_path: Path) -> None:
    async with scene(tmp_path, DRONE_MCP_ACTION_REPOS="octo/other") as here:
        await here.promote(TOPIC, "preview-topic")
        await here.learn()
        here.drone.forget()
        await here.sweeps[0].sweep()
        assert here.drone.asked == []


async def test_a_stop_that_failed_is_repeated_ever_more_rarely(tmp_path: Path) -> None:
    async with scene(tmp_path, DRONE_MCP_ACTION_RATE="100/h") as here:
        await here.promote(TOPIC, "preview-topic")
        await here.drone.advance(24 * HOUR)
        hours = []
        for hour in range(24):
            here.drone.forget()
            await here.sweep()
            for build in here.drone.world.list_builds(here.drone.world.repos[SLUG]):
                if build.params:
                    build.status = "failure"
            hours += [hour] * len(here.writes)
            await here.drone.advance(HOUR - 70)
    assert hours == [0, 1, 3, 7, 15]


async def test_a_branch_that_turns_green_gets_a_preview(tmp_path: Path) -> None:
    async with scene(tmp_path, "*", "!other") as here:
        for _ in range(2):
            await here.sweep()
        # Build 1 is of the default branch, 3 of a branch without previews, and 4 failed.
        assert here.writes == [f"POST /api/repos/{SLUG}/builds/{TOPIC}/promote"]
        async with here.drone.client() as person:
            deployments = (await person.get(f"/api/repos/{SLUG}/builds/deployments")).json()
    assert [one["deploy_to"] for one in deployments] == ["preview-topic"]


async def test_a_preview_that_somebody_stopped_stays_stopped_until_the_next_push(tmp_path: Path) -> None:
    async with scene(tmp_path, "topic") as here:
        opened = await here.promote(TOPIC, "preview-topic")
        await here.promote(opened, "preview-topic", PREVIEW_ACTION="stop")
        await here.sweep()
        assert here.writes == []


async def test_old_builds_and_branches_whose_pull_request_is_closed_get_no_preview(tmp_path: Path) -> None:
    async with scene(tmp_path, "*") as here:
        await here.pull("opened")
        await here.pull("closed")
        await here.learn()
        await here.sweep()
        assert here.writes == [f"POST /api/repos/{SLUG}/builds/{OTHER}/promote"]
    async with scene(tmp_path, "*") as here:
        await here.drone.advance(30 * HOUR)
        await here.sweep()
        assert here.writes == []


async def test_no_more_previews_are_opened_than_may_be_open(tmp_path: Path) -> None:
    async with scene(tmp_path, "*", DRONE_MCP_ACTION_PREVIEWS="1/24h") as here:
        await here.sweep()
        assert len(here.writes) == 1
        assert [line["rule"] for line in here.lines if line["event"] == "refused"] == ["previews"]


async def test_the_end_that_an_agent_has_noted_counts(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        opened = await here.promote(TOPIC, "preview-topic")
        await here.learn()
        for_an_hour = PreviewEnds(here.sweeps[0].ends._kept, HOUR)
        record = await here.store.get(SLUG, opened)
        assert record is not None
        await for_an_hour.begin(SLUG, record.build, here.drone.world.now())
        await here.drone.advance(2 * HOUR)
        await here.sweep()
        assert len(here.writes) == 1


async def test_of_two_receivers_one_sweeps(tmp_path: Path) -> None:
    async with scene(tmp_path, "*", receivers=2) as here:
        await here.promote(TOPIC, "preview-topic")
        await here.drone.advance(24 * HOUR)
        await here.sweep(0, 1)
        assert len(here.writes) == 1
        await here.sweeps[0].release_lease()
        await here.sweep(1, 0)
        assert len(here.writes) == 1


async def test_a_receiver_does_not_repeat_what_another_did_before_it_lost_the_lease(tmp_path: Path) -> None:
    async with scene(tmp_path, receivers=2) as here:
        opened = await here.promote(TOPIC, "preview-topic")
        await here.drone.advance(24 * HOUR)
        await here.sweep(0)
        # As if the promotion had got lost in Drone: only the note is left of the first attempt.
        here.build(opened + 1).deploy_to = "elsewhere"
        here.drone.world.latest[here.drone.world.repos[SLUG].id, "deployment", "preview-topic"] = here.build(opened).id
        await here.sweeps[0].release_lease()
        await here.sweep(1)
        assert len(here.writes) == 1
