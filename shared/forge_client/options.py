"""How to reach a forge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_mcp_http.options import ClientOptions
from forge_client.errors import FORGE

if TYPE_CHECKING:
    from ci_mcp_kit.errors import Service


@dataclass(frozen=True, kw_only=True)
class ForgeOptions(ClientOptions):
    """`ClientOptions` for a forge, which takes the token as a bearer token.

    The token is sent to `server` and nowhere else: answers hold addresses, of pages, redirects and other services, and
    none of them is ever asked.
    """

    service: Service = FORGE
