"""A running daemon of a node, with a certificate, tokens and folders of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio
import tomlkit

from drone_mcp_node_agent.auth.callers import Role
from drone_mcp_node_agent.auth.token_file import add_token
from drone_mcp_nodes_api.wire.agent_pb2_grpc import McpAgentServiceStub
from support.certificates import Authority
from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from pathlib import Path

NO_PODMAN = "/bin/false"  # an engine that fails whatever it is asked


@dataclass
class NodeFolder:
    """What a node has on its disk before its daemon starts."""

    path: Path
    authority: Authority
    configuration: Path
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def state(self) -> Path:
        return self.path / "state"

    @property
    def files(self) -> Path:
        return self.path / "srv"

    @property
    def audit(self) -> Path:
        return self.path / "audit.log"

    def add(self, name: str, role: Role = Role.READER) -> str:
        """Add a token for one day; return its name."""
        end = datetime.now(UTC) + timedelta(days=1)
        self.tokens[name] = add_token(self.path / "tokens.toml", name, role, end)
        return name

    def trust(self) -> grpc.ChannelCredentials:
        """Return the credentials of a client that has no token."""
        return grpc.ssl_channel_credentials(self.authority.file.read_bytes())

    def audited(self) -> list[dict[str, Any]]:
        """Return the facts of the audit lines."""
        return [json.loads(line) for line in self.audit.read_text().splitlines()]

    def configure(self, values: dict[str, Any]) -> None:
        """Merge values into the configuration file, tables key by key."""
        document = tomlkit.parse(self.configuration.read_text())
        for key, value in values.items():
            if isinstance(value, dict):
                document.setdefault(key, {}).update(value)
            else:
                document[key] = value
        self.configuration.write_text(tomlkit.dumps(document))


def make_node(folder: Path, *, node: str = "web-1", podman: str = NO_PODMAN, **more: Any) -> NodeFolder:
    """Write the configuration of a node with an admin `alice` and a reader `bob`; `more` are further tables of it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "srv").mkdir()
    authority = Authority(folder)
    certificate, key = authority.sign("agent")
    made = NodeFolder(folder, authority, folder / "agent.toml")
    made.configuration.write_text("")
    values = {
        "node": node,
        "listen": "127.0.0.1:0",
        "tls": {"certificate": str(certificate), "key": str(key)},
        "paths": {"state": str(made.state), "files": str(made.files)},
        "auth": {"tokens": str(folder / "tokens.toml")},
        "podman": {"program": podman},
        "log": {"audit": str(made.audit)},
    }
    made.configure(values)
    made.configure(more)
    made.add("alice", Role.ADMIN)
    made.add("bob")
    return made


@dataclass
class NodeDaemon:
    """A running daemon."""

    node: NodeFolder
    process: subprocess.Popen[str]
    address: str

    @asynccontextmanager
    async def client(self, name: str = "alice", token: str | None = None) -> AsyncIterator[McpAgentServiceStub]:
        """Connect with the token of `name`, or with another one."""
        bearer = self.node.tokens[name] if token is None else token
        credentials = grpc.composite_channel_credentials(
            self.node.trust(),
            grpc.access_token_call_credentials(bearer),
        )
        async with grpc.aio.secure_channel(self.address, credentials) as channel:
            yield McpAgentServiceStub(channel)

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """End the daemon; return its status and what it logged."""
        self.process.send_signal(number)
        _, log = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, log


@contextmanager
def node_daemon(node: NodeFolder, within: Sequence[str] = (), **environment: str) -> Iterator[NodeDaemon]:
    """Run a daemon until the block ends.

    Args:
        node: its folder.
        within: a command that runs another one, such as one that enters a namespace.
        environment: further variables.
    """
    command = [*within, sys.executable, "-m", "drone_mcp_node_agent", "run", "--config", str(node.configuration)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
    ) as process:
        try:
            assert process.stdout
            line = process.stdout.readline()
            assert line, process.communicate()[1]
            yield NodeDaemon(node, process, json.loads(line)["address"])
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    sys.stderr.write(process.communicate(timeout=PATIENCE)[1])  # pytest shows it if the test failed
                except subprocess.TimeoutExpired:
                    process.kill()
