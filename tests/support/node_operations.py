"""The operations of a node on real podman, in the process of the test or in one that is killed on the way."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from google.protobuf.json_format import MessageToJson, Parse

from drone_mcp_node_agent.deploying.service_operations import Operations
from drone_mcp_node_agent.registry.registry import Registry
from drone_mcp_node_agent.runtime.podman import Podman
from drone_mcp_node_agent.runtime.runtime import FaultKind, RuntimeFault
from drone_mcp_nodes_api.wire import agent_pb2 as pb
from support.patience import PATIENCE
from support.ports import free_port
from support.warm import warm_python

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from support.podman import PodmanHost

NODE = "node-1"


@dataclass(frozen=True)
class Node:
    """A node whose registry and podman are those of a test."""

    host: PodmanHost
    folder: Path
    operations: Operations
    registry: Registry
    podman: Podman

    async def deploy(self, spec: pb.ServiceSpec, **fields: object) -> pb.DeployResponse:
        """Deploy a service as a person."""
        return await self.operations.deploy(pb.DeployRequest(spec=spec, **fields), "ann")  # type: ignore[arg-type]

    async def images(self) -> dict[str, str]:
        """Return container -> version of its image, for those that run."""
        names = [one.name for one in await self.podman.list_containers()]
        found = await self.podman.inspect(names)
        return {name: one.spec.image.rpartition(":")[2] for name, one in sorted(found.items()) if one.is_running}


def write_podman(host: PodmanHost, folder: Path) -> str:
    """Write a program that is podman in the host's namespace, and return its path."""
    (folder / "bin").mkdir(exist_ok=True)
    program = folder / "bin" / "podman"
    settings = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in host.environment.items())
    program.write_text(f'#!/bin/sh\n{settings}exec {shlex.join(host.inside("podman"))} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return str(program)


@asynccontextmanager
async def open_node(host: PodmanHost, folder: Path) -> AsyncGenerator[Node]:
    """Open a node as its daemon does: with recovery before everything else."""
    podman = Podman(write_podman(host, folder), owner=str(folder))
    registry = await Registry.open(str(folder / "registry.db"))
    operations = Operations(podman, registry, NODE)
    try:
        await operations.recover()
        yield Node(host, folder, operations, registry, podman)
    finally:
        await registry.close()


def make_component(host: PodmanHost, name: str, version: str, **fields: object) -> pb.ComponentSpec:
    """Return a component that serves its version on a port of its own, and is asked for it."""
    component = pb.ComponentSpec(name=name, image=host.image(version), **fields)  # type: ignore[arg-type]
    component.health.http = "8080/index.html"
    component.health.interval.FromMilliseconds(500)
    component.health.timeout.FromSeconds(2)
    component.health.retries = 4
    component.stop_timeout.FromSeconds(2)
    return component


def make_service(*components: pb.ComponentSpec, name: str = "web") -> pb.ServiceSpec:
    """Return a service of the node."""
    return pb.ServiceSpec(name=name, node=NODE, active=True, components=components)


def published(component: str) -> tuple[list[str], str]:
    """Return the ports of a component that publishes one, and the URL of it."""
    port = free_port()
    return [f"127.0.0.1:{port}:8080"], f"http://127.0.0.1:{port}/index.html#{component}"


class DyingPodman(Podman):
    """Podman that fails at one of its changes, or whose daemon is killed before, during or after it.

    Args:
        program: podman.
        owner: of its commands.
        change: the number of the change, from 1.
        moment: `before`, `during`, `after` or `fail`.
    """

    def __init__(self, program: str, owner: str, change: int, moment: str) -> None:
        super().__init__(program, owner)
        self._left = change
        self._moment = moment

    async def _change(self, action: str, *arguments: str, seconds: float = PATIENCE) -> str:
        self._left -= 1
        if self._left:
            return await super()._change(action, *arguments, seconds=seconds)
        if self._moment == "fail":
            raise RuntimeFault(FaultKind.OTHER, f"Could not {action}: the disk is full", "Make room")
        if self._moment == "during":
            environment = self._podman._environment(is_change=True)
            # Not waited for: it goes on alone.
            subprocess.Popen([self._podman.program, *arguments], env=environment)  # noqa: ASYNC220 - as said
        if self._moment == "after":
            await super()._change(action, *arguments, seconds=seconds)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


def operate_and_die(
    node: Node, kind: str, request: pb.ServiceSpec | pb.AdoptContainerRequest, change: int, moment: str
) -> int:
    """Run an operation in a process that is killed at its Nth change; return how it ended.

    Args:
        node: where.
        kind: `deploy`, `start`, `sync` or `adopt`.
        request: of the adoption; else the service.
        change: from 1.
        moment: of `DyingPodman`.
    """
    command = [*warm_python(), "-m", "support.node_operations", str(node.folder), kind, str(change), moment]
    done = subprocess.run(command, input=MessageToJson(request), text=True, timeout=PATIENCE, check=False)
    return done.returncode


async def _operate(folder: Path, kind: str, change: int, moment: str) -> None:
    podman = DyingPodman(str(folder / "bin" / "podman"), str(folder), change, moment)
    operations = Operations(podman, await Registry.open(str(folder / "registry.db")), NODE)
    text = sys.stdin.read()
    if kind == "adopt":
        await operations.adopt(Parse(text, pb.AdoptContainerRequest()), "ann")
        return
    spec = Parse(text, pb.ServiceSpec())
    if kind == "deploy":
        await operations.deploy(pb.DeployRequest(spec=spec), "ann")
    elif kind == "sync":
        await operations.sync(pb.SyncDesiredStateRequest(services=[spec]), "ann")
    else:
        await operations.start(spec.name, "", "ann")


if __name__ == "__main__":
    anyio.run(_operate, Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4])
