"""Podman, driven by its command line. Every change is looked at again: an exit code of 0 is not the whole truth."""

from __future__ import annotations

import json
import re
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio

from drone_mcp_node_agent.runtime import parsing
from drone_mcp_node_agent.runtime.arguments import create_arguments
from drone_mcp_node_agent.runtime.bridge_mac import keep_address
from drone_mcp_node_agent.runtime.podman_error_rules import read_fault
from drone_mcp_node_agent.runtime.podman_process import PodmanProcess, check
from drone_mcp_node_agent.runtime.runtime import (
    Container,
    ExecResult,
    FaultKind,
    Image,
    ListedContainer,
    LogLine,
    Runtime,
    RuntimeEvent,
    RuntimeFault,
    Secret,
    Version,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
    from datetime import datetime

    from drone_mcp_nodes_api.wire import agent_pb2 as pb

LOOK_SECONDS: Final = 30.0
CHANGE_SECONDS: Final = 60.0
PULL_SECONDS: Final = 900.0
STOP_TRIES: Final = 4
REMOVE_TRIES: Final = 4
READ_TRIES: Final = 4
HALF_A_LINE: Final = "is not a valid container log line"  # where the last line was being written when podman read it
# podman 4.3 may answer a stop of a container that its policy starts again with 0, and start it once more: within
# 1.5 seconds in 3 of 12 tries (https://github.com/containers/podman/issues/18259).
LOOKS_AFTER_STOP: Final = (0.0, 0.6, 1.2)
LONGEST_OUTPUT: Final = 4_000
_ID_PREFIX: Final = re.compile(r"[0-9a-f]{1,64}")


class Podman(Runtime):
    """The containers of podman's user on this machine.

    Args:
        program: podman's path or name.
        owner: what tells this daemon's commands from those of another daemon on the machine, such as its folder.
    """

    def __init__(self, program: str = "podman", owner: str = "") -> None:
        self._podman = PodmanProcess(program, owner)

    async def _look(self, action: str, *arguments: str) -> str:
        return check(action, await self._podman.run(arguments, seconds=LOOK_SECONDS))

    async def _change(self, action: str, *arguments: str, seconds: float = CHANGE_SECONDS) -> str:
        return check(action, await self._podman.run(arguments, seconds=seconds, is_change=True))

    async def version(self) -> Version:
        """Return the version of the podman program."""
        facts = json.loads(await self._look("ask podman for its version", "version", "--format", "json"))
        return Version("podman", str(facts["Client"]["Version"]))

    # Images

    async def pull(self, image: str) -> None:
        """Fetch an image. podman itself tries a registry that refuses the connection three times, in 3 seconds."""
        await self._change(f"pull {image}", "pull", "--quiet", "--", image, seconds=PULL_SECONDS)

    async def find_image(self, image: str) -> Image | None:
        """Return what a reference names on the node."""
        try:
            return parsing.read_image(await self._look(f"look at {image}", "image", "inspect", "--", image))
        except RuntimeFault as fault:
            if fault.kind is FaultKind.IMAGE_MISSING:
                return None
            raise

    # Containers

    async def create(self, name: str, component: pb.ComponentSpec, labels: Mapping[str, str]) -> None:
        """Create a container; what a failed attempt leaves behind is removed."""
        try:
            await self._change(f"create {name}", *create_arguments(name, component, labels))
        except RuntimeFault as fault:
            if fault.kind is not FaultKind.NAME_IN_USE:
                await self.remove(name)
            raise
        await self._expect(name)

    async def start(self, name: str) -> None:
        """Start a container."""
        await self._change(f"start {name}", "start", await self._reference(name))
        if (container := await self._expect(name)).status in {"configured", "created", "initialized"}:
            raise _broken_promise(f"start {name}", f"it is still {container.status}")
        if networks := [network for network, address in container.addresses.items() if address]:
            form = "--format={{.NetworkInterface}}"
            for interface in (await self._look("look at its networks", "network", "inspect", form, *networks)).split():
                keep_address(interface)

    async def stop(self, name: str) -> None:
        """Stop a container, and again if it is found running afterwards."""
        for _ in range(STOP_TRIES):
            container = await self._expect(name)
            if container.status == "paused":  # podman refuses to stop it, and it stays paused
                await self._change(f"unpause {name}", "unpause", container.id)
            seconds = CHANGE_SECONDS + container.spec.stop_timeout.ToSeconds()
            try:
                await self._change(f"stop {name}", "stop", container.id, seconds=seconds)
            except RuntimeFault as fault:
                if fault.kind is not FaultKind.WRONG_STATE:  # it was between two runs
                    raise
            if await self._stays_stopped(container):
                return
        raise _broken_promise(f"stop {name}", f"it runs again after {STOP_TRIES} tries")

    async def _stays_stopped(self, before: Container) -> bool:
        policy = before.spec.restart.partition(":")[0]
        may_return = policy != "no" and (before.restarts > 0 or before.status != "running")
        if not may_return and not _process_of(before).exists():
            return True  # asking podman takes a tenth of a second, in which a service that is being replaced is away
        for pause in LOOKS_AFTER_STOP if may_return else LOOKS_AFTER_STOP[:1]:
            await anyio.sleep(pause)
            found = (await self.inspect([before.name])).get(before.name)
            if found and (found.is_running or found.status == "paused"):
                return False
        return True

    async def rename(self, name: str, to: str) -> None:
        """Rename a container."""
        await self._change(f"rename {name} to {to}", "rename", await self._reference(name), to)
        await self._expect(to)

    async def announce(self, name: str) -> None:
        """Take a container out of its networks and in again at the same address.

        podman enters a name into the name server of a network then and never else. Connections outlive the moment,
        since what is lost is sent again.
        """
        container = await self._expect(name)
        if any(container.addresses.values()):
            await self._change(f"announce {name}", "network", "reload", container.id)
            if (await self._expect(name)).addresses != container.addresses:
                raise _broken_promise(f"announce {name}", "it has another address")

    async def remove(self, name: str) -> None:
        """Stop a container as it wishes to be stopped, then remove it."""
        if not (container := (await self.inspect([name])).get(name)):
            return
        if container.is_running or container.status == "paused":
            await self.stop(name)
        for tries_left in reversed(range(REMOVE_TRIES)):
            try:
                # By force all the same, since its policy may start it again.
                await self._change(f"remove {name}", "rm", "--force", "--time=0", container.id)
            except RuntimeFault as fault:
                if fault.kind is not FaultKind.WRONG_STATE or not tries_left:  # else it ended at that very moment
                    raise
            else:
                break
        if name in await self.inspect([name]):
            raise _broken_promise(f"remove {name}", "it is still there")

    async def list_containers(self) -> list[ListedContainer]:
        """Return all containers."""
        return parsing.read_list(await self._look("list the containers", "ps", "--all", "--format", "json"))

    async def inspect(self, names: Sequence[str]) -> dict[str, Container]:
        """Return those of the named containers that exist."""
        if not names:
            return {}
        done = await self._podman.run(["container", "inspect", "--", *names], seconds=LOOK_SECONDS)
        if done.exit_code:
            # Those that exist are printed all the same.
            fault = read_fault("look at the containers", done.exit_code, done.stderr)
            if fault.kind is not FaultKind.CONTAINER_MISSING:
                raise fault
        found = parsing.read_containers(done.stdout)
        return {
            # podman says `running` for ever if the monitor of a container was killed before the container.
            one.name: replace(one, has_process=one.status not in {"running", "paused"} or _process_of(one).exists())
            for one in found
            if one.name in {*names}  # podman also takes the first digits of an identifier for a name
        }

    async def _expect(self, name: str) -> Container:
        if container := (await self.inspect([name])).get(name):
            return container
        raise read_fault(f"find {name}", 125, f'Error: no such container "{name}"')

    async def _reference(self, name: str) -> str:
        """Return what names this container and no other: to podman, `cafe` may be the beginning of an identifier."""
        return (await self._expect(name)).id if _ID_PREFIX.fullmatch(name) else name

    async def execute(self, name: str, argv: Sequence[str], seconds: float) -> ExecResult:
        """Run a command in a container."""
        done = await self._podman.run(["exec", "--", await self._reference(name), *argv], seconds=seconds)
        # Any other code may be the command's own, whatever it has written.
        if done.exit_code in {125, 255}:
            fault = read_fault(f"run a command in {name}", done.exit_code, done.stderr)
            if fault.kind in {FaultKind.CONTAINER_MISSING, FaultKind.WRONG_STATE}:
                raise fault
        return ExecResult(done.exit_code, (done.stdout + done.stderr)[:LONGEST_OUTPUT])

    # Logs and events

    async def tail_logs(self, name: str, lines: int) -> list[LogLine]:
        """Return the last lines of a container, in the order of their times."""
        arguments = ["logs", "--timestamps", f"--tail={lines}", await self._reference(name)]
        done = await self._podman.run(arguments, seconds=LOOK_SECONDS)
        tries = 1
        while HALF_A_LINE in done.stderr and tries < READ_TRIES:
            done = await self._podman.run(arguments, seconds=LOOK_SECONDS)
            tries += 1
        check(f"read the log of {name}", done)
        read = [
            parsing.read_log_line(line[:LONGEST_OUTPUT], stream)
            for stream, text in (("stdout", done.stdout), ("stderr", done.stderr))
            for line in text.splitlines()
        ]
        # A line of podman's own has no time.
        return sorted((line for line in read if line.at), key=lambda line: str(line.at))[-lines:]

    @asynccontextmanager
    async def follow_logs(self, name: str, tail: int, since: datetime | None) -> AsyncGenerator[AsyncIterator[LogLine]]:
        """Open the lines of a container."""
        arguments = ["logs", "--follow", "--timestamps", f"--tail={tail}"]
        arguments += [f"--since={since.isoformat()}"] if since else []
        async with self._podman.follow([*arguments, (await self._expect(name)).id]) as lines:
            yield (parsing.read_log_line(line, stream) async for stream, line in lines)

    @asynccontextmanager
    async def follow_events(self) -> AsyncGenerator[AsyncIterator[RuntimeEvent]]:
        """Open what happens to containers."""
        async with self._podman.follow(["events", "--format=json", "--filter=type=container"]) as lines:
            read = (parsing.read_event(line) async for stream, line in lines if stream == "stdout" and line)
            yield (event async for event in read if event)

    # Secrets

    async def put_secret(self, name: str, value: bytes) -> None:
        """Create or replace a secret, whose value never is an argument; podman 4.3 cannot replace in one step."""
        try:
            await self.remove_secret(name)
        except RuntimeFault as fault:
            if fault.kind is not FaultKind.SECRET_MISSING:
                raise
        arguments = ["secret", "create", "--", name, "-"]
        done = await self._podman.run(arguments, seconds=CHANGE_SECONDS, is_change=True, stdin=value)
        check(f"keep the secret {name}", done)

    async def list_secrets(self) -> list[Secret]:
        """Return all secrets."""
        identifiers = (await self._look("list the secrets", "secret", "ls", "--format={{.ID}}")).split()
        if not identifiers:
            return []
        return parsing.read_secrets(await self._look("look at the secrets", "secret", "inspect", "--", *identifiers))

    async def remove_secret(self, name: str) -> None:
        """Remove a secret."""
        await self._change(f"remove the secret {name}", "secret", "rm", "--", name)

    async def wait_for_orphans(self) -> None:
        """Wait until changes of an earlier daemon have ended."""
        await self._podman.wait_for_orphans()


def _process_of(container: Container) -> Path:
    return Path(f"/proc/{container.pid}")


def _broken_promise(action: str, finding: str) -> RuntimeFault:
    return RuntimeFault(
        FaultKind.OTHER,
        f"Could not {action}: podman reported success, but {finding}",
        "Look at the container with podman on the node",
    )
