"""Decides what a deployment does, from what is wanted and what there is."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from google.protobuf.json_format import MessageToDict

from drone_mcp_node_agent.planning.drift import find_drift
from drone_mcp_node_agent.planning.spec_hash import SPEC
from drone_mcp_nodes_api.definitions.naming import read_version
from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from drone_mcp_node_agent.registry.records import ServiceRecord
    from drone_mcp_node_agent.runtime.runtime import Container, Image

CREATE: Final = "create"
REPLACE: Final = "replace"
START: Final = "start"
REMOVE: Final = "remove"
KEEP: Final = "keep"


@dataclass(frozen=True)
class Situation:
    """What there is on the node, as far as a service is concerned.

    Attributes:
        containers: component -> its container.
        images: reference -> what it names on the node, if anything.
        record: what the registry knows of the service.
    """

    containers: Mapping[str, Container]
    images: Mapping[str, Image | None]
    record: ServiceRecord | None


def must_pull(image: str, *, is_present: bool, force: bool = False) -> bool:
    """Return whether a deployment pulls an image: one without a fixed version always, any other if it is missing.

    The rule of Kubernetes (https://kubernetes.io/docs/concepts/containers/images/, "Default image pull policy").
    """
    return force or is_floating(image) or not is_present


def is_floating(image: str) -> bool:
    """Return whether a reference names another image tomorrow."""
    return "@" not in image and read_version(image) in {"", "latest"}


def pin_images(spec: pb.ServiceSpec, digests: Mapping[str, str]) -> pb.ServiceSpec:
    """Return a specification that names its images for ever, so that it can be gone back to.

    Args:
        spec: of the service.
        digests: component -> digest of its image.
    """
    pinned = pb.ServiceSpec()
    pinned.CopyFrom(spec)
    for component in pinned.components:
        digest = digests.get(component.name)
        if digest and is_floating(component.image):
            tag = read_version(component.image)
            component.image = f"{component.image.removesuffix(f':{tag}')}@{digest}"
    return pinned


def plan_steps(
    spec: pb.ServiceSpec, components: Sequence[pb.ComponentSpec], situation: Situation, *, force: bool
) -> list[pb.Step]:
    """Return a step for each component, in the order in which they are done; removals come last.

    Args:
        spec: what is wanted of the whole service.
        components: those that the deployment is about, in the order of their start.
        situation: what there is.
        force: whether containers that are as specified are replaced, too.
    """
    steps = [_plan_component(spec, component, situation, force=force) for component in components]
    if situation.record and len(components) == len(spec.components):
        wanted = {component.name for component in components}
        gone = [one.name for one in situation.record.spec.components if one.name not in wanted]
        steps += [pb.Step(component=name, action=REMOVE, reason="the service no longer has it") for name in gone]
    return steps


def _plan_component(spec: pb.ServiceSpec, component: pb.ComponentSpec, situation: Situation, *, force: bool) -> pb.Step:
    container, image = situation.containers.get(component.name), situation.images.get(component.image)
    step = pb.Step(component=component.name, action=KEEP, reason="it is as specified")
    if not container:
        step.action, step.reason = CREATE, "there is no container yet"
    else:
        step.changes.extend(find_drift(component, spec.labels, container))
        if image and image.id != container.image_id and not any(one.field == "image" for one in step.changes):
            step.changes.add(field="image_digest", desired=image.digest, observed=container.image_digest)
        if step.changes:
            step.action = REPLACE
            step.reason = f"it differs in {', '.join(one.field for one in step.changes)}"
        elif force:
            step.action, step.reason = REPLACE, "it is replaced on request"
        elif not container.is_running:
            step.action, step.reason = START, f"it is {container.status}"
    if must_pull(component.image, is_present=image is not None, force=force):
        newer = " and replaces the container if the registry has a newer one" if step.action in {KEEP, START} else ""
        step.reason += f"; pulls {component.image} first{newer}"
    return step


def fingerprint(spec: pb.ServiceSpec, component: str, situation: Situation, *, force: bool) -> str:
    """Return the hash of everything that a plan depends on: while it is the same, what is done is what was shown."""
    facts = {
        "spec": MessageToDict(spec),
        "component": component,
        "force": force,
        "revision": situation.record.revision if situation.record else 0,
        "containers": {
            name: [one.id, one.is_running, one.image_id, one.labels.get(SPEC)]
            for name, one in situation.containers.items()
        },
        "images": {reference: image and image.id for reference, image in situation.images.items()},
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]
