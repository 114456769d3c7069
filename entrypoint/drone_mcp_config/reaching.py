"""A served MCP server reached as a client reaches it, over streamable HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

if TYPE_CHECKING:
    from collections.abc import Mapping


class NotReached(Exception):
    """It does not answer, or not to these headers; the text says why."""


async def tools_at(url: str, headers: Mapping[str, str], *, patience: float) -> tuple[str, ...]:
    """Connect and list the tools.

    Raises:
        NotReached: they are not to be had within `patience` seconds.
    """
    try:
        with anyio.fail_after(patience):
            async with (
                httpx2.AsyncClient(headers=dict(headers)) as http,
                Client(streamable_http_client(url, http_client=http)) as client,
            ):
                return tuple(tool.name for tool in (await client.list_tools()).tools)
    except Exception as error:
        raise NotReached(_reason(error, patience)) from error


def _reason(error: Exception, patience: float) -> str:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, TimeoutError):
        return f"no answer within {patience:g} s"
    return str(error).splitlines()[0] if str(error) else type(error).__name__
