"""Reads what podman prints, of versions 4.3 and 5.8."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from drone_mcp_node_agent.runtime.runtime import Container, Image, ListedContainer, LogLine, RuntimeEvent, Secret
from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Json = dict[str, Any]

ANONYMOUS_VOLUME: Final = 64  # the length of the name that podman gives to a volume without one
HIDDEN: Final = "*******"  # instead of a secret's value, since podman 5.3


def read_containers(output: str) -> list[Container]:
    """Read the output of `podman container inspect`, which is complete even where another container was missing."""
    return [read_container(one) for one in json.loads(output or "[]")]


def read_container(facts: Json) -> Container:
    """Read a container."""
    state, config = facts["State"], facts["Config"]
    command = tuple(config.get("CreateCommand") or ())
    secrets = {one.get("target") or one["name"] for one in _secret_options(command) if one.get("type") == "env"}
    env = _read_env(config.get("Env"))
    # Of a container made by the API nothing says which variables are secrets, so all of them may be.
    may_be_any = bool(config.get("Secrets")) and not command
    hidden = {name for name, value in env.items() if may_be_any or value == HIDDEN} | secrets
    return Container(
        id=facts["Id"],
        name=facts["Name"].removeprefix("/"),
        spec=_read_spec(facts, {name: value for name, value in env.items() if name not in hidden}, command),
        image_id=facts["Image"],
        image_digest=facts.get("ImageDigest") or "",
        status=state["Status"],
        pid=state.get("Pid") or 0,
        exit_code=state.get("ExitCode") or 0,
        oom_killed=bool(state.get("OOMKilled")),
        restarts=facts.get("RestartCount") or 0,
        started_at=_read_time(state.get("StartedAt")),
        finished_at=_read_time(state.get("FinishedAt")),
        labels=dict(config.get("Labels") or {}),
        environment_secrets=frozenset(hidden),
        addresses={
            name: network.get("IPAddress") or ""
            for name, network in (facts["NetworkSettings"].get("Networks") or {}).items()
        },
        create_command=command,
    )


def _read_spec(facts: Json, env: Mapping[str, str], command: tuple[str, ...]) -> pb.ComponentSpec:
    config, host = facts["Config"], facts["HostConfig"]
    mode, named = host.get("NetworkMode") or "", facts["NetworkSettings"].get("Networks") or {}
    policy = host.get("RestartPolicy") or {}
    retries = policy.get("MaximumRetryCount") or 0
    spec = pb.ComponentSpec(
        image=facts.get("ImageName") or "",
        # `bridge` for every named network; the names are in the other place.
        network=",".join(sorted(named)) if mode == "bridge" and named else mode,
        user=config.get("User") or "",
        restart=f"on-failure:{retries}"
        if policy.get("Name") == "on-failure" and retries
        else policy.get("Name") or "no",
        ports=_read_ports(host.get("PortBindings") or {}),
        volumes=_read_volumes(facts.get("Mounts") or []),
        cmd=config.get("Cmd") or [],
        env=env,
        secrets=_read_file_secrets(command, config.get("Secrets") or []),
    )
    spec.resources.memory = str(host["Memory"]) if host.get("Memory") else ""
    spec.resources.cpus = (host.get("NanoCpus") or 0) / 1e9
    spec.resources.pids = max(host.get("PidsLimit") or 0, 0)
    spec.stop_timeout.FromSeconds(config.get("StopTimeout") or 0)
    return spec


def _read_ports(bindings: Mapping[str, list[Mapping[str, str]] | None]) -> list[str]:
    return [
        f"{_address(one.get('HostIp') or '')}{one['HostPort']}:{inside}"
        for inside, hosts in sorted(bindings.items())
        for one in hosts or ()
        if one.get("HostPort")
    ]


def _address(ip: str) -> str:
    return (f"[{ip}]:" if ":" in ip else f"{ip}:") if ip else ""


def _read_volumes(mounts: Iterable[Json]) -> list[str]:
    sources = ((one, one.get("Name") if one.get("Type") == "volume" else one.get("Source")) for one in mounts)
    return [
        f"{source}:{one['Destination']}{'' if one.get('RW', True) else ':ro'}"
        for one, source in sources
        if source and not (one.get("Type") == "volume" and len(source) == ANONYMOUS_VOLUME)
    ]


def _read_env(lines: Iterable[str] | None) -> dict[str, str]:
    pairs = (line.partition("=") for line in lines or ())
    return {name: value for name, _, value in pairs}


def _secret_options(command: tuple[str, ...]) -> list[dict[str, str]]:
    """Return the options of each `--secret` of a command line, with the secret's name as `name`."""
    texts = [two for one, two in pairwise(command) if one == "--secret"]
    texts += [word.removeprefix("--secret=") for word in command if word.startswith("--secret=")]
    found = []
    for text in texts:
        name, *options = text.split(",")
        found.append({"name": name} | {key: value for key, _, value in (option.partition("=") for option in options)})
    return found


def _read_file_secrets(command: tuple[str, ...], listed: Iterable[Mapping[str, Any]]) -> list[pb.SecretRef]:
    if command:
        files = [one for one in _secret_options(command) if one.get("type") != "env"]
        return [pb.SecretRef(name=one["name"], file=one.get("target") or "") for one in files]
    return [pb.SecretRef(name=one["Name"]) for one in listed]


def _read_time(text: str | None) -> datetime | None:
    """Return a time; podman writes the year 1 for one that has not come."""
    if not text or text.startswith("0001-"):
        return None
    return datetime.fromisoformat(text).astimezone(UTC)


def read_list(output: str) -> list[ListedContainer]:
    """Read the output of `podman ps --format json`."""
    return [
        ListedContainer(
            id=one["Id"],
            name=next(iter(one.get("Names") or [""])),
            image=one.get("Image") or "",
            status=one.get("State") or "",
            labels=dict(one.get("Labels") or {}),
        )
        for one in json.loads(output or "[]") or []
        if not one.get("IsInfra")
    ]


def read_image(output: str) -> Image:
    """Read the output of `podman image inspect` of one image."""
    facts = json.loads(output)[0]
    config = facts.get("Config") or {}
    return Image(
        id=facts["Id"],
        digest=facts.get("Digest") or "",
        labels=dict(facts.get("Labels") or {}),
        env=_read_env(config.get("Env")),
        cmd=tuple(config.get("Cmd") or ()),
        user=facts.get("User") or "",
    )


def read_event(line: str) -> RuntimeEvent | None:
    """Read a line of `podman events --format json`; None if it is about no container."""
    facts = json.loads(line)
    if facts.get("Type") != "container":
        return None
    if "timeNano" in facts:
        at = datetime.fromtimestamp(facts["timeNano"] / 1e9, UTC)
    else:
        at = datetime.fromisoformat(facts["Time"]).astimezone(UTC)
    kind = facts.get("Status") or ""
    # Version 4.3 leaves out the code of an end with 0.
    code = facts.get("ContainerExitCode", 0) if kind == "died" else None
    return RuntimeEvent(
        at, facts.get("ID") or "", facts.get("Name") or "", kind, code, dict(facts.get("Attributes") or {})
    )


def read_log_line(line: str, stream: str) -> LogLine:
    """Read a line of `podman logs --timestamps`."""
    stamp, _, text = line.partition(" ")
    try:
        at = datetime.fromisoformat(stamp).astimezone(UTC)
    except ValueError:
        return LogLine(None, stream, line)
    return LogLine(at, stream, text)


def read_secrets(output: str) -> list[Secret]:
    """Read the output of `podman secret inspect`."""
    return [
        Secret(one["Spec"]["Name"], datetime.fromisoformat(one["UpdatedAt"]).astimezone(UTC))
        for one in json.loads(output or "[]") or []
    ]
