"""The status page in a real browser: a build goes red on it while a person looks."""

from __future__ import annotations

import os
import re
import time
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import pytest

from ci_mcp_kit.guard.audit_file import head_path
from ci_mcp_simulator.clock import ManualClock
from drone_mcp_simulator.webhooks import WebhookSender
from support.browser import Browser, running_browser
from support.http_process import HttpProcess, bearer, serving
from support.simulator import SimulatorHandle, running_simulator
from support.snapshots import hold
from support.webhook_receiver import ReceiverProcess

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

pytestmark = pytest.mark.checkout  # writes the picture of the docs

SECRET = "known-to-drone-and-the-receiver"
TOKEN = "a-token-of-the-tests-for-callers"
PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "status.png"
ROLE = """
role: ops-hello
extends: ops
servers:
  actions:
    mode: on
    guard: {repos: [octo/hello], audit: AUDIT}
  deploy: {mode: on, guard: {repos: [octo/hello], targets: [staging], audit: AUDIT}}
"""
HOSTILE = "</li><script>document.title='taken'</script><img src=x onerror=alert(1)> \u202eevil\x1b[31m"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with running_browser(tmp_path_factory.mktemp("browser")) as one:
        one.resize(800, 900)
        yield one


@asynccontextmanager
async def watched_drone(folder: Path) -> AsyncIterator[tuple[SimulatorHandle, ReceiverProcess]]:
    """Run a Drone whose clock the test moves, and a receiver of its webhooks with a status page."""
    async with running_simulator("demo", socket=True, clock=ManualClock(time.time() - 3600)) as drone:
        settings = {
            "DRONE_SERVER": drone.url,
            "DRONE_TOKEN": drone.admin_token,
            "DRONE_MCP_WEBHOOK_SECRET": SECRET,
            "DRONE_MCP_WEBHOOK_MAX_AGE": "0",  # the clock of this Drone is moved by hand
            "DRONE_MCP_STATE": f"sqlite://{folder}/state.db",
        }
        with ReceiverProcess(settings, "--status", "127.0.0.1:0") as receiver:
            drone.world.sender = WebhookSender((f"{receiver.url}/webhooks",), secret=SECRET)
            yield drone, receiver


def served_role(folder: Path, drone: SimulatorHandle, **more: str) -> Any:
    """Serve a role that may restart builds, with its status page."""
    (folder / "ops-hello.yaml").write_text(ROLE.replace("AUDIT", str(folder / "audit.jsonl")), encoding="utf-8")
    command = ("drone_mcp_config", "serve", "--http", "127.0.0.1:0", "--status", "127.0.0.1:0", "--role", "ops-hello")
    env = {
        "DRONE_SERVER": drone.url,
        "DRONE_TOKEN": drone.admin_token,
        "DRONE_WRITE_TOKEN": drone.admin_token,
        "DRONE_MCP_STATE": f"sqlite://{folder}/state.db",
        "DRONE_MCP_HTTP_TOKEN": TOKEN,
        **more,
    }
    return serving(*command, "--roles-dir", str(folder), **env)


async def push(drone: SimulatorHandle, branch: str = "topic/loader") -> int:
    async with drone.client() as http:
        answer = await http.post("/api/repos/octo/hello/builds", params={"branch": branch})
    return int(answer.raise_for_status().json()["number"])


async def look(browser: Browser, url: str, *texts: str) -> str:
    """Open the page, and wait until it shows all texts; nothing but the page itself loads it again."""
    await anyio.to_thread.run_sync(browser.open, url)
    return await watch(browser, *texts)


async def watch(browser: Browser, *texts: str) -> str:
    def shows() -> bool:
        seen = browser.text()
        return all(text in seen for text in texts)

    # In a thread: the simulator has to answer the receiver meanwhile.
    await anyio.to_thread.run_sync(browser.until, shows)
    return browser.text()


async def test_a_red_build_appears_on_the_open_page(tmp_path: Path, browser: Browser) -> None:
    async with watched_drone(tmp_path) as (drone, receiver):
        before = await look(browser, receiver.urls["status"], "1 red", "octo/hello #4 main", "waits for approval")
        number = await push(drone)
        running = await watch(browser, f"octo/hello #{number} topic/loader\nwaits for a runner")
        await drone.advance(60)
        after = await watch(browser, "2 red", f"octo/hello #{number} topic/loader\nred for")
        link = browser.evaluate(f"[...document.links].find(one => one.text.endsWith('#{number}')).href")
    assert f"#{number}" not in before
    assert "1 red" in running
    assert "build/test" in after
    assert link == f"{drone.url}/octo/hello/{number}"
    assert browser.complaints == []


async def test_what_strangers_wrote_is_shown_as_text(tmp_path: Path, browser: Browser) -> None:
    async with watched_drone(tmp_path) as (drone, receiver):
        drone.world.find_build(drone.world.repos["octo/hello"], 4).message = HOSTILE
        text = await look(browser, receiver.urls["status"], "1 red")
        scripts = browser.evaluate("document.scripts.length + document.images.length")
        title = browser.evaluate("document.title")
    assert "<script>document.title='taken'</script>" in text
    assert "\u202e" not in text
    assert (scripts, title) == (0, "1 red · drone-mcp")
    assert browser.complaints == []


async def test_it_can_be_read_on_a_phone(tmp_path: Path, browser: Browser) -> None:
    async with watched_drone(tmp_path) as (_, receiver):
        browser.resize(360, 740, mobile=True)
        try:
            await look(browser, receiver.urls["status"], "1 red", "waits for approval")
            width = browser.evaluate("document.documentElement.scrollWidth")
            sizes = browser.evaluate(
                "[...document.querySelectorAll('li')].map(one => one.getBoundingClientRect().right)"
            )
        finally:
            browser.resize(800, 900)
    assert width == 360
    assert sizes
    assert max(sizes) <= 360


async def call(process: HttpProcess, server: str, tool: str, **arguments: Any) -> None:
    async with process.client(f"/{server}/mcp", **bearer(TOKEN)) as client:
        await client.call_tool(tool, arguments)


async def test_a_role_s_page_shows_who_waits_what_agents_did_and_a_changed_audit_file(
    tmp_path: Path, browser: Browser
) -> None:
    audit = tmp_path / "audit.jsonl"
    async with watched_drone(tmp_path) as (drone, receiver):
        await look(browser, receiver.urls["status"], "1 red")
        with served_role(tmp_path, drone) as process:
            # Chromium asks for a name and a password: the caller's token is the password.
            address = process.told["status"].replace("http://", f"http://anyone:{TOKEN}@")
            await look(browser, address, "1 red", "No agent waits", "No agent has acted yet")
            wrong = process.send("GET", "/", None, {}).status_code
            await call(process, "actions", "drone_restart_build", repo="octo/hello", number=4)
            await call(process, "actions", "drone_restart_build", repo="octo/payments", number=1)
            async with anyio.create_task_group() as group:
                waiting = partial(call, process, "builds", "drone_wait_for_build", repo="octo/hello", number=5)
                group.start_soon(waiting)
                text = await watch(browser, "drone_wait_for_build", "Intact: all 3 lines", "restart octo/hello#4")
                if os.environ.get("UPDATE_SNAPSHOTS"):
                    PICTURE.parent.mkdir(exist_ok=True)
                    browser.picture(PICTURE)
                group.cancel_scope.cancel()
            audit.write_bytes(audit.read_bytes().replace(b'"operation":"restart"', b'"operation":"approve"', 1))
            changed = await watch(browser, "NOT INTACT: line 1: it was changed")
    assert head_path(audit).exists()
    assert wrong == 404
    assert "refused" in text
    assert "FAILS" in changed
    assert browser.complaints == []
    # The picture in the docs is made with this text: a new text takes a new picture.
    hold(PICTURE.with_suffix(".txt"), re.sub(r"\d+ (?:s|min|h|ms)\b|\d{4}-[-: \dUTC]+", "…", text).strip() + "\n")
