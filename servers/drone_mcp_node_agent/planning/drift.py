"""Finds where a container differs from the component that it should be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drone_mcp_node_agent.planning import normalise
from drone_mcp_node_agent.planning.spec_hash import SPEC, hash_component
from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from drone_mcp_node_agent.runtime.runtime import Container

SHOWN_HASH: Final = len("sha256:") + 12


def find_drift(
    component: pb.ComponentSpec, labels: Mapping[str, str], container: Container, digest: str = ""
) -> list[pb.Drift]:
    """Return the differences between a component and its container.

    A container that carries the component's hash was made from it, so that only what `podman update` can change is
    compared. Any other one, such as an adopted container, is compared field by field, in the fields that the component
    sets: the others are those of its image.

    Args:
        component: what is wanted.
        labels: those of its service.
        container: what there is.
        digest: of the image that was deployed; empty if that is not known.
    """
    desired, observed = normalise.component(component), normalise.component(container.spec)
    carried, wanted = container.labels.get(SPEC), hash_component(component, labels)
    found = list(_compare_limits(desired, observed))
    if carried != wanted:
        found = [*_compare_fields(desired, observed), *found]
        if carried and not found:  # such as another label of the service
            found.append(pb.Drift(field="definition", desired=wanted[:SHOWN_HASH], observed=carried[:SHOWN_HASH]))
    if digest and container.image_digest and digest != container.image_digest:
        found.append(pb.Drift(field="image_digest", desired=digest, observed=container.image_digest))
    return found


def _compare_limits(desired: pb.ComponentSpec, observed: pb.ComponentSpec) -> Iterator[pb.Drift]:
    yield from _differ("restart", desired.restart, observed.restart)
    yield from _differ("resources.memory", desired.resources.memory, observed.resources.memory)
    yield from _differ("resources.cpus", _number(desired.resources.cpus), _number(observed.resources.cpus))
    if desired.resources.pids:  # podman has a limit of its own where none is wanted
        yield from _differ("resources.pids", str(desired.resources.pids), str(observed.resources.pids))


def _compare_fields(desired: pb.ComponentSpec, observed: pb.ComponentSpec) -> Iterator[pb.Drift]:
    yield from _differ("image", desired.image, observed.image)
    if desired.network:
        yield from _differ("network", desired.network, observed.network)
    if desired.user:
        yield from _differ("user", desired.user, observed.user)
    yield from _differ("ports", _join(desired.ports), _join(observed.ports))
    yield from _differ("volumes", _join(desired.volumes), _join(observed.volumes))
    if desired.cmd:
        yield from _differ("cmd", " ".join(desired.cmd), " ".join(observed.cmd))
    for name, value in sorted(desired.env.items()):
        if name not in observed.env or observed.env[name] != value:
            yield pb.Drift(field=f"env.{name}", desired=value, observed=observed.env.get(name, ""))
    yield from _differ("secrets", _join(map(_secret, desired.secrets)), _join(map(_secret, observed.secrets)))
    if desired.HasField("stop_timeout"):
        yield from _differ(
            "stop_timeout", f"{desired.stop_timeout.ToSeconds()}s", f"{observed.stop_timeout.ToSeconds()}s"
        )


def _differ(field: str, desired: str, observed: str) -> Iterator[pb.Drift]:
    if desired != observed:
        yield pb.Drift(field=field, desired=desired, observed=observed)


def _number(value: float) -> str:
    return f"{value:g}" if value else ""


def _join(values: Iterable[str]) -> str:
    return ", ".join(sorted(values))


def _secret(secret: pb.SecretRef) -> str:
    return f"{secret.name} at {secret.file}" if secret.file else secret.name
