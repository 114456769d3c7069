"""What the configuration holds. Paths are as written: relative ones are below the folder of the file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from drone_mcp_nodes_api.client import Endpoint
from drone_mcp_nodes_api.definitions.model import DefinitionModel, Items, Name
from drone_mcp_nodes_api.definitions.notation import HIGHEST_PORT

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_PORT = 7443


def add_port(address: str) -> str:
    """Return HOST:PORT for a host with or without a port.

    Raises:
        ValueError: it is no address.
    """
    host, colon, port = address.rpartition(":")
    if not colon or address.endswith("]"):
        host, port = address, str(DEFAULT_PORT)
    bare = host.startswith("[") or ":" not in host
    if not host or not bare or any(c.isspace() or c == "/" for c in host) or not port.isdecimal():
        raise ValueError(f"{address!r} is no address; write HOST or HOST:PORT, for example node-1.example.com:7443")
    if not 1 <= int(port) <= HIGHEST_PORT:
        raise ValueError(f"{address!r} is no address; ports are 1 to {HIGHEST_PORT}")
    return f"{host}:{port}"


class NodeEntry(DefinitionModel):
    """A node.

    Attributes:
        name: as definitions name it.
        address: of its daemon, HOST or HOST:PORT.
        ca_file: the authority of the daemon's certificate.
        certificate_file: a certificate of this client, where the daemon demands one.
        key_file: the key of that certificate.
    """

    name: Name
    address: Annotated[str, AfterValidator(add_port)]
    ca_file: str = ""
    certificate_file: str = ""
    key_file: str = ""


class Auth(DefinitionModel):
    """Where the token is kept, and where `login` gets one.

    Attributes:
        token_file: the file that `login` writes.
        token_url: the token endpoint of an identity server; "" if tokens are those of `drone-nodes-agent token add`.
        client_id: of this command at the identity server.
        client_secret_file: a file with the client's secret, for an unattended `login`.
        scope: what the token is for.
        ca_file: the authority of the identity server's certificate.
    """

    token_file: str = "token"  # noqa: S105 - the name of a file
    token_url: Annotated[str, Field(pattern=r"^(https?://\S+)?$")] = ""
    client_id: str = ""
    client_secret_file: str = ""
    scope: str = ""
    ca_file: str = ""


class Contents(DefinitionModel):
    """The contents of the file.

    Attributes:
        services: the folder of service definitions.
        auth: authentication.
        nodes: all nodes.
    """

    services: str = "services"
    auth: Auth = Auth()
    nodes: Items[NodeEntry] = ()

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        names = [node.name for node in self.nodes]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"two nodes have the name {twice!r}")
        return self


class Configuration:
    """The contents of a file with its paths resolved, and the token.

    Args:
        path: of the file.
        contents: of the file and of variables.
        token: of the environment, which replaces that of the token file; "" if there is none.
    """

    def __init__(self, path: Path, contents: Contents, token: str = "") -> None:
        self.path = path
        self.contents = contents
        self._token = token

    @property
    def services(self) -> Path:
        """The folder of service definitions."""
        return self.resolve(self.contents.services)

    @property
    def token_file(self) -> Path:
        """The file with the token."""
        return self.resolve(self.contents.auth.token_file)

    @property
    def endpoints(self) -> Mapping[str, Endpoint]:
        """Where the daemon of each node listens."""
        found = {}
        for node in self.contents.nodes:
            files = (node.ca_file, node.certificate_file, node.key_file)
            paths = (self.resolve(file) if file else None for file in files)
            found[node.name] = Endpoint(node.name, node.address, *paths)
        return found

    def read_token(self) -> str:
        """Return the token; "" if there is none."""
        if self._token:
            return self._token
        try:
            return self.token_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return ""

    def resolve(self, path: str) -> Path:
        """Return a path of the file as an absolute one."""
        return self.path.parent.absolute() / Path(os.path.expanduser(path))  # noqa: PTH111 - Path raises for ~unknown
