"""Tells why podman refused, from its exit code and its sentence, which versions 4.3 and 5.8 word alike.

Neither is enough alone: 125 stands for a missing container, a name in use and a bad flag, and `permission denied` for a
command that cannot be executed with 126, and for the daemon's own rights otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from drone_mcp_node_agent.runtime.runtime import FaultKind, RuntimeFault

_START: Final = frozenset({125, 126, 127})  # `run` answers 126 or 127 where `start` of the same container answers 125
_ANY: Final = frozenset({1, 2, 125, 126, 127, 255})


@dataclass(frozen=True)
class _Rule:
    kind: FaultKind
    codes: frozenset[int]
    sentence: re.Pattern[str]
    cause: str
    next_step: str


def _rule(kind: FaultKind, codes: frozenset[int], sentence: str, cause: str, next_step: str) -> _Rule:
    return _Rule(kind, codes, re.compile(sentence, re.IGNORECASE), cause, next_step)


# The first rule that fits counts, so that a sentence within a sentence does not.
RULES: Final = (
    _rule(
        FaultKind.NAME_IN_USE,
        frozenset({125}),
        r"name \S+ (is )?already in use",
        "the name is taken by another container",
        "Remove or rename that container, or adopt it",
    ),
    _rule(
        FaultKind.CONTAINER_MISSING,
        frozenset({1, 125}),
        r"no such container|no container with (name or )?ID|no such object",
        "there is no such container",
        "Deploy the service to create it",
    ),
    _rule(
        FaultKind.SECRET_MISSING,
        frozenset({125}),
        r"no such secret",
        "a secret is missing on this node",
        "Put the secret on the node, then deploy again",
    ),
    _rule(
        FaultKind.IMAGE_MISSING,
        frozenset({125}),
        r"image not known",
        "the image is not on this node",
        "Deploy the service to pull it",
    ),
    _rule(
        FaultKind.IMAGE_UNKNOWN,
        frozenset({125}),
        r"manifest unknown|name unknown|repository name not known|not found: manifest",
        "the registry has no such image",
        "Check the image's name and tag, and whether its build has pushed it",
    ),
    _rule(
        FaultKind.REGISTRY_DENIED,
        frozenset({125}),
        r"unauthorized|authentication required|access to the resource is denied",
        "the registry refuses this node",
        "Log in on the node with podman login, as the user that the daemon runs as",
    ),
    _rule(
        FaultKind.REGISTRY_UNREACHABLE,
        frozenset({125}),
        r"connection refused|no such host|i/o timeout|server gave HTTP response|network is unreachable"
        r"|no route to host|x509:|TLS handshake",
        "the registry cannot be reached from this node",
        "Check the registry's address, its certificate, and registries.conf on the node",
    ),
    _rule(
        FaultKind.PORT_IN_USE,
        _START,
        r"address already in use",
        "a published port is taken on the node",
        "Stop what listens on that port, or publish another one",
    ),
    _rule(
        FaultKind.NETWORK_MISSING,
        frozenset({125}),
        r"network not found",
        "the network does not exist on this node",
        "Create it there with podman network create, or correct the component's network",
    ),
    _rule(
        FaultKind.VOLUME_MISSING,
        _START,
        r"statfs .*no such file or directory",
        "the source of a volume does not exist on this node",
        "Create the folder on the node, or correct the component's volumes",
    ),
    _rule(
        FaultKind.USER_UNKNOWN,
        _START,
        r"unable to find (user|group)",
        "the image has no such user",
        "Correct the component's user, or give it as a number",
    ),
    _rule(
        FaultKind.COMMAND_NOT_FOUND,
        _START,
        r"executable file not found|exec: .*no such file or directory|command that was not found",
        "the command does not exist in the image",
        "Correct the component's command, or use the version of the image that has it",
    ),
    _rule(
        FaultKind.COMMAND_NOT_EXECUTABLE,
        _START,
        r"exec: .*permission denied|OCI permission denied",
        "the command cannot be executed in the image",
        "Correct the component's command, or the file's mode in the image",
    ),
    _rule(
        FaultKind.WRONG_STATE,
        _ANY,
        r"container state improper|refusing to clean up|only create exec sessions on running",
        "the container's state does not allow it",
        "Look at the container's status first; a paused one is unpaused with podman unpause",
    ),
    _rule(
        FaultKind.INVALID_ARGUMENT,
        frozenset({125}),
        r"unknown flag|invalid|names must match|did not resolve to an alias|repository name must be lowercase"
        r"|parsing |short-name",
        "the component's specification is not valid",
        "Correct the component's definition",
    ),
)
_ERROR: Final = re.compile(r"^Error: (?P<words>.*)", re.MULTILINE)
LONGEST_WORDS: Final = 500


def read_fault(action: str, exit_code: int, stderr: str) -> RuntimeFault:
    """Return the fault of a command that failed.

    Args:
        action: what was tried, to complete `Could not ...`.
        exit_code: the command's.
        stderr: what it wrote there. Warnings also come there, with exit code 0, so this alone is no fault.
    """
    said = _ERROR.findall(stderr)
    words = (said[-1] if said else stderr).strip()[:LONGEST_WORDS]
    for rule in RULES:
        if exit_code in rule.codes and rule.sentence.search(words):
            return RuntimeFault(rule.kind, f"Could not {action}: {rule.cause} (podman: {words})", rule.next_step)
    return RuntimeFault(
        FaultKind.OTHER,
        f"Could not {action}: podman ended with code {exit_code} ({words or 'and said nothing'})",
        "Run the same with podman on the node to see more",
    )
