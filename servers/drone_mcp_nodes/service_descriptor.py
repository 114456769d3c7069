"""The nodes' daemons as a service, for errors and manifests."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ci_mcp_kit.errors import Service

NODES: Final = Service(
    name="nodes",
    code="NODE_ERROR",
    address="NODES_ADDRESSES",
    token="NODES_TOKEN",  # noqa: S106 - the name of a variable
    token_file="NODES_TOKEN_FILE",  # noqa: S106 - likewise
    token_source="a token made with 'drone-nodes-agent token add'",  # noqa: S106 - a place
    ca_file="NODES_CA_FILE",
    scope="NODES_SERVICES",
    scopes="container services",
)

NODES_WRITES: Final = replace(NODES, token="NODES_WRITE_TOKEN", token_file="NODES_WRITE_TOKEN_FILE")  # noqa: S106 - names
"""The same service for the client that writes, which has a token of its own."""
