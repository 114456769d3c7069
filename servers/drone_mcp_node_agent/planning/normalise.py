"""The one spelling of each value of a component, so that equal components compare equal however they are written."""

from __future__ import annotations

import re
from typing import Final

from drone_mcp_nodes_api.definitions.notation import parse_port, parse_volume
from drone_mcp_nodes_api.wire import agent_pb2 as pb

_MEMORY: Final = re.compile(r"(\d+)([bkmgBKMG]?)")
_UNITS: Final = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def memory(text: str) -> str:
    """Return an amount of memory in bytes; podman's units are powers of 1024. ValueError if it is none."""
    if not (found := _MEMORY.fullmatch(text)):
        raise ValueError(f"{text!r} is no amount of memory; write bytes, or for example 512m or 2g")
    return str(int(found[1]) * _UNITS[found[2].lower()])


def port(text: str) -> str:
    """Return a published port as IP:HOST:CONTAINER/PROTOCOL; ValueError if it is none."""
    parsed = parse_port(text)
    # Depending on its version, podman reports all interfaces as no address or as this one.
    address = "" if parsed.ip == "0.0.0.0" else parsed.ip  # noqa: S104 - compared, not bound
    address = f"[{address}]" if ":" in address else address
    return f"{address}:{parsed.host}:{parsed.container}/{parsed.protocol}".removeprefix(":")


def volume(text: str) -> str:
    """Return a volume as SOURCE:TARGET, with `:ro` if it is read-only; podman does not report the other options."""
    parsed = parse_volume(text)
    source, target = (path.rstrip("/") or path for path in (parsed.source, parsed.target))
    return f"{source}:{target}{':ro' if 'ro' in parsed.options else ''}"


def restart(text: str) -> str:
    """Return a restart policy in podman's words; none is `no`."""
    name, _, count = text.partition(":")
    return f"{name}:{count}" if name == "on-failure" and count not in {"", "0"} else name or "no"


def component(spec: pb.ComponentSpec) -> pb.ComponentSpec:
    """Return a component in its one spelling, with what makes its container and without what only the daemon uses."""
    normal = pb.ComponentSpec()
    normal.CopyFrom(spec)
    for field in ("health", "depends_on", "order", "ports", "volumes"):
        normal.ClearField(field)
    normal.restart = restart(spec.restart)
    normal.ports.extend(sorted({port(one) for one in spec.ports}))
    normal.volumes.extend(sorted({volume(one) for one in spec.volumes}))
    if spec.resources.memory:
        normal.resources.memory = memory(spec.resources.memory)
    if not normal.resources.ByteSize():
        normal.ClearField("resources")
    return normal
