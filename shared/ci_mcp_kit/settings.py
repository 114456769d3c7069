"""Settings of every server process, read from the environment; a service adds its own."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from ci_mcp_kit.environment_secrets import secrets_in
from ci_mcp_kit.variables import PROCESS_VARIABLES, SettingsError, read_process, read_tools

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_mcp_kit.errors import Service
    from ci_mcp_kit.variables import Secret, Variable

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["json", "human"]


@dataclass(frozen=True, kw_only=True)
class ProcessSettings:
    """The settings of one server process."""

    variables: ClassVar[tuple[Variable, ...]] = PROCESS_VARIABLES
    """The variables that are read, in the order of the help."""
    services: ClassVar[tuple[Service, ...]] = ()
    """The services that the server asks."""
    write_secrets: ClassVar[tuple[str, ...]] = ()
    """Variables that only a server that writes reads, and that no process keeps in its environment once it runs."""

    tools: tuple[str, ...] | None = None
    """Names of the tools to offer; None: all."""
    state: str = "memory:"
    log_level: LogLevel = "info"
    log_format: LogFormat = "json"
    eager: bool = False
    """Whether a server over stdin and stdout loads right after it has listed its tools."""
    environment_secrets: tuple[Secret, ...] = ()
    """The secrets in all variables of the process, those that only libraries read included."""
    fault: SettingsError | None = None
    """The fault of the environment: the server starts all the same, and answers every call with it."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read every variable of `variables`; one that is empty counts as not set.

        Raises:
            SettingsError: a value is wrong, or one is missing.
        """
        values = cls.read(environment)
        # `sys.stderr` is None where a process was started without one.
        values.setdefault("log_format", "human" if sys.stderr is not None and sys.stderr.isatty() else "json")
        return cls(**values, environment_secrets=secrets_in(environment))

    @classmethod
    def of_wrong(cls, environment: Mapping[str, str], fault: SettingsError) -> Self:
        """Return the settings of a server that can do nothing but say what is wrong with its environment."""
        # The allow-list is read all the same, so that a role sees the same tools, which then say what is wrong.
        tools = None
        with contextlib.suppress(SettingsError):
            tools = read_tools(environment)
        return cls(tools=tools, fault=fault, environment_secrets=secrets_in(environment), **cls.placeholders())

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> dict[str, Any]:
        """Return the values of the fields.

        Raises:
            SettingsError: a value is wrong, or one is missing.
        """
        return read_process(environment)

    @classmethod
    def placeholders(cls) -> dict[str, Any]:
        """Return values for the fields that need one, where none is known."""
        return {}

    def secrets(self) -> list[str]:
        """Return what must never leave the process."""
        return [secret.reveal() for secret in self.environment_secrets]

    def warnings(self) -> list[str]:
        """Return warnings about settings that are allowed but probably a mistake, a sentence each."""
        return []
