"""The settings of the nodes server, read from the environment at its start."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from ci_mcp_kit.guard.settings import GuardSettings, changing_nothing
from ci_mcp_kit.guard.variables import secrets_of
from ci_mcp_kit.secret_files import read_secret
from ci_mcp_kit.settings import ProcessSettings
from ci_mcp_kit.variables import SettingsError
from drone_mcp_nodes.guard.rules import NodeRules
from drone_mcp_nodes.service_descriptor import NODES
from drone_mcp_nodes.variables import GUARD_VARIABLES, VARIABLES, read_guard, read_variables_of_nodes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ci_mcp_kit.errors import Service
    from ci_mcp_kit.variables import Secret, Variable


@dataclass(frozen=True, kw_only=True)
class NodesSettings(ProcessSettings):
    """The settings of one process: the nodes that it asks, and what it may see and change there.

    Attributes:
        nodes: node -> HOST:PORT of its daemon.
        token_file: holds the token instead; read again when it changes.
        timeout: seconds that one answer may take.
        services_seen: globs of node/service that are shown; empty for all.
        definitions: the folder of service definitions; None where the nodes' registries are all there is.
    """

    variables: ClassVar[tuple[Variable, ...]] = (*VARIABLES, *GUARD_VARIABLES)
    services: ClassVar[tuple[Service, ...]] = (NODES,)
    # Taken out of the environment at the start, so that no child process inherits them.
    write_secrets: ClassVar[tuple[str, ...]] = secrets_of(GUARD_VARIABLES)

    nodes: Mapping[str, str]
    token: Secret | None = None
    token_file: Path | None = None
    ca_file: Path | None = None
    timeout: float = 30.0
    services_seen: tuple[str, ...] = ()
    definitions: Path | None = None
    guard: GuardSettings = field(default_factory=changing_nothing(NodeRules))

    @classmethod
    @override
    def read(cls, environment: Mapping[str, str]) -> dict[str, Any]:
        if find_spec("grpc") is None:
            raise SettingsError(
                "this installation has no gRPC, by which nodes are asked: pip install 'drone-mcp[nodes]'",
                "NODES_ADDRESSES",
            )
        # Also of a server in mode off, so that a mistake is found before someone turns changes on.
        guard = GuardSettings.of(NodeRules, read_guard(environment), environment)
        return {**read_variables_of_nodes(environment), "guard": guard}

    @classmethod
    @override
    def placeholders(cls) -> dict[str, Any]:
        return {"nodes": {"unset": "unset.invalid:7443"}}

    @override
    def secrets(self) -> list[str]:
        held = [self.token.reveal()] if self.token else []
        if self.token_file is not None and (text := read_secret(self.token_file)):
            held.append(text)
        return super().secrets() + held + self.guard.secrets()
