"""The common part of the APIs of models: how a client asks, and how a streamed answer is written. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

Body = dict[str, Any]
Event = tuple[str, Any]  # name, or "" for none, and data


@dataclass(frozen=True)
class Asked:
    """What one request to the model holds.

    Attributes:
        offered: the names of the tools that it may call, as the client writes them.
        results: what its calls so far were answered with, oldest first.
        deferred: tools that are named without their schemas, so that they have to be searched for before a call.
        searched: whether the model has searched for tools.
    """

    offered: tuple[str, ...]
    results: tuple[str, ...]
    deferred: tuple[str, ...] = ()
    searched: bool = False

    def find(self, tool: str) -> str | None:
        """Return the offered name of a server's tool; clients put the server's name before it."""
        return next((name for name in self.offered if name.endswith(f"_{tool}")), None)


class Dialect(Protocol):
    """One API, as a module implements it."""

    def read(self, body: Body) -> Asked:
        """Read a request."""

    def call(self, number: str, name: str, arguments: dict[str, Any]) -> Iterator[Event]:
        """Answer with the call of a tool."""

    def say(self, text: str) -> Iterator[Event]:
        """Answer with a text, which ends the turn."""


def text_of(content: Any) -> str:
    """Return the text of a result, which is a text or a list of blocks in most APIs."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(block.get("text", "") for block in content)
    return json.dumps(content, ensure_ascii=False)


def server_sent(event: Event) -> str:
    """Write a server-sent event (WHATWG HTML, section 9.2)."""
    name, data = event
    text = data if isinstance(data, str) else json.dumps(data)
    return f"event: {name}\ndata: {text}\n\n" if name else f"data: {text}\n\n"
