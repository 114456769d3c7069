"""Service definitions as messages of the gRPC service, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.duration_pb2 import Duration

from drone_mcp_nodes_api.definitions.problems import make_service
from drone_mcp_nodes_api.wire import agent_pb2

if TYPE_CHECKING:
    from drone_mcp_nodes_api.definitions.model import Component, Health, Service

_NANOSECONDS = 1_000_000_000


def to_message(service: Service) -> agent_pb2.ServiceSpec:
    """Return a definition as a message."""
    return agent_pb2.ServiceSpec(
        name=service.name,
        node=service.node,
        active=service.active,
        components=map(_component_to_message, service.components),
        labels=service.labels,
    )


def from_message(message: agent_pb2.ServiceSpec) -> Service:
    """Return the definition in a message; what the message leaves out has its default.

    Raises:
        InvalidInput: it breaks a rule of definitions.
    """
    components = [_component_from_message(component) for component in message.components]
    return make_service(
        {
            "name": message.name,
            "node": message.node,
            "active": message.active,
            "components": components,
            "labels": dict(message.labels),
        }
    )


def make_duration(seconds: float) -> Duration:
    """Return seconds as a message."""
    whole, nanoseconds = divmod(round(seconds * _NANOSECONDS), _NANOSECONDS)
    return Duration(seconds=whole, nanos=nanoseconds)


def read_duration(message: Duration) -> float:
    """Return the seconds of a message."""
    return (message.seconds * _NANOSECONDS + message.nanos) / _NANOSECONDS


def _component_to_message(component: Component) -> agent_pb2.ComponentSpec:
    limits = component.resources
    return agent_pb2.ComponentSpec(
        name=component.name,
        image=component.image,
        network=component.network,
        user=component.user,
        restart=component.restart,
        ports=component.ports,
        volumes=component.volumes,
        cmd=component.cmd,
        env=component.env,
        secrets=[agent_pb2.SecretRef(name=secret.name, file=secret.file) for secret in component.secrets],
        resources=agent_pb2.Resources(memory=limits.memory, cpus=limits.cpus, pids=limits.pids),
        health=_health_to_message(component.health) if component.health else None,
        stop_timeout=make_duration(component.stop_timeout),
        depends_on=component.depends_on,
        order=component.order,
    )


def _health_to_message(health: Health) -> agent_pb2.HealthCheck:
    message = agent_pb2.HealthCheck(
        interval=make_duration(health.interval),
        timeout=make_duration(health.timeout),
        start_period=make_duration(health.start_period),
        retries=health.retries,
    )
    if health.http:
        message.http = health.http
    elif health.tcp:
        message.tcp = health.tcp
    else:
        message.exec.argv.extend(health.exec)
    return message


def _component_from_message(message: agent_pb2.ComponentSpec) -> dict[str, Any]:
    limits = message.resources
    data: dict[str, Any] = {
        "name": message.name,
        "image": message.image,
        "network": message.network,
        "user": message.user,
        "ports": [*message.ports],
        "volumes": [*message.volumes],
        "cmd": [*message.cmd],
        "env": dict(message.env),
        "secrets": [{"name": secret.name, "file": secret.file} for secret in message.secrets],
        "resources": {"memory": limits.memory, "cpus": limits.cpus, "pids": limits.pids},
        "depends_on": [*message.depends_on],
    }
    data |= {key: value for key in ("restart", "order") if (value := getattr(message, key))}
    if message.HasField("health"):
        data["health"] = _health_from_message(message.health)
    if message.HasField("stop_timeout"):
        data["stop_timeout"] = read_duration(message.stop_timeout)
    return data


def _health_from_message(message: agent_pb2.HealthCheck) -> dict[str, Any]:
    data: dict[str, Any] = {"http": message.http, "tcp": message.tcp, "exec": [*message.exec.argv]}
    sent = {field.name: value for field, value in message.ListFields()}
    data |= {key: read_duration(sent[key]) for key in ("interval", "timeout", "start_period") if key in sent}
    return data | ({"retries": message.retries} if message.retries else {})
