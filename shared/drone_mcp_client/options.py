"""How to reach a Drone server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from drone_mcp_client.errors import InvalidInput
from drone_mcp_client.names import parse_server
from drone_mcp_client.tokens import FileToken, StaticToken, TokenSource

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class ClientOptions:
    """Everything that a client needs to know. Times are seconds.

    Attributes:
        server: the address of Drone, like `https://drone.example.com`.
        token: the user's token; without one, and without a file, every request is a guest's.
        token_file: a file that holds the token, read again when it changes; not together with `token`.
        timeout: the whole of a call, with all its attempts and pauses. Calls that Drone itself may hold for
            45 seconds get 60 at least.
        connect_timeout: one attempt to connect.
        read_timeout: the longest silence while an answer is expected or under way.
        retries: how many attempts may follow a failed one, where a repetition cannot do harm.
        max_body: the largest answer that is read, in bytes after decompression.
        ca_file: a PEM file of authorities to trust besides the public ones.
    """

    server: str
    token: str | None = field(default=None, repr=False)
    token_file: str | Path | None = None
    timeout: float = 60.0
    connect_timeout: float = 5.0
    read_timeout: float = 30.0
    retries: int = 2
    max_body: int = 64 * 1024 * 1024
    ca_file: str | Path | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "server", parse_server(self.server))
        if self.token is not None and self.token_file is not None:
            raise InvalidInput("Both a token and a token file are given", next_step="Give one of them")

    def token_source(self) -> TokenSource:
        """Where the token comes from.

        Raises:
            AuthenticationFailed: what is given cannot be a token.
        """
        return StaticToken(self.token) if self.token_file is None else FileToken(self.token_file)
