"""The receiver's settings, read from environment variables."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ci_mcp_kit.environment_secrets import secrets_in
from ci_mcp_kit.variables import STATE, SettingsError, Variable, read_list, read_variables
from drone_mcp_build.settings import Settings
from drone_mcp_build.variables import VARIABLES
from drone_mcp_client.options import DroneOptions
from drone_mcp_deployments.settings import DeploySettings
from drone_mcp_webhooks.retention import RetentionLimits
from drone_mcp_webhooks.webhook_keys import FileKeys, FixedKeys, split_keys

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ReceiverSettings", "SettingsError", "read_settings", "read_state"]


def _check_secret(text: str) -> str:
    if not split_keys(text):
        raise ValueError
    return text


def _check_file(text: str) -> Path:
    path = Path(text)
    try:
        readable = bool(split_keys(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError):
        raise ValueError("it cannot be read") from None
    if not readable:
        raise ValueError("it is empty")
    return path


def _parse_seconds(text: str) -> float:
    if not text.isdecimal():
        raise ValueError
    return float(text)


_OWN = (
    Variable("DRONE_MCP_WEBHOOK_SECRET", "secret", "one or more secrets, parted by commas", _check_secret, secret=True),
    Variable("DRONE_MCP_WEBHOOK_SECRET_FILE", "secret_file", "the path of a file that holds the secrets", _check_file),
    Variable("DRONE_MCP_WEBHOOK_MAX_AGE", "max_age", "whole seconds; 0: any age", _parse_seconds, "300"),
    Variable(
        "DRONE_MCP_PREVIEW_BRANCHES",
        "preview_branches",
        "globs of branches that get a preview when they turn green; !glob takes away",
        read_list,
        "none",
    ),
    STATE,
)
_SHARED = {
    "DRONE_SERVER", "DRONE_TOKEN", "DRONE_TOKEN_FILE", "DRONE_MCP_CA_FILE", "DRONE_MCP_TIMEOUT", "DRONE_MCP_LOG_LEVEL",
    "DRONE_MCP_LOG_FORMAT",
}  # fmt: skip
RECEIVER_VARIABLES = (*_OWN, *(variable for variable in VARIABLES if variable.name in _SHARED))


@dataclass(frozen=True)
class ReceiverSettings:
    """The settings of one receiver."""

    keys: FixedKeys | FileKeys
    max_age: float
    state: str
    drone: DroneOptions | None
    """How to reach Drone; None: no reconciliation, deliveries are the only source."""
    shared: Settings
    """The settings that `ci_mcp_kit.logs` needs."""
    previews: DeploySettings | None = None
    """How to open and stop previews; None: they are left alone."""
    preview_branches: tuple[str, ...] = ()
    """Globs of the branches that get a preview when they turn green."""
    period: float = 60.0
    requests_per_minute: int = 60
    retention: RetentionLimits = field(default_factory=RetentionLimits)

    def secrets(self) -> list[str]:
        """Return what must never leave the process."""
        own = self.shared.secrets() + [key.decode() for key in self.keys.current()]
        return own + (self.previews.secrets() if self.previews else [])


def read_settings(environment: Mapping[str, str]) -> ReceiverSettings:
    """Read the environment; an empty variable counts as unset.

    Raises:
        SettingsError: a value is invalid, the secret is missing, or only one of server and token is set.
    """
    given = read_variables(RECEIVER_VARIABLES, environment)
    human = sys.stderr is not None and sys.stderr.isatty()
    log = {
        "log_level": given.get("log_level", "info"),
        "log_format": given.get("log_format", "human" if human else "json"),
    }
    return ReceiverSettings(
        keys=_read_keys(given),
        max_age=given.get("max_age", 300.0),
        state=given.get("state", "memory:"),
        drone=_read_drone(given),
        shared=Settings(
            server=given.get("server", ""),
            token=given.get("token"),
            token_file=given.get("token_file"),
            environment_secrets=secrets_in(environment),
            **log,
        ),
        previews=_read_previews(given, environment),
        preview_branches=given.get("preview_branches", ()),
    )


def read_state(environment: Mapping[str, str]) -> str:
    """Read the address of a store that outlives this process.

    Raises:
        SettingsError: it is wrong or not set.
    """
    state: str = read_variables([STATE], environment).get("state", "memory:")
    if state == "memory:":
        raise SettingsError("DRONE_MCP_STATE is not set: it takes the address of the store that the receiver writes to")
    return state


def _read_keys(given: dict[str, Any]) -> FixedKeys | FileKeys:
    # Neither takes precedence: the receiver would refuse all deliveries if it took the outdated one.
    if "secret" in given and "secret_file" in given:
        raise SettingsError("DRONE_MCP_WEBHOOK_SECRET and DRONE_MCP_WEBHOOK_SECRET_FILE are both set: keep one of them")
    if "secret" in given:
        return FixedKeys(given["secret"])
    if "secret_file" in given:
        return FileKeys(given["secret_file"])
    raise SettingsError(
        "DRONE_MCP_WEBHOOK_SECRET is not set: it takes the value of Drone's DRONE_WEBHOOK_SECRET"
        " (or DRONE_MCP_WEBHOOK_SECRET_FILE, the path of a file that holds it)"
    )


def _read_previews(given: dict[str, Any], environment: Mapping[str, str]) -> DeploySettings | None:
    mode = environment.get("DRONE_MCP_ACTIONS", "").strip().lower() or "off"
    if mode == "off":
        if "preview_branches" in given:
            raise SettingsError(
                "DRONE_MCP_PREVIEW_BRANCHES is set and DRONE_MCP_ACTIONS is off, so no preview would be opened: set"
                " DRONE_MCP_ACTIONS to on or dry-run"
            )
        return None
    if "server" not in given:
        raise SettingsError(f"DRONE_MCP_ACTIONS is {mode!r} but DRONE_SERVER is not set: previews are made in Drone")
    # What the audit log calls this process, where nothing else is set.
    return DeploySettings.from_environment({"AGENT_ROLE": "receiver", **environment})


def _read_drone(given: dict[str, Any]) -> DroneOptions | None:
    has_token = "token" in given or "token_file" in given
    if not has_token and "server" not in given:
        return None
    # Half of a configuration is a mistake. Without this the receiver would run, and never find a lost delivery.
    if not has_token:
        raise SettingsError(
            "DRONE_SERVER is set but not DRONE_TOKEN: set both, or neither to run without reconciliation"
        )
    if "server" not in given:
        raise SettingsError(
            "DRONE_TOKEN is set but not DRONE_SERVER: set both, or neither to run without reconciliation"
        )
    if "token" in given and "token_file" in given:
        raise SettingsError("DRONE_TOKEN and DRONE_TOKEN_FILE are both set: keep one of them")
    return DroneOptions(
        server=given["server"],
        token=given["token"].reveal() if "token" in given else None,
        token_file=given.get("token_file"),
        timeout=given.get("timeout", 30.0),
        ca_file=given.get("ca_file"),
    )
