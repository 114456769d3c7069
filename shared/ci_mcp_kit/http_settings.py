"""Settings for serving over HTTP: the address, the token of callers, the names of the host, the address of metrics."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from ci_mcp_kit.secret_files import read_secret
from ci_mcp_kit.variables import SettingsError, Variable, read_file, read_list, read_token, read_variables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ci_mcp_kit.variables import Secret

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
SHORTEST_TOKEN = 20  # characters: 120 bits in base64, which nobody can guess
LARGEST_PORT = 65_535


@dataclass(frozen=True)
class Address:
    """An address to listen on; port 0 takes a free one."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Return whether only this machine can reach it."""
        with contextlib.suppress(ValueError):
            return ip_address(self.host).is_loopback
        return self.host == "localhost"

    @property
    def names(self) -> frozenset[str]:
        """The names that a client may send as Host; an unspecified address (0.0.0.0, ::) is none."""
        with contextlib.suppress(ValueError):
            if ip_address(self.host).is_unspecified:
                return LOOPBACK_NAMES
        return LOOPBACK_NAMES | {self.host.lower()}

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def read_address(text: str) -> Address:
    """Read `ADDRESS:PORT`.

    Raises:
        SettingsError: it is none.
    """
    host, _, port = text.strip().rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    is_host = bool(re.fullmatch(r"[A-Za-z0-9.-]+", bare)) if bare == host else ":" in bare
    if not is_host or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > LARGEST_PORT:
        raise SettingsError(f"{text!r} is not an address to listen on: it takes ADDRESS:PORT, like 127.0.0.1:8080")
    return Address(bare, int(port))


def read_loopback(text: str) -> Address:
    """Read `ADDRESS:PORT` of an address that only this machine can reach.

    Raises:
        SettingsError: it is none.
    """
    address = read_address(text)
    if not address.is_loopback:
        raise SettingsError(f"{address} can be reached from other machines: listen on 127.0.0.1")
    return address


@dataclass(frozen=True)
class HttpSettings:
    """The settings for serving one process over HTTP.

    Attributes:
        address: the address to listen on.
        token: the token that every caller has to send; None without `token_file`: none (on a loopback address only).
        token_file: a file that holds the token instead; read again when it changes.
        hosts: further names that callers may use, in addition to those of `address`.
        metrics: the address for Prometheus, if any.
    """

    address: Address
    token: Secret | None = None
    token_file: Path | None = None
    hosts: tuple[str, ...] = ()
    metrics: Address | None = None

    @classmethod
    def read(cls, address: str, environment: Mapping[str, str], *, guarded: bool = False) -> HttpSettings:
        """Read all `HTTP_VARIABLES`. `guarded`: callers are authenticated in another way than by one token.

        Raises:
            SettingsError: a value is wrong, or the server could be reached from the network without a token.
        """
        values = read_variables(HTTP_VARIABLES, environment)
        if "token" in values and "token_file" in values:
            raise SettingsError("DRONE_MCP_HTTP_TOKEN and DRONE_MCP_HTTP_TOKEN_FILE are both set: keep one of them")
        settings = cls(read_address(address), **values)
        if settings.token_file is not None and not settings.secrets():
            raise SettingsError(f"DRONE_MCP_HTTP_TOKEN_FILE is {str(settings.token_file)!r}: it holds no token")
        if not (guarded or settings.is_guarded or settings.address.is_loopback):
            raise SettingsError(
                f"{settings.address} can be reached from other machines: set DRONE_MCP_HTTP_TOKEN (or "
                "DRONE_MCP_HTTP_TOKEN_FILE) to what callers have to send, or listen on 127.0.0.1"
            )
        return settings

    @property
    def is_guarded(self) -> bool:
        """Return whether callers have to send a token."""
        return self.token is not None or self.token_file is not None

    @property
    def is_ready(self) -> bool:
        """Return whether callers can be authenticated now: a token file may be missing."""
        return bool(self.secrets()) or not self.is_guarded

    def secrets(self) -> list[str]:
        """Return the token, as set or as its file holds it now; an empty list where there is no usable one."""
        if self.token is not None:
            return [self.token.reveal()]
        held = read_secret(self.token_file) if self.token_file is not None else None
        with contextlib.suppress(ValueError):
            return [read_token(held).reveal()] if held else []
        return []


def _token(text: str) -> Secret:
    if len(text) < SHORTEST_TOKEN:
        raise ValueError(f"shorter than {SHORTEST_TOKEN} characters")
    return read_token(text)


def _hosts(text: str) -> tuple[str, ...]:
    hosts = tuple(host.lower().strip("[]") for host in read_list(text))
    if not hosts or not all(re.fullmatch(r"[a-z0-9_.:-]+", host) for host in hosts):
        raise ValueError
    for host in hosts:
        # An IPv6 address has more than one colon.
        if host.count(":") == 1:
            raise ValueError(f"without a port; did you mean {host.partition(':')[0]}")
    return hosts


def _metrics(text: str) -> Address:
    try:
        return read_address(text)
    except SettingsError:
        raise ValueError from None


HTTP_VARIABLES = (
    Variable(
        "DRONE_MCP_HTTP_TOKEN",
        "token",
        f"what callers over HTTP have to send as bearer token, {SHORTEST_TOKEN} characters or more",
        _token,
        secret=True,
    ),
    Variable("DRONE_MCP_HTTP_TOKEN_FILE", "token_file", "the path of a file that holds it", read_file),
    Variable("DRONE_MCP_HTTP_HOSTS", "hosts", "names by which callers may reach it, like mcp.example.com", _hosts),
    Variable(
        "DRONE_MCP_METRICS_LISTEN",
        "metrics",
        "an address of its own at which Prometheus reads /metrics, like 127.0.0.1:9090",
        _metrics,
    ),
)
