"""The command lines of podman."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drone_mcp_node_agent.planning.normalise import restart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drone_mcp_nodes_api.wire import agent_pb2 as pb


def create_arguments(name: str, component: pb.ComponentSpec, labels: Mapping[str, str]) -> list[str]:
    """Return the arguments that create a container of a component, without the program's name.

    Args:
        name: of the container.
        component: what it is.
        labels: of the container.
    """
    # Never pulled here: what is not on the node by now could not be pulled, or the plan did not foresee it.
    arguments = ["create", "--pull=never", f"--name={name}", f"--restart={restart(component.restart)}"]
    arguments += [f"--label={key}={value}" for key, value in sorted(labels.items())]
    arguments += [f"--network={component.network}"] if component.network else []
    arguments += [f"--user={component.user}"] if component.user else []
    arguments += [f"--publish={port}" for port in component.ports]
    arguments += [f"--volume={volume}" for volume in component.volumes]
    arguments += [f"--env={key}={value}" for key, value in sorted(component.env.items())]
    arguments += [
        f"--secret={secret.name},type=mount,target={secret.file}" if secret.file else f"--secret={secret.name}"
        for secret in component.secrets
    ]
    arguments += [f"--memory={component.resources.memory}"] if component.resources.memory else []
    arguments += [f"--cpus={component.resources.cpus:g}"] if component.resources.cpus else []
    arguments += [f"--pids-limit={component.resources.pids}"] if component.resources.pids else []
    if component.HasField("stop_timeout"):
        arguments.append(f"--stop-timeout={component.stop_timeout.ToSeconds()}")
    return [*arguments, "--", component.image, *component.cmd]
