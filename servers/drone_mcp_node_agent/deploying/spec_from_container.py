"""Derives the specification of a component from a container that runs already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    from drone_mcp_node_agent.runtime.runtime import Container, Image

# Set by podman in every container, whatever its image and its command line say.
PODMANS_VARIABLES: Final = frozenset({"container", "HOME", "HOSTNAME", "TERM"})
PODMANS_NETWORK: Final = "podman"
PODMANS_PIDS: Final = 2048
# Options that do not matter to the container that is made, and take no word of their own.
INDIFFERENT_FLAGS: Final = frozenset(
    [
        "--detach",
        "-d",
        "--quiet",
        "-q",
        "--tls-verify",
        "--replace",
        "--tty",
        "-t",
        "--interactive",
        "-i",
        "-it",
        "-dit",
        "-td",
        "-itd",
    ]
)
# The options of a command line that a component has a field for, or that do not matter either.
KNOWN_OPTIONS: Final = INDIFFERENT_FLAGS | frozenset(
    [
        "--name",
        "--label",
        "-l",
        "--network",
        "--net",
        "--user",
        "-u",
        "--restart",
        "--publish",
        "-p",
        "--volume",
        "-v",
        "--env",
        "-e",
        "--secret",
        "--memory",
        "-m",
        "--cpus",
        "--pids-limit",
        "--stop-timeout",
        "--pull",
        "--env-file",
        "--label-file",
        "--cidfile",
    ]
)
# All that take no word of their own, so that the next word is the image.
FLAGS: Final = INDIFFERENT_FLAGS | frozenset(
    [
        "--rm",
        "--privileged",
        "--init",
        "--read-only",
        "--publish-all",
        "-P",
        "--no-healthcheck",
        "--no-hosts",
        "--http-proxy",
        "--sig-proxy",
        "--oom-kill-disable",
    ]
)


def derive_component(name: str, container: Container, image: Image | None) -> pb.ComponentSpec:
    """Return the component that makes a container like this one.

    What the image sets anyway is left out, so that a newer image can set something else.

    Args:
        name: of the component.
        container: the container.
        image: the image that it runs, if it is still on the node.
    """
    seen = container.spec
    set_by_image = image.env if image else {}
    spec = pb.ComponentSpec(
        name=name,
        image=seen.image,
        network="" if seen.network == PODMANS_NETWORK else seen.network,
        user="" if image and seen.user == image.user else seen.user,
        restart=seen.restart,
        ports=seen.ports,
        volumes=seen.volumes,
        cmd=() if image and tuple(seen.cmd) == image.cmd else seen.cmd,
        env={
            key: value
            for key, value in seen.env.items()
            if key not in PODMANS_VARIABLES and set_by_image.get(key) != value
        },
        secrets=seen.secrets,
        resources=seen.resources,
        stop_timeout=seen.stop_timeout,
    )
    if spec.resources.pids == PODMANS_PIDS:
        spec.resources.pids = 0
    return spec


def find_losses(container: Container) -> str:
    """Return in a sentence what a component cannot hold of a container; empty if it holds everything."""
    losses = []
    if container.environment_secrets:
        losses.append(
            f"the variables {', '.join(sorted(container.environment_secrets))}, which hold secrets or may do so: "
            "give them as files"
        )
    options = sorted(_options(container.create_command) - KNOWN_OPTIONS)
    if options:
        losses.append(f"the options {', '.join(options)}")
    if not container.create_command:
        losses.append("options that podman does not report, as the container was not made by its command line")
    return f"a deployment would make it without {'; and without '.join(losses)}" if losses else ""


def _options(command: tuple[str, ...]) -> set[str]:
    """Return the options of a command line up to the image."""
    found = set()
    words = iter(command[2:])
    for word in words:
        if not word.startswith("-") or word == "--":
            break
        found.add(word.partition("=")[0])
        if "=" not in word and word not in FLAGS:
            next(words, None)
    return found
