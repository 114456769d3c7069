"""The simulator answers like the recorded Coder: status, headers that matter, words of refusals, shape of bodies.

Each capture is sent to a world in the state that the recorded server was in. Ids are those of the world.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest

from ci_mcp_simulator.clock import ManualClock
from coder_simulator.app import create_app, serving
from coder_simulator.records import Option, Parameter, Preset, Template, User
from coder_simulator.routes import ROUTES
from coder_simulator.world import World
from support.coder_captures import CODER_CAPTURES, CoderCapture, coder_capture
from support.http_process import PLAIN

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from coder_simulator.records import Workspace

ID: Final = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
VALUES: Final = {"role": "dev", "project": "acme/shop", "ai_prompt": "Fix the flaky test in cart_test.py"}
READS: Final = ("workspace:read", "template:read", "user:read_personal")
OPERATES: Final = ("workspace:read", "workspace:start", "workspace:stop", "template:read")
CONTRACT: Final = tuple(Parameter(one, shown_as=one) for one in ("last_state", "last_message"))
ROLE: Final = Parameter(
    "role",
    "Role",
    mutable=False,
    default="dev",
    options=(Option("dev"), Option("reviewer"), Option("ops")),
    shown_as="role",
)
PROJECT: Final = Parameter(
    "project",
    "Project",
    mutable=False,
    required=True,
    regex="^([a-z0-9-]+/[a-z0-9-]+)?$",
    error="Must look like owner/name.",
    shown_as="project",
)
OTHERS: Final = (
    Parameter("ai_prompt", "Task", shown_as="task"),
    Parameter("pull_request", shown_as="pull_request"),
    Parameter("cpu", type="number", default="2", minimum=1, maximum=8),
)


def make_world() -> World:
    world = World(clock=ManualClock())
    tokens = {
        "FLEET-TOKEN": ("coder:all",),
        "SCOPED-READ-TOKEN": READS,
        "SCOPED-OPERATE-TOKEN": OPERATES,
    }
    world.users["admin"] = User(world.make_id(), "admin", tokens, is_owner=True)
    world.users["member"] = User(world.make_id(), "member", {"MEMBER-TOKEN": ("coder:all",)})
    preset = Preset(world.make_id(), "Small developer", {"role": "dev"}, is_default=True)
    world.templates["claude-dev"] = Template(
        world.make_id(), "claude-dev", world.make_id(), "Claude developer", "", (ROLE, PROJECT, *OTHERS), (preset,)
    )
    return world


def add(world: World, name: str = "shop-dev", **values: str) -> Workspace:
    return world.create(world.users["admin"], name, world.templates["claude-dev"], VALUES | values)


def build(world: World, transition: Any, **values: str) -> None:
    workspace = world.agent("shop-dev")
    world.build(workspace, transition, workspace.latest.values | values, world.users["admin"])


async def nothing(_: World) -> None:
    """Only users and templates."""


async def created(world: World) -> None:
    add(world)


async def starting(world: World) -> None:
    add(world)
    await world.advance(1)


async def connecting(world: World) -> None:
    add(world)
    await world.advance(3.7)


async def running(world: World) -> None:
    add(world)
    await world.advance(30)


async def two_running(world: World) -> None:
    add(world, "w1")
    await running(world)


async def reported(world: World) -> None:
    await running(world)
    world.report(world.agent("shop-dev"), "complete", "Done", "https://git.example.com/acme/shop/pull/17")
    world.report(world.agent("shop-dev"), "working", "Next").slug = "run"


async def stopped(world: World) -> None:
    await reported(world)
    build(world, "stop")
    await world.advance(30)


async def restarted(world: World) -> None:
    await stopped(world)
    build(world, "start")
    await world.advance(30)


async def restarting(world: World) -> None:
    await stopped(world)
    build(world, "start")
    await world.advance(3.7)


async def failed(world: World) -> None:
    await stopped(world)
    build(world, "start", ai_prompt="x" * 131_000)
    await world.advance(30)


async def recovered(world: World) -> None:
    await failed(world)
    build(world, "start", ai_prompt="short")
    await world.advance(30)
    build(world, "start")
    await world.advance(3.2)


async def canceled(world: World) -> None:
    await reported(world)
    build(world, "stop")
    await world.advance(1)
    world.cancel(world.agent("shop-dev").latest)
    await world.advance(30)


async def deleting(world: World) -> None:
    await reported(world)
    build(world, "delete")
    await world.advance(1)


async def deleted(world: World) -> None:
    await deleting(world)
    await world.advance(30)


async def lost(world: World) -> None:
    await reported(world)
    world.kill(world.agent("shop-dev"))


async def lost_among_others(world: World) -> None:
    world.create(world.users["admin"], "blog", world.templates["claude-dev"], VALUES | {"project": "acme/blog"})
    world.create(world.users["admin"], "a-shop", world.templates["claude-dev"], VALUES)
    await running(world)
    world.report(world.agent("blog"), "working", "Deep in work")
    world.kill(world.agent("blog"))


async def shut_down(world: World) -> None:
    await running(world)
    workspace = world.agent("shop-dev")
    world.kill(workspace)
    assert workspace.agent
    workspace.agent.lifecycle = "off"


async def shut_out(world: World) -> None:
    world.templates["claude-dev"].renews_machine = False
    await reported(world)
    build(world, "start")
    await world.advance(200)


async def shut_out_just_now(world: World) -> None:
    world.templates["claude-dev"].renews_machine = False
    await reported(world)
    build(world, "start")
    await world.advance(30)


async def dormant(world: World) -> None:
    await running(world)
    world.agent("shop-dev").dormant = world.now()


async def with_contract(world: World) -> None:
    world.templates["claude-dev"].parameters = (ROLE, PROJECT, *OTHERS, *CONTRACT)
    await restarted(world)


async def with_contract_stopped(world: World) -> None:
    world.templates["claude-dev"].parameters = (ROLE, PROJECT, *OTHERS, *CONTRACT)
    await stopped(world)


async def with_contract_deleted(world: World) -> None:
    world.templates["claude-dev"].parameters = (ROLE, PROJECT, *OTHERS, *CONTRACT)
    await deleted(world)


async def many_builds(world: World) -> None:
    await running(world)
    for _ in range(15):
        for transition in ("stop", "start"):
            build(world, transition)
            await world.advance(30)


async def exhausted(world: World) -> None:
    path = coder_capture("rate/429").path
    world.windows[world.users["admin"].id, path] = (world.now(), world.limit)


# The state of the recorded server, where it is not `two_running`.
STATES: Final[dict[str, Callable[[World], Awaitable[None]]]] = {
    "apps/proxy-agent-disconnected": lost,
    "apps/proxy-stopped": stopped,
    "auth/scoped-operate-delete-refused": running,
    "auth/scoped-operate-stop": running,
    "builds/after-restart-on-success": restarted,
    "builds/after-start-while-running": shut_out_just_now,
    "builds/canceled": canceled,
    "builds/create-after-failed": failed,
    "builds/create-conflict": starting,
    "builds/create-delete": stopped,
    "builds/create-start-of-deleted": deleted,
    "builds/failed-prompt-too-long": failed,
    "builds/list": running,
    "builds/list-after-id": restarting,
    "builds/list-of-deleted": deleted,
    "builds/list-page-0": restarting,
    "builds/list-page-1": restarted,
    "builds/list-since": restarting,
    "builds/list-with-failed": recovered,
    "builds/start-while-running-agent-ready": shut_out,
    "contract/history": with_contract_stopped,
    "contract/history-after-delete": with_contract_deleted,
    "contract/list-of-deleted-by-name": with_contract_deleted,
    "contract/list-q-deleted": with_contract_deleted,
    "contract/workspace-second-task": with_contract,
    "contract/workspace-stopped": with_contract_stopped,
    "history/builds-page-5": many_builds,
    "rate/429": exhausted,
    "status/list-with-latest": reported,
    "status/workspace-with-statuses": reported,
    "workspaces/builds-create-while-building": created,
    "workspaces/create": nothing,
    "workspaces/create-invalid-option": nothing,
    "workspaces/create-invalid-regex": nothing,
    "workspaces/create-missing-parameter": nothing,
    "workspaces/create-unknown-parameter": nothing,
    "workspaces/dormant-start": dormant,
    "workspaces/get-after-server-restart": shut_down,
    "workspaces/get-agent-disconnected": lost,
    "workspaces/get-built-agent-connecting": connecting,
    "workspaces/get-deleted": deleted,
    "workspaces/get-deleted-by-name": deleted,
    "workspaces/get-deleted-by-name-include": deleted,
    "workspaces/get-deleted-include": deleted,
    "workspaces/get-outdated": restarted,
    "workspaces/get-restarted": restarting,
    "workspaces/get-stopped": stopped,
    "workspaces/get-while-deleting": deleting,
    "workspaces/get-while-starting": starting,
    "workspaces/list-after-delete": shut_out,
    "workspaces/list-q-dormant": dormant,
    "workspaces/list-q-has-agent-disconnected": lost,
    "workspaces/list-q-param-case": shut_out,
    "workspaces/list-q-status-stopped": stopped,
    "workspaces/list-q-two-params-are-or": lost_among_others,
}
# Captures of a route that is simulated, but of something that no client of ours uses.
LEFT_OUT: Final = {
    "builds/create-delete-orphan": "deletions never orphan",
    "templates/list-query": "no workspace or template of the tasks API",
    "workspaces/watch": "a stream, which is compared below",
}
PROXY: Final = re.compile(r"/@[^/]+/[^/]+/apps/.*")


def is_simulated(capture: CoderCapture) -> bool:
    routes = any(pattern.fullmatch(capture.path) for _, pattern, _ in ROUTES) or PROXY.fullmatch(capture.path)
    return bool(routes) or capture.name in {
        "meta/route-missing",
        "meta/method-not-allowed",
        "meta/buildinfo",
        "rate/429",
    }


SIMULATED: Final = [name for name, capture in CODER_CAPTURES.items() if is_simulated(capture) and name not in LEFT_OUT]


def with_ids(world: World, text: str) -> str:
    """Return a recorded text with the ids of the world in place of the recorded ones."""
    found = {"templateversions/": world.templates["claude-dev"].version}
    for workspace in world.workspaces.values():
        if workspace.name == "shop-dev":
            found |= {"workspaces/": workspace.id, "workspacebuilds/": workspace.latest.id}
            found["after_id="] = workspace.builds[max(0, len(workspace.builds) - 2)].id
    for before, own in found.items():
        text = re.sub(rf"{before}(?!00000000){ID}", before + own, text)
    names = "contract|agent-\\d\\d"
    return re.sub(rf"(?<=[/@:])(?:{names})\b", "shop-dev", text)


async def ask(capture: CoderCapture) -> httpx.Response:
    world = make_world()
    await STATES.get(capture.name, two_running)(world)
    headers = {
        name: value for name, value in (capture.request["headers"] or {}).items() if name.lower() != "content-type"
    }
    body = capture.request["body"]
    content: dict[str, Any] = {"json": body} if isinstance(body, dict) else {}
    if isinstance(body, str):
        content = {"content": b"{nope"}
    if isinstance(body, dict) and str(body.get("template_id", "")).startswith("9f7f124b"):
        body["template_id"] = world.templates["claude-dev"].id
    if isinstance(body, dict) and body.get("owner_id"):
        body["owner_id"] = world.users["admin"].id
    if isinstance(body, dict) and str(body.get("name", "")).startswith("agent-"):
        body["name"] = "shop-dev"
    transport = httpx.ASGITransport(create_app(world))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:7080") as client:
        path = with_ids(world, str(capture.request["path"]))
        return await client.request(capture.request["method"], path, headers=headers, **content)


def compare(seen: Any, simulated: Any, at: str = "") -> list[str]:
    """Return where two values differ in kind; null stands for anything."""
    if isinstance(seen, dict) and isinstance(simulated, dict):
        if at.endswith(".environment_variables"):
            return []
        # Of an agent, which measures it some seconds after it has connected.
        names = (seen.keys() | simulated.keys()) - {"latency"}
        missing = [f"{at}.{name}: only in one" for name in names if (name in seen) != (name in simulated)]
        both = [name for name in seen if name in simulated]
        return missing + [fault for name in both for fault in compare(seen[name], simulated[name], f"{at}.{name}")]
    if isinstance(seen, list) and isinstance(simulated, list):
        if bool(seen) != bool(simulated):
            return [f"{at}: {len(simulated)} items, not {len(seen)}"]
        return compare(seen[0], simulated[0], f"{at}[0]") if seen else []
    if seen is None or simulated is None or type(seen) is type(simulated):
        return []
    return [f"{at}: {simulated!r} is not like {seen!r}"]


def faults(capture: CoderCapture, answer: httpx.Response) -> list[str]:
    """Return where an answer differs from the recorded one."""
    seen = {name.lower(): value for name, value in capture.headers.items()}
    if answer.status_code != capture.status:
        return [f"status {answer.status_code} is not {capture.status}: {answer.text[:300]}"]
    found = [
        f"{name} is in one of them"
        for name in ("x-ratelimit-limit", "x-coder-build-version", "retry-after", "location", "set-cookie")
        if (name in seen) != (name in answer.headers)
    ]
    if seen.get("content-type") != answer.headers.get("content-type"):
        found.append(f"type {answer.headers.get('content-type')} is not {seen.get('content-type')}")
    if not isinstance(capture.body, dict | list):
        titles = [re.search(r"<title>([^<\n]*)", str(text)) for text in (capture.body, answer.text)]
        return found + ([] if bool(titles[0]) == bool(titles[1]) else ["the title of the page"])
    if capture.status >= httpx.codes.BAD_REQUEST:
        same = re.sub(ID, "", answer.text) == re.sub(ID, "", httpx.Response(200, json=capture.body).text)
        return found + ([] if same else [f"{answer.text} is not {capture.body}"])
    return found + compare(capture.body, answer.json())


@pytest.mark.parametrize("name", SIMULATED)
async def test_the_simulator_answers_like_coder(name: str) -> None:
    capture = coder_capture(name)
    assert faults(capture, await ask(capture)) == []


async def read_stream(world: World, capture: CoderCapture) -> tuple[httpx.Headers, str]:
    """Return the beginning of a stream, with as many events as the recorded one has."""
    text = ""
    async with serving(world) as url, httpx.AsyncClient(base_url=url, verify=PLAIN) as client:
        path, headers = with_ids(world, capture.path), dict(capture.request["headers"])
        async with client.stream("GET", path, headers=headers) as answer:
            async for part in answer.aiter_text():
                text += part
                if text.count("\n\n") >= capture.body.count("\n\n"):
                    return answer.headers, text
    raise AssertionError(f"the stream has ended after {text[:100]!r}")


async def test_the_stream_of_a_workspace_begins_like_that_of_coder() -> None:
    capture, world = coder_capture("workspaces/watch"), make_world()
    await running(world)
    headers, text = await read_stream(world, capture)
    for name in ("Content-Type", "Cache-Control", "X-Coder-Build-Version"):
        assert headers[name] == capture.headers[name]
    start = "event: ping\n\nevent: data\ndata: "
    assert text.startswith(start)
    assert compare(json.loads(capture.body.removeprefix(start)), json.loads(text.removeprefix(start))) == []


def test_the_captures_of_every_route_are_compared() -> None:
    assert len(SIMULATED) > 120


async def test_a_difference_would_be_found() -> None:
    assert faults(coder_capture("workspaces/get-running"), await ask(coder_capture("workspaces/get-stopped")))
    assert faults(coder_capture("workspaces/get-missing"), await ask(coder_capture("workspaces/get-deleted")))
