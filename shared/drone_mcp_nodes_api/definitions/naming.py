"""The names of containers and the versions of images."""

from __future__ import annotations


def name_container(service: str, component: str) -> str:
    """Return the name of a component's container."""
    return service if component == service else f"{service}-{component}"


def derive_component(prefix: str, container: str) -> str | None:
    """Return the component whose container has this name, or None if the name does not begin with the prefix."""
    if container == prefix:
        return prefix
    component = container.removeprefix(f"{prefix}-")
    return component if component not in {container, prefix, ""} else None  # the component `prefix` has no suffix


def read_version(image: str) -> str:
    """Return the tag of an image, or "" if the reference has none."""
    name = image.partition("@")[0].rpartition("/")[2]  # before the last slash, a colon precedes the registry's port
    return name.partition(":")[2]
