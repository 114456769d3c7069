"""What the environment says to every server, read once at its start."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from drone_mcp_kit.secret_files import read_secret
from drone_mcp_kit.unready import PLACEHOLDER
from drone_mcp_kit.variables import SettingsError, read_common, read_tools

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from drone_mcp_kit.variables import Secret

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["json", "human"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How one server process is set up. `Settings.from_environment(os.environ)` is the usual way to get one."""

    server: str
    """Address of Drone, without a slash at its end."""
    token: Secret | None = None
    token_file: Path | None = None
    """Holds the token instead; read again when it changes."""
    repo: str | None = None
    """The repository ("owner/name") where a call names none."""
    repos: tuple[str, ...] = ()
    """Globs of the repositories that may be seen; empty: all that the token sees."""
    tools: tuple[str, ...] | None = None
    """Names of the tools to offer; None: all."""
    state: str = "memory:"
    timeout: float = 30.0
    """Seconds that one request may take."""
    retries: int = 2
    """Further attempts of a request that may be repeated."""
    max_body: int = 64 * 2**20
    """Bytes that one answer may have."""
    ca_file: Path | None = None
    log_level: LogLevel = "info"
    log_format: LogFormat = "json"
    eager: bool = False
    """Whether a server over stdin and stdout loads right after it has listed its tools."""
    fault: SettingsError | None = None
    """What is wrong with the environment: the server starts, and every call of it is answered with this."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read every variable of `VARIABLES`; one that is empty counts as not set.

        Raises:
            SettingsError: a value is wrong, or DRONE_SERVER is missing.
        """
        values = read_common(environment)
        values.setdefault("log_format", "human" if sys.stderr is not None and sys.stderr.isatty() else "json")
        return cls(**values)

    @classmethod
    def of_wrong(cls, environment: Mapping[str, str], fault: SettingsError) -> Settings:
        """Return the settings of a server that can do nothing but say what is wrong with its environment."""
        tools = None
        with contextlib.suppress(SettingsError):
            tools = read_tools(environment)
        return cls(server=PLACEHOLDER, tools=tools, fault=fault)

    def secrets(self) -> list[str]:
        """Return what must never leave the process: the token as set, or as its file holds it now."""
        if self.token is not None:
            return [self.token.reveal()]
        held = read_secret(self.token_file) if self.token_file is not None else None
        return [held] if held else []
