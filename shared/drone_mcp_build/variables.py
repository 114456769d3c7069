"""The variables of a server that asks Drone. Standard library only, as `ci_mcp_kit.variables`."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

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
    read_number,
    read_size,
    read_token,
    read_variables,
    read_whole,
    show,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

WRITE_SECRETS = ("DRONE_WRITE_TOKEN", "DRONE_WRITE_TOKEN_FILE", "DRONE_MCP_ACTION_KEY")
"""Variables that only a server that writes reads, and that no process keeps in its environment once it runs."""


def read_drone(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of `VARIABLES`, checked together.

    Raises:
        SettingsError: a value is wrong, or DRONE_SERVER is missing.
    """
    values = read_variables(VARIABLES, environment)
    if "server" not in values:
        raise SettingsError(
            "DRONE_SERVER is not set: it takes the address of Drone, like https://drone.example.com", "DRONE_SERVER"
        )
    if "token" in values and "token_file" in values:
        raise SettingsError("DRONE_TOKEN and DRONE_TOKEN_FILE are both set: keep one of them", "DRONE_TOKEN")
    return values


def _server(text: str) -> str:
    if "://" not in text:
        host = text.strip("/").rpartition("@")[2]
        raise ValueError(f"did you mean {'http' if _is_local(host) else 'https'}://{show(host)}")
    url = urlsplit(text)
    _ = url.port  # raises ValueError where it is no number
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise ValueError
    if url.username or url.password:
        raise ValueError("without a user or password; DRONE_TOKEN says who asks")
    if url.path.strip("/") or url.query or url.fragment:
        raise ValueError(f"without a path; did you mean {url.scheme}://{url.netloc}")
    return f"{url.scheme}://{url.netloc}"


def _is_local(host: str) -> bool:
    from ipaddress import ip_address  # noqa: PLC0415 - only an error needs it

    name = host.partition(":")[0]
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def _repo(text: str) -> str:
    if not re.fullmatch(r"[^\s/]+/[^\s/]+", text):
        raise ValueError
    return text


VARIABLES = (
    Variable("DRONE_SERVER", "server", "the address of Drone, like https://drone.example.com", _server),
    Variable(
        "DRONE_TOKEN", "token", "a token from the account page of Drone's user interface", read_token, secret=True
    ),
    Variable("DRONE_TOKEN_FILE", "token_file", "the path of a file that holds the token", read_file),
    Variable("DRONE_REPO", "repo", "the repository meant where a call names none, as owner/name", _repo),
    Variable("DRONE_MCP_REPOS", "repos", "globs of the visible repositories, like octo/* acme/web", read_globs, "all"),
    TOOLS,
    STATE,
    Variable("DRONE_MCP_TIMEOUT", "timeout", "seconds from 1 to 600", read_number(1, 600), "30"),
    Variable("DRONE_MCP_RETRIES", "retries", "a number from 0 to 10", read_whole(0, 10), "2"),
    Variable("DRONE_MCP_MAX_BODY", "max_body", "a size from 64K to 4G, like 64M", read_size, "64M"),
    Variable("DRONE_MCP_CA_FILE", "ca_file", "the path of a PEM file of certificate authorities", read_file),
    LOG_LEVEL,
    LOG_FORMAT,
    EAGER,
)
