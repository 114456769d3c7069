"""The command lines of podman."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drone_mcp_node_agent.planning.normalise import restart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drone_mcp_nodes_api.wire import agent_pb2 as pb


# Networks in which containers do not find each other by name, and which refuse an alias.
WITHOUT_NAMES: Final = ("", "host", "none", "podman", "private", "slirp4netns", "pasta", "bridge", "container", "ns")


def create_arguments(name: str, component: pb.ComponentSpec, labels: Mapping[str, str], alias: str = "") -> list[str]:
    """Return the arguments that create a container of a component, without the program's name.

    Args:
        name: of the container.
        component: what it is.
        labels: of the container.
        alias: a second name in its network. podman enters the name of a container there when it starts, and does not
            change it when the container is renamed.
    """
    # Never pulled here: what is not on the node by now could not be pulled, or the plan did not foresee it.
    arguments = ["create", "--pull=never", f"--name={name}", f"--restart={restart(component.restart)}"]
    arguments += [f"--label={key}={value}" for key, value in sorted(labels.items())]
    arguments += [f"--network={component.network}"] if component.network else []
    if alias and component.network.partition(":")[0] not in WITHOUT_NAMES:
        arguments.append(f"--network-alias={alias}")
    arguments += [f"--user={component.user}"] if component.user else []
    arguments += [f"--publish={port}" for port in component.ports]
    arguments += [f"--volume={volume}" for volume in component.volumes]
    arguments += [f"--env={key}={value}" for key, value in sorted(component.env.items())]
    arguments += [f"--secret={_secret(secret)}" for secret in component.secrets]
    arguments += [f"--memory={component.resources.memory}"] if component.resources.memory else []
    arguments += [f"--cpus={component.resources.cpus:g}"] if component.resources.cpus else []
    arguments += [f"--pids-limit={component.resources.pids}"] if component.resources.pids else []
    if component.HasField("stop_timeout"):
        arguments.append(f"--stop-timeout={component.stop_timeout.ToSeconds()}")
    return [*arguments, "--", component.image, *component.cmd]


def _secret(secret: pb.SecretRef) -> str:
    return f"{secret.name},type=mount,target={secret.file}" if secret.file else secret.name
