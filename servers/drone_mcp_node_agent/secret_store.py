"""Secrets of the node, which the container engine keeps. Containers get them as files; no method returns a value."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.errors import Conflict, InvalidInput
from drone_mcp_node_agent.auth.callers import SERVICE
from drone_mcp_node_agent.serving.runtime_errors import translated
from drone_mcp_nodes_api.limits import LARGEST_SECRET
from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    from drone_mcp_node_agent.registry.registry import Registry
    from drone_mcp_node_agent.runtime.runtime import Runtime

NAME: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}")


class SecretStore:
    """The secrets of the node."""

    def __init__(self, runtime: Runtime, registry: Registry) -> None:
        self._runtime = runtime
        self._registry = registry

    async def put(self, name: str, value: bytes) -> str:
        """Create or replace a secret, and return the SHA-256 of its value. Running containers keep the old one."""
        if not NAME.fullmatch(name):
            raise InvalidInput(
                f"{name!r} is not a valid name of a secret: use letters, digits and . _ -", service=SERVICE
            )
        if not 0 < len(value) <= LARGEST_SECRET:
            raise InvalidInput(f"A secret has 1 to {LARGEST_SECRET} bytes", service=SERVICE)
        with translated():
            await self._runtime.put_secret(name, value)
        return hashlib.sha256(value).hexdigest()

    async def list_all(self) -> list[pb.SecretInfo]:
        """Return the names of all secrets, and which components use each."""
        used_by = await self._users()
        infos = []
        with translated():
            for secret in await self._runtime.list_secrets():
                info = pb.SecretInfo(name=secret.name, used_by=used_by.get(secret.name, []))
                info.updated_at.FromDatetime(secret.updated_at)
                infos.append(info)
        return infos

    async def delete(self, name: str) -> None:
        """Remove a secret that no component uses."""
        if users := (await self._users()).get(name):
            raise Conflict(
                f"The secret {name} is used by {', '.join(users)}",
                next_step="Deploy them without it first",
                retryable=False,
                service=SERVICE,
            )
        with translated():
            await self._runtime.remove_secret(name)

    async def _users(self) -> dict[str, list[str]]:
        users: dict[str, list[str]] = {}
        for service in await self._registry.list_services():
            for component in service.spec.components:
                for secret in component.secrets:
                    users.setdefault(secret.name, []).append(f"{service.spec.name}/{component.name}")
        return users
