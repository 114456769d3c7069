"""A node from end to end: real podman and registry, the daemon, the command of people and the server of agents.

What a daemon does that is killed at a step, and every way out of a service's folder, is in
`tests/servers/drone_mcp_node_agent`; here each is met once, from where a person or an agent stands.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import httpx
import pytest
from mcp import Client

from drone_mcp_nodes.server import create
from drone_mcp_nodes.settings import NodesSettings
from support.actions_desk import Person
from support.agent import Agent, Answer
from support.image_registry import Image
from support.node_daemon import make_node, node_daemon
from support.patience import PATIENCE
from support.podman import wait_for_answer
from support.ports import free_port
from support.swapping import swapping

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from support.node_daemon import NodeFolder
    from support.podman import PodmanHost

pytestmark = pytest.mark.podman

SERVICE = "web-1/shop"
LABELS = {
    "org.opencontainers.image.source": "https://git.example.com/octo/shop.git",
    "io.drone.build.number": "42",
}

RESTLESS = "until [ -e /end ]; do sleep 0.1; done; sleep 1; exit 3"  # ends again and again once there is that file


@dataclass
class Shop:
    """A node with the definition of a service, and those who work with it.

    Attributes:
        host: podman.
        node: the daemon's folder.
        port: of the node, where the component `web` answers its version.
        person: whom the agent's questions go to.
    """

    host: PodmanHost
    node: NodeFolder
    folder: Path
    port: int = field(default_factory=free_port)
    person: Person = field(default_factory=Person)
    address: str = ""

    @property
    def definitions(self) -> Path:
        """The folder of service definitions."""
        return self.folder / "services"

    def define(self, *others: str) -> None:
        """Write the definition of a service with `web`, which depends on the other components."""
        self.definitions.mkdir(exist_ok=True)
        image, url = self.host.image("v1.0.0"), f"http://127.0.0.1:{self.port}/"
        parts = "".join(f'[[components]]\nname = "{name}"\nimage = "{image}"\nrestart = "always"\n' for name in others)
        (self.definitions / "shop.toml").write_text(
            f"""
            name = "shop"  # the web shop
            node = "web-1"
            {parts}
            [[components]]
            name = "web"
            image = "{image}"
            ports = ["127.0.0.1:{self.port}:8080"]
            depends_on = {json.dumps(others)}
            health = {{ http = "{url}", interval = 0.2, retries = 25 }}
            """,
            encoding="utf-8",
        )

    def serve_at(self, address: str) -> None:
        """Write down where the daemon listens."""
        self.address = address
        (self.folder / "config.toml").write_text(
            f"""
            services = "services"
            [[nodes]]
            name = "web-1"
            address = "{address}"
            ca_file = "{self.node.authority.file}"
            """,
            encoding="utf-8",
        )

    async def type(self, *arguments: str, caller: str = "alice") -> subprocess.CompletedProcess[str]:
        """Run the command of people with somebody's token."""
        command = [sys.executable, "-m", "drone_nodes", "--config", str(self.folder / "config.toml"), *arguments]
        environment = {**os.environ, "MCP_TOKEN": self.node.tokens[caller]}
        with anyio.fail_after(PATIENCE):
            done = await anyio.run_process(command, env=environment, check=False)
        return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())

    @asynccontextmanager
    async def agent(self, writes: str = "alice") -> AsyncIterator[Agent]:
        """Connect an agent that reads with the reader's token and changes with that of `writes`."""
        settings = NodesSettings.from_environment(
            {
                "NODES_ADDRESSES": f"web-1=https://{self.address}",
                "NODES_TOKEN": self.node.tokens["bob"],
                "NODES_CA_FILE": str(self.node.authority.file),
                "NODES_DEFINITIONS": str(self.definitions),
                "NODES_ACTIONS": "on",
                "NODES_ACTION_SERVICES": "web-1/*",
                "NODES_ACTION_CONFIRM": "high",
                "NODES_ACTION_RATE": "999/m",
                "NODES_WRITE_TOKEN": self.node.tokens[writes],
                "DRONE_MCP_AUDIT_LOG": str(self.folder / "audit.jsonl"),
            }
        )
        async with Client(create(settings), elicitation_callback=self.person) as client:
            yield Agent(client)

    def version(self) -> str:
        """Return the version that `web` answers."""
        return wait_for_answer(f"http://127.0.0.1:{self.port}/").strip()

    def runs(self, version: str) -> bool:
        """Check whether a container of a version runs."""
        return f":{version}" in self.host.podman("ps", "--format", "{{.Image}}")

    def is_away(self) -> bool:
        """Check whether nothing answers at the port of `web`."""
        try:
            httpx.get(f"http://127.0.0.1:{self.port}/")
        except httpx.HTTPError:
            return True
        return False

    def containers(self) -> list[str]:
        """Return the names of the containers, with their ids."""
        return sorted(self.host.podman("ps", "-a", "--format", "{{.Names}} {{.ID}}").splitlines())


@pytest.fixture
def shop(podman: PodmanHost, tmp_path: Path) -> Shop:
    """A node whose alerts are written into a file."""
    alert = tmp_path / "alert"
    alert.write_text(f'#!/bin/sh\nenv | grep ^MCP_ >> "{tmp_path}/alerts"\n', encoding="utf-8")
    alert.chmod(0o755)
    alerts = {"command": [str(alert)], "cooldown": 600}
    monitor = {"interval": 0.5, "flap_restarts": 3, "flap_window": 60}
    node = make_node(tmp_path / "node", podman="podman", monitor=monitor, alerts=alerts)
    made = Shop(podman, node, tmp_path)
    made.define()
    return made


async def deploy(agent: Agent, component: str, version: str) -> Answer:
    """Plan a version of a component, and deploy that plan."""
    wanted = {"service": SERVICE, "component": component, "version": version}
    plan = await agent.call("nodes_plan_deploy", **wanted)
    assert plan.data["changes"], plan.text
    return await agent.call("nodes_deploy_service", plan=plan.data["plan"], **wanted)


async def until(look: Callable[[], Awaitable[Any]]) -> Any:
    """Look again and again, and return the first thing that is seen."""
    with anyio.fail_after(PATIENCE):
        while not (seen := await look()):  # noqa: ASYNC110 - other processes set no event
            await anyio.sleep(0.1)
    return seen


async def until_it_is(agent: Agent, state: str) -> dict[str, Any]:
    """Return the status of the service as soon as it is in a state."""

    async def look() -> dict[str, Any]:
        status = (await agent.call("nodes_get_status", service=SERVICE)).data
        return status if status["state"] == state else {}

    found: dict[str, Any] = await until(look)
    return found


async def test_a_service_is_deployed_taken_back_rolled_forward_flaps_and_is_stopped(shop: Shop) -> None:
    shop.define("db", "worker")
    shop.host.push("v1.2.0", Image({"VERSION": "v1.2.0"}, labels=LABELS))
    shop.host.push("restless", Image({}, command=("/bin/sh", "-c", RESTLESS)))
    with node_daemon(shop.node, shop.host.inside(), **shop.host.environment) as daemon:
        shop.serve_at(daemon.address)
        plan = json.loads((await shop.type("plan", "shop", "--json")).stdout)
        assert len(plan["steps"]) == 3
        deployed = await shop.type("deploy", "shop", "--plan", plan["plan"])
        assert (deployed.returncode, shop.version()) == (0, "v1.0.0"), deployed.stderr
        async with shop.agent() as agent:
            # A bad version is found out, and what ran before runs again.
            taken_back = await deploy(agent, "web", "unhealthy")
            assert (taken_back.data["outcome"], shop.version()) == ("failed", "v1.0.0")
            assert "answered 404" in taken_back.data["message"]
            assert "starting unhealthy" in taken_back.data["last_lines"]
            await until_it_is(agent, "running")
            # Forward, to an image that says which build made it.
            forward = await deploy(agent, "web", "v1.2.0")
            assert (forward.data["outcome"], shop.version()) == ("done", "v1.2.0")
            status = (await agent.call("nodes_get_status", service=SERVICE)).data
            assert {"component": "web", "repo": "octo/shop", "number": 42} in status["builds"]
            # A component that ends again and again is flapping, whatever a look at it shows.
            restless = await deploy(agent, "worker", "restless")
            assert restless.data["outcome"] == "done", restless.text
            await anyio.to_thread.run_sync(shop.host.podman, "exec", "shop-worker", "touch", "/end")
            flapping = await until_it_is(agent, "flapping")
            assert "worker" in flapping["components"][0]
            await until(anyio.Path(shop.folder / "alerts").exists)
            assert "worker" in (shop.folder / "alerts").read_text(encoding="utf-8")
            # Only a person stops it.
            assert (shop.person.asked, shop.version()) == ([], "v1.2.0")
            stopped = await agent.call("nodes_stop_service", service=SERVICE)
            assert stopped.data.get("outcome") == "done", stopped.text
            assert "Its containers stop: " in shop.person.asked[0]
            await until_it_is(agent, "stopped")
        listed = json.loads((await shop.type("list", "--json")).stdout)
    assert shop.is_away()
    assert "shop" in json.dumps(listed)


async def test_a_daemon_that_is_killed_in_a_deployment_leaves_one_version_that_answers(shop: Shop) -> None:
    definition = shop.definitions / "shop.toml"  # which waits for the bad version until the daemon is killed
    definition.write_text(definition.read_text(encoding="utf-8").replace("retries = 25", "retries = 1000"), "utf-8")
    with node_daemon(shop.node, shop.host.inside(), **shop.host.environment) as daemon:
        shop.serve_at(daemon.address)
        assert (await shop.type("deploy", "shop")).returncode == 0
        async with shop.agent() as agent, anyio.create_task_group() as group:
            group.start_soon(deploy, agent, "web", "unhealthy")
            await until(partial(anyio.to_thread.run_sync, shop.runs, "unhealthy"))
            daemon.process.send_signal(signal.SIGKILL)
            daemon.process.wait()
    with node_daemon(shop.node, shop.host.inside(), **shop.host.environment) as daemon:
        shop.serve_at(daemon.address)
        assert shop.version() == "v1.0.0"
        async with shop.agent() as agent:
            status = await until_it_is(agent, "running")
    assert "unhealthy" not in shop.host.podman("ps", "-a", "--format", "{{.Image}}")
    assert [line.partition(":")[0] for line in status["components"]] == ["web"]


async def test_a_node_that_runs_containers_already_is_taken_over_as_documented(shop: Shop) -> None:
    (shop.definitions / "shop.toml").unlink()
    for name in ("blog-web", "blog-db", "other"):
        shop.host.podman("run", "-d", "--name", name, shop.host.image("v1.0.0"))
    before = shop.containers()
    with node_daemon(shop.node, shop.host.inside(), **shop.host.environment) as daemon:
        shop.serve_at(daemon.address)
        assert (await shop.type("sync")).returncode == 0
        async with shop.agent() as agent:
            adopted = await agent.call("nodes_adopt_containers", service="web-1/blog")
            assert sorted(adopted.data["results"]) == ["db: adopted", "web: adopted"], adopted.text
            assert shop.containers() == before, "they go on running"
            exported = await shop.type("service", "export", "blog")
            assert exported.returncode == 0, exported.stderr
            assert 'name = "blog"' in (shop.definitions / "blog.toml").read_text(encoding="utf-8")
            plan = await agent.call("nodes_plan_deploy", service="web-1/blog")
    assert plan.data["definition"] == "the folder of definitions"
    assert "image" not in "".join(step for step in plan.data.get("steps", ()) if "->" in step)


async def test_the_token_of_a_reader_changes_nothing(shop: Shop) -> None:
    with node_daemon(shop.node, shop.host.inside(), **shop.host.environment) as daemon:
        shop.serve_at(daemon.address)
        assert (await shop.type("deploy", "shop")).returncode == 0
        before = shop.containers()
        for arguments in (("deploy", "shop", "--force"), ("stop", "shop")):
            refused = await shop.type(*arguments, caller="bob")
            assert refused.returncode == 77, (arguments, refused.stderr)
        async with shop.agent(writes="bob") as agent:
            for tool in ("nodes_restart_service", "nodes_stop_service"):
                assert (await agent.call(tool, service=SERVICE)).code == "PERMISSION_DENIED"
            assert (await deploy(agent, "web", "v1.1.0")).code == "PERMISSION_DENIED"
    assert shop.containers() == before
    assert shop.version() == "v1.0.0"


async def test_no_file_outside_of_the_folder_of_a_service_is_written_or_read(shop: Shop) -> None:
    (shop.folder / "file").write_text("x", encoding="utf-8")
    secret = shop.folder / "outside"
    secret.write_text("outside", encoding="utf-8")
    with node_daemon(shop.node, shop.host.inside(), **shop.host.environment) as daemon:
        shop.serve_at(daemon.address)
        pushed = await shop.type("push", "shop", str(shop.folder / "file"), "conf/app.conf")
        assert (pushed.returncode, (shop.node.files / "shop/conf/app.conf").read_text()) == (0, "x"), pushed.stderr
        (shop.node.files / "shop/link").symlink_to(shop.folder)
        for path in ("../etc/passwd", "/etc/passwd", "link/outside"):
            assert (await shop.type("push", "shop", str(shop.folder / "file"), path)).returncode == 2, path
        assert (await shop.type("pull", "shop", "link/outside", "-")).returncode == 2
        # Also where the folder is one at the one moment and a link at the next.
        (shop.node.files / "shop/race").symlink_to(shop.folder)
        outcomes = set[int]()
        with swapping(shop.node.files / "shop/conf", shop.node.files / "shop/race"):
            while outcomes != {0, 2}:
                pushed = await shop.type("push", "shop", str(shop.folder / "file"), "conf/outside")
                outcomes.add(pushed.returncode)
                assert outcomes <= {0, 2}, pushed.stderr
                pulled = await shop.type("pull", "shop", "conf/outside", "-")
                assert "outside" not in pulled.stdout
                assert secret.read_text(encoding="utf-8") == "outside"
    assert secret.read_text(encoding="utf-8") == "outside"
