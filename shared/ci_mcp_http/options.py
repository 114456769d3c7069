"""How to reach a service."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ci_mcp_http.addresses import parse_server
from ci_mcp_http.tokens import FileToken, StaticToken, TokenHeader, TokenSource, bearer_header
from ci_mcp_kit.errors import InvalidInput

if TYPE_CHECKING:
    from pathlib import Path

    from ci_mcp_kit.errors import Service


@dataclass(frozen=True, kw_only=True)
class ClientOptions:
    """Everything that a transport needs to know of one service. Times are seconds.

    Attributes:
        service: its name, code and variables, for errors.
        server: its address, like `https://ci.example.com`; kept without a slash at its end.
        token: the user's token; without one, and without a file, requests carry none.
        token_file: a file that holds the token, read again when it changes; not together with `token`.
        token_header: puts a token on a request, in the way that the service takes it.
        timeout: for the whole of a call, with all its attempts and pauses; a call's `min_timeout` raises it.
        connect_timeout: for one attempt to connect.
        read_timeout: the longest silence while a response is awaited or under way.
        retries: how many attempts may follow a failed one, where another one can do no harm.
        backoff: the longest pause before the first of them; it doubles with each.
        max_connections: how many requests may be under way at once; others wait.
        max_body: the largest response that is read, in bytes after decompression.
        ca_file: a PEM file of authorities to trust in addition to the public ones.
        skip_verify: whether any certificate is accepted; an impostor of the service is not recognised then.
        keeps_cookies: whether cookies of responses are sent with later requests.
    """

    service: Service
    server: str
    token: str | None = field(default=None, repr=False)
    token_file: str | Path | None = None
    token_header: TokenHeader = bearer_header
    timeout: float = 60.0
    connect_timeout: float = 5.0
    read_timeout: float = 30.0
    retries: int = 2
    backoff: float = 0.5
    max_connections: int = 100
    max_body: int = 64 * 1024 * 1024
    ca_file: str | Path | None = None
    skip_verify: bool = False
    keeps_cookies: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "server", parse_server(self.server, self.service))
        # Neither takes precedence: with the wrong one a process would act as another user, and nobody would notice.
        if self.token is not None and self.token_file is not None:
            raise InvalidInput("Both a token and a token file are given", next_step="Give one of them")

    def token_source(self) -> TokenSource:
        """Return what gives the token.

        Raises:
            AuthenticationFailed: what is set cannot be a token.
        """
        if self.token_file is not None:
            return FileToken(self.token_file, self.service)
        return StaticToken(self.token, self.service)
