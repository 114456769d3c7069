"""The short notations in a service definition: ports, volumes and durations. Each is read here and nowhere else."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

_PORT = re.compile(r"(?:(?P<ip>\[[^\]]+\]|[^:\[\]]+):)?(?P<host>\d+):(?P<container>\d+)(?:/(?P<protocol>\w+))?")
_DURATION = re.compile(r"(?:(?P<h>\d+)h)?(?:(?P<m>\d+)m)?(?:(?P<s>\d+(?:\.\d+)?)s)?(?:(?P<ms>\d+)ms)?")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_VOLUME_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")
HIGHEST_PORT = 65535
PROTOCOLS = ("tcp", "udp", "sctp")


@dataclass(frozen=True)
class Port:
    """A published port.

    Attributes:
        ip: the address of the node that it is published at; "" for all.
        host: the port of the node.
        container: the port of the container.
        protocol: tcp, udp or sctp.
    """

    ip: str
    host: int
    container: int
    protocol: str


@dataclass(frozen=True)
class Volume:
    """A folder of the node, or a volume of podman, in the container.

    Attributes:
        source: an absolute path of the node, or the name of a volume.
        target: an absolute path in the container.
        options: such as `ro`.
    """

    source: str
    target: str
    options: tuple[str, ...]


def parse_port(text: str) -> Port:
    """Read `[ip:]host:container[/protocol]`.

    Raises:
        ValueError: it is no port, with the reason.
    """
    found = _PORT.fullmatch(text)
    if not found:
        raise ValueError(
            f"{text!r} is no port; write [ip:]host:container[/protocol], for example 127.0.0.1:8080:80/tcp"
        )
    ip, protocol = (found["ip"] or "").strip("[]"), found["protocol"] or "tcp"
    port = Port(ip, int(found["host"]), int(found["container"]), protocol)
    if not all(1 <= number <= HIGHEST_PORT for number in (port.host, port.container)):
        raise ValueError(f"{text!r} is no port; ports are 1 to {HIGHEST_PORT}")
    if protocol not in PROTOCOLS:
        raise ValueError(f"{text!r} has an unknown protocol; write {', '.join(PROTOCOLS[:-1])} or {PROTOCOLS[-1]}")
    if ip:
        try:
            ipaddress.ip_address(ip)
        except ValueError:
            raise ValueError(f"{text!r} is no port; {ip} is no IP address") from None
    return port


def parse_volume(text: str) -> Volume:
    """Read `source:target[:options]`.

    Raises:
        ValueError: it is no volume, with the reason.
    """
    parts = text.split(":")
    if len(parts) not in {2, 3}:
        raise ValueError(f"{text!r} is no volume; write source:target[:options], for example /srv/web/data:/data:ro")
    source, target = parts[:2]
    if not target.startswith("/"):
        raise ValueError(f"{text!r} is no volume; the target has to be an absolute path in the container")
    if not source.startswith("/") and not _VOLUME_NAME.fullmatch(source):
        raise ValueError(f"{text!r} is no volume; the source has to be an absolute path or the name of a volume")
    return Volume(source, target, tuple(parts[2].split(",")) if len(parts) > 2 else ())  # noqa: PLR2004 - the options


def parse_duration(value: object) -> float:
    """Return the seconds of a number, or of a text such as `1m30s` or `500ms`, in whole milliseconds.

    Raises:
        ValueError: it is no duration.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return round(float(value), 3)
    found = _DURATION.fullmatch(value) if isinstance(value, str) and value else None
    if not found:
        raise ValueError(f"{value!r} is no duration; write seconds, or a text such as '500ms', '10s' or '1m30s'")
    return round(sum(float(found[unit]) * seconds for unit, seconds in _SECONDS.items() if found[unit]), 3)
