"""Hands the conversation of the front over to the server, which must not repeat what the client already has.

Standard library only, as the front imports it.
"""

from __future__ import annotations

import json

from ci_mcp_kit.front.conversation import ACKNOWLEDGED, SUBSCRIPTION_KEY, write_line
from ci_mcp_kit.pipes import Input

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ci_mcp_kit.front.conversation import Conversation


LISTED_BY_FRONT = "notifications/drone-mcp/listed"
"""What the server receives when the client has got the list of tools from the front. For `ci_mcp_kit.hidden_tools`."""


class Takeover:
    """The start of the server in a conversation that the front may have begun.

    Args:
        conversation: the conversation of the front, if there was one.
        number: an id that no client uses, for the first request when it is sent again.
        differs: called with both results if the server's answer differs from that of the front.
    """

    def __init__(self, conversation: Conversation | None, number: str, differs: Callable[[Any, Any], None]) -> None:
        self._number = number
        self._differs = differs
        self._opening = conversation.opening if conversation else None
        self._listening = dict(conversation.listening) if conversation else {}
        self._said_twice = len(self._listening) + (self._opening is not None)
        initialized = conversation.initialized if conversation else b""
        lines = [line + b"\n" for line in (initialized, *self._listening.values()) if line]
        if self._opening is not None:
            # In the order of the client: the request comes before `notifications/initialized`.
            lines.insert(0, write_line({**self._opening[0], "id": number}))
        if conversation is not None and conversation.lists_told:
            lines.append(write_line({"jsonrpc": "2.0", "method": LISTED_BY_FRONT}))
        self.replay = b"".join(lines)
        """The lines that the server receives before anything else."""

    def passes(self, line: bytes) -> bool:
        """Return whether a line of the server is for the client, who has received some already."""
        # From here on no line is parsed any more: answers can be large.
        if not self._said_twice:
            return True
        message = json.loads(line)
        if self._opening is not None and message.get("id") == self._number:
            if message.get("result") != self._opening[1]:
                self._differs(self._opening[1], message.get("result", message.get("error")))
        else:
            about = message.get("params", {}).get("_meta", {})
            if message.get("method") != ACKNOWLEDGED or about[SUBSCRIPTION_KEY] not in self._listening:
                return True
        self._said_twice -= 1
        return False


class Handover:
    """The start of a server: its input, and the conversation so far.

    Attributes:
        stdin: the client's messages.
        conversation: the conversation of the front, if there was one.
        rest: received data that nobody has answered.
        reported: whether a wrong environment has been reported on standard error.
    """

    def __init__(
        self,
        stdin: Input | None = None,
        conversation: Conversation | None = None,
        rest: bytes = b"",
        *,
        reported: bool = False,
    ) -> None:
        self.stdin = stdin or Input()
        self.conversation = conversation
        self.rest = rest
        self.reported = reported
