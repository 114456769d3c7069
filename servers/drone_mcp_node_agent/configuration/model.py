"""What the configuration of the daemon holds. `docs/nodes.md` and `deploy/nodes/agent.toml` describe it for people."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from drone_mcp_nodes_api.limits import LARGEST_FILE


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("must be an absolute path")
    return path


def _address(text: str) -> str:
    host, _, port = text.rpartition(":")
    try:
        ip_address(host.removeprefix("[").removesuffix("]"))
        is_valid = 0 <= int(port) <= 65535  # noqa: PLR2004 - the largest port
    except ValueError:
        is_valid = False
    if not is_valid:
        raise ValueError("must be an IP address and a port, such as 0.0.0.0:7443 or [::]:7443")
    return text


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}$")]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class Section(BaseModel):
    """A table of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Tls(Section):
    """The daemon's certificate, and the authority that clients need a certificate of, if they need one."""

    certificate: AbsolutePath
    key: AbsolutePath
    client_ca: AbsolutePath | None = None


class Paths(Section):
    """Where the daemon keeps its data, and where files are pushed to."""

    state: AbsolutePath = Path("/var/lib/drone-nodes")
    files: AbsolutePath = Path("/srv")

    @property
    def registry(self) -> Path:
        """The SQLite file of the registry."""
        return self.state / "registry.db"

    @property
    def snapshots(self) -> Path:
        """The folder of the registry's snapshots."""
        return self.state / "snapshots"


class Introspection(Section):
    """The identity server that validates tokens (RFC 7662), and the scopes that give roles."""

    url: Annotated[str, StringConstraints(pattern=r"^https?://")]
    client_id: str
    client_secret_file: AbsolutePath
    ca_file: AbsolutePath | None = None
    admin_scope: str = "nodes:admin"
    reader_scope: str = "nodes:reader"
    timeout: Seconds = 5


class Auth(Section):
    """How tokens are validated: by the identity server if one is configured, otherwise by the token file."""

    tokens: AbsolutePath = Path("/etc/drone-nodes/tokens.toml")
    introspection: Introspection | None = None


class Podman(Section):
    """The container runtime."""

    program: str = "podman"


class Monitor(Section):
    """How often the daemon compares the node with the registry, and what counts as flapping."""

    interval: Seconds = 30
    flap_restarts: Annotated[int, Field(ge=2, le=1000)] = 3
    flap_window: Seconds = 300
    retention_days: Annotated[int, Field(ge=1, le=3650)] = 30


class Alerts(Section):
    """The command that is run for an alert."""

    command: tuple[str, ...] = ()
    user: str = ""
    timeout: Seconds = 10
    cooldown: Annotated[float, Field(ge=0, le=604_800)] = 900


class Snapshots(Section):
    """How many snapshots of the registry are kept."""

    keep: Annotated[int, Field(ge=1, le=1000)] = 14


class Limits(Section):
    """What one client may ask for."""

    file_bytes: Annotated[int, Field(ge=1024, le=LARGEST_FILE)] = LARGEST_FILE
    calls: Annotated[int, Field(ge=1, le=10_000)] = 100
    streams: Annotated[int, Field(ge=1, le=1000)] = 32


class Log(Section):
    """The daemon's log on standard error, and its audit log: `stderr`, a file, or the URL of a collector."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "human"] = "json"
    audit: str = "stderr"


class Configuration(Section):
    """The whole file."""

    node: Name
    listen: Annotated[str, AfterValidator(_address)] = "0.0.0.0:7443"
    tls: Tls
    paths: Paths = Paths()
    auth: Auth = Auth()
    podman: Podman = Podman()
    monitor: Monitor = Monitor()
    alerts: Alerts = Alerts()
    snapshots: Snapshots = Snapshots()
    limits: Limits = Limits()
    log: Log = Log()
