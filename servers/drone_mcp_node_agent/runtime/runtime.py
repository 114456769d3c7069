"""What the daemon asks of a container engine, and the engine's view of a container, without any engine's format."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from drone_mcp_nodes_api.wire import agent_pb2 as pb


@dataclass(frozen=True)
class Container:
    """A container as the engine shows it.

    Attributes:
        id: the engine's own.
        name: the name without a slash.
        spec: how it was made, as far as the engine tells; `name`, `health` and `depends_on` are empty.
        image_id: the image that it runs, whatever its tag names by now.
        image_digest: the digest of that image's manifest.
        status: the engine's word, such as `running` or `exited`.
        pid: the main process; 0 if there is none.
        has_process: whether that process exists. An engine that lost its monitor goes on saying `running`.
        exit_code: of the last end.
        oom_killed: whether the engine knows that the kernel killed it for its memory.
        restarts: how often its restart policy has started it again.
        started_at: the last start, if there was one.
        finished_at: the last end, if there was one.
        labels: all, including those of the image.
        environment_secrets: the variables that hold secrets, whose values `spec.env` lacks.
        addresses: network -> its address there.
        create_command: the command line that made it; empty if it was made by the engine's API.
    """

    id: str
    name: str
    spec: pb.ComponentSpec
    image_id: str = ""
    image_digest: str = ""
    status: str = ""
    pid: int = 0
    has_process: bool = True
    exit_code: int = 0
    oom_killed: bool = False
    restarts: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    environment_secrets: frozenset[str] = frozenset()
    addresses: Mapping[str, str] = field(default_factory=dict)
    create_command: tuple[str, ...] = ()

    @property
    def is_running(self) -> bool:
        """Return whether it is up, with a process that exists."""
        return self.status == "running" and self.has_process


@dataclass(frozen=True)
class ListedContainer:
    """A line of the list of all containers."""

    id: str
    name: str
    image: str
    status: str
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Image:
    """An image that is on the node: what of it becomes part of a container."""

    id: str
    digest: str
    labels: Mapping[str, str]
    env: Mapping[str, str]
    cmd: tuple[str, ...]
    user: str = ""


@dataclass(frozen=True)
class LogLine:
    """A line that a container wrote to `stdout` or `stderr`."""

    at: datetime | None
    stream: str
    text: str


@dataclass(frozen=True)
class RuntimeEvent:
    """Something that happened to a container, such as `start` or `died`."""

    at: datetime
    container_id: str
    container: str
    kind: str
    exit_code: int | None
    labels: Mapping[str, str]


@dataclass(frozen=True)
class ExecResult:
    """The end of a command that ran inside a container; `output` holds both streams, cut."""

    exit_code: int
    output: str


@dataclass(frozen=True)
class Secret:
    """A secret that the engine keeps; nobody reads its value back."""

    name: str
    updated_at: datetime


@dataclass(frozen=True)
class Version:
    """The engine's name and version."""

    name: str
    version: str


class FaultKind(StrEnum):
    """Why the engine refused."""

    CONTAINER_MISSING = "container_missing"
    NAME_IN_USE = "name_in_use"
    IMAGE_MISSING = "image_missing"
    IMAGE_UNKNOWN = "image_unknown"
    REGISTRY_UNREACHABLE = "registry_unreachable"
    REGISTRY_DENIED = "registry_denied"
    PORT_IN_USE = "port_in_use"
    NETWORK_MISSING = "network_missing"
    VOLUME_MISSING = "volume_missing"
    SECRET_MISSING = "secret_missing"  # noqa: S105 - a kind of fault
    USER_UNKNOWN = "user_unknown"
    COMMAND_NOT_FOUND = "command_not_found"
    COMMAND_NOT_EXECUTABLE = "command_not_executable"
    INVALID_ARGUMENT = "invalid_argument"
    WRONG_STATE = "wrong_state"
    TIMED_OUT = "timed_out"
    ENGINE_MISSING = "engine_missing"
    OTHER = "other"


class RuntimeFault(Exception):
    """The engine did not do what it was asked.

    Attributes:
        kind: what went wrong.
        message: a sentence for people, with the engine's own words where it said some.
        next_step: what a person can do about it.
    """

    def __init__(self, kind: FaultKind, message: str, next_step: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.next_step = next_step


class Runtime(Protocol):
    """A container engine. Every method that changes something checks afterwards that it has changed.

    All methods raise RuntimeFault.
    """

    async def version(self) -> Version:
        """Return the engine's name and version."""
        ...

    async def pull(self, image: str) -> None:
        """Fetch an image from its registry, even if a version of it is on the node."""
        ...

    async def find_image(self, image: str) -> Image | None:
        """Return what a reference names on the node, without asking a registry."""
        ...

    async def create(self, name: str, component: pb.ComponentSpec, labels: Mapping[str, str]) -> None:
        """Create a container, without starting it, from an image that is on the node."""
        ...

    async def start(self, name: str) -> None:
        """Start a container; does nothing if it runs."""
        ...

    async def stop(self, name: str) -> None:
        """Stop a container, within the stop timeout that it was created with; does nothing if it is not up."""
        ...

    async def rename(self, name: str, to: str) -> None:
        """Rename a container, whether it runs or not."""
        ...

    async def announce(self, name: str) -> None:
        """Have a container that was renamed found by its new name, and no more by the old one, in its networks.

        Its address and its connections stay. Does nothing if it has no address.
        """
        ...

    async def remove(self, name: str) -> None:
        """Stop and remove a container; does nothing if there is none."""
        ...

    async def list_containers(self) -> list[ListedContainer]:
        """Return all containers, whatever their status."""
        ...

    async def inspect(self, names: Sequence[str]) -> dict[str, Container]:
        """Return those of the named containers that exist, by name."""
        ...

    async def execute(self, name: str, argv: Sequence[str], seconds: float) -> ExecResult:
        """Run a command inside a running container."""
        ...

    async def tail_logs(self, name: str, lines: int) -> list[LogLine]:
        """Return the last lines of a container."""
        ...

    def follow_logs(
        self, name: str, tail: int, since: datetime | None
    ) -> AbstractAsyncContextManager[AsyncIterator[LogLine]]:
        """Open the lines of a container: the last ones, then those to come, until it ends or the block is left."""
        ...

    def follow_events(self) -> AbstractAsyncContextManager[AsyncIterator[RuntimeEvent]]:
        """Open what happens to containers from now on, until the engine's process ends or the block is left."""
        ...

    async def put_secret(self, name: str, value: bytes) -> None:
        """Create or replace a secret."""
        ...

    async def list_secrets(self) -> list[Secret]:
        """Return all secrets, without values."""
        ...

    async def remove_secret(self, name: str) -> None:
        """Remove a secret."""
        ...

    async def wait_for_orphans(self) -> None:
        """Wait until commands that an earlier daemon left running have ended, since they still change containers."""
        ...
