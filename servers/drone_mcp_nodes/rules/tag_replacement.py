"""Replaces the version of a component in the definition of a service. Pure."""

from __future__ import annotations

from ci_mcp_http.call import quote_input
from ci_mcp_kit.errors import InvalidInput
from drone_mcp_nodes_api.wire import agent_pb2 as pb


def replace_tag(image: str, tag: str) -> str:
    """Return an image with another tag; a digest, which names one image for ever, goes."""
    place, slash, name = image.partition("@")[0].rpartition("/")
    return f"{place}{slash}{name.partition(':')[0]}:{tag}"


def with_version(spec: pb.ServiceSpec, component: str, version: str) -> pb.ServiceSpec:
    """Return a definition with another tag of one component's image, unchanged where `version` is "".

    Raises:
        InvalidInput: there is no such component, or several and none is named.
    """
    names = [one.name for one in spec.components]
    if component and component not in names:
        raise InvalidInput(
            f"{spec.name} has no component {quote_input(component)}",
            next_step=f"Name one of {', '.join(names)}",
        )
    if version and not component and len(names) > 1:
        # A version of one image says nothing about the images of the others.
        raise InvalidInput(
            f"{spec.name} has {len(names)} components, so version {version} needs one of them",
            next_step=f"Give component as one of {', '.join(names)}",
        )
    changed = pb.ServiceSpec()
    changed.CopyFrom(spec)
    for one in changed.components:
        if version and one.name == (component or names[0]):
            one.image = replace_tag(one.image, version)
    return changed
