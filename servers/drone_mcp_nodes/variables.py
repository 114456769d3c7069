"""The variables of this server. Standard library only, as in `ci_mcp_kit.variables`: they are read before all else."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ci_mcp_http import variables as service
from ci_mcp_kit.guard import variables as guard
from ci_mcp_kit.variables import (
    EAGER,
    LOG_FORMAT,
    LOG_LEVEL,
    STATE,
    TOOLS,
    SettingsError,
    Variable,
    read_file,
    read_globs,
    read_list,
    read_number,
    read_variables,
    show,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

MOST_NODES = 100
DEFAULT_PORT = 7443  # of drone-nodes-agent
NODE_NAME = r"[A-Za-z0-9][A-Za-z0-9.-]{0,62}"


def _read_address(text: str) -> tuple[str, int]:
    """Read https://HOST or https://HOST:PORT."""
    if "://" not in text:
        raise ValueError(f"did you mean https://{show(text)}")
    if text.startswith("http://"):
        raise ValueError("the daemons speak TLS only; did you mean https:// in place of http://")
    if "@" in text:
        raise ValueError("without a user or password; NODES_TOKEN says who asks")
    try:
        url = urlsplit(text)
        host, port = url.hostname, url.port
    except ValueError:
        # Without the library's text, which quotes what it could not read.
        raise ValueError("its host or port cannot be right") from None
    if url.scheme != "https" or not host or url.path.strip("/") or url.query or url.fragment:
        raise ValueError
    return host, port or DEFAULT_PORT


def _read_nodes(text: str) -> dict[str, str]:
    """Read node -> HOST:PORT; a node without a name is called by its host."""
    nodes: dict[str, str] = {}
    for item in read_list(text):
        name, given, address = item.rpartition("=")
        host, port = _read_address(address)
        name = name if given else host
        if not re.fullmatch(NODE_NAME, name):
            raise ValueError(f"{show(name)!r} cannot be the name of a node")
        if name in nodes:
            raise ValueError(f"{name} is there twice: give each node a name of its own, like {name}-2=https://{host}")
        nodes[name] = f"{f'[{host}]' if ':' in host else host}:{port}"
    if not 0 < len(nodes) <= MOST_NODES:
        raise ValueError
    return nodes


def _read_folder(text: str) -> Path:
    from pathlib import Path  # noqa: PLC0415 - most processes name no folder

    path = Path(text)
    if not path.is_dir():
        raise ValueError("there is no such folder")
    return path


# In the order in which --help shows them.
VARIABLES = (
    Variable(
        "NODES_ADDRESSES",
        "nodes",
        f"the addresses of up to {MOST_NODES} nodes' daemons, like web-1=https://web-1.example.com:7443",
        _read_nodes,
    ),
    *service.token("NODES_TOKEN", "a token made with 'drone-nodes-agent token add', of the role reader"),
    Variable("NODES_CA_FILE", "ca_file", "the path of a PEM file of the nodes' certificate authorities", read_file),
    Variable("NODES_TIMEOUT", "timeout", "seconds from 1 to 600 for an answer", read_number(1, 600), "30"),
    Variable(
        "NODES_SERVICES", "services_seen", "globs of the visible services, like web-1/* */shop", read_globs, "all"
    ),
    Variable(
        "NODES_DEFINITIONS",
        "definitions",
        "the path of a folder of service definitions (*.toml)",
        _read_folder,
        "the nodes' registries",
    ),
    TOOLS,
    STATE,
    LOG_LEVEL,
    LOG_FORMAT,
    EAGER,
)

# Here and not in `guard`, whose modules import more than the first answers may load.
OPERATION_NAMES = ("restart", "start", "deploy", "rollback", "sync", "adopt", "stop")
GUARD_VARIABLES = (
    guard.mode("NODES_ACTIONS"),
    *guard.write_token("NODES_WRITE_TOKEN"),
    Variable(
        "NODES_ACTION_SERVICES",
        "services",
        "globs of the services that may be changed, like web-1/shop",
        read_globs,
        "none",
    ),
    guard.operations("NODES_ACTION_OPERATIONS", OPERATION_NAMES),
    guard.confirm(
        "NODES_ACTION_CONFIRM",
        "the lowest risk to confirm: low (restart, start), medium (deploy, rollback, sync, adopt) or high (stop)",
    ),
    guard.rate("NODES_ACTION_RATE", "a service"),
    guard.signing_key("NODES_ACTION_KEY"),
    guard.AUDIT,
    *guard.AGENT,
)


def read_variables_of_nodes(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return field -> value of `VARIABLES`, checked together.

    Raises:
        SettingsError: a value is wrong, the addresses are missing, or the token is given twice.
    """
    values = read_variables(VARIABLES, environment)
    if "nodes" not in values:
        raise SettingsError(f"NODES_ADDRESSES is not set: it takes {VARIABLES[0].takes}", "NODES_ADDRESSES")
    if "token" in values and "token_file" in values:
        raise SettingsError("NODES_TOKEN and NODES_TOKEN_FILE are both set: keep one of them", "NODES_TOKEN")
    return values


def read_guard(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return field -> value of `GUARD_VARIABLES`; outside of mode `on` the token that may write is not looked at.

    Raises:
        SettingsError: a value is wrong, or mode is `on` and something that it requires is missing.
    """
    return guard.read_guard(GUARD_VARIABLES, environment, scopes="services", example="web-1/*")
