"""The state that a server takes over from its front. Standard library only."""

from __future__ import annotations

from ci_mcp_kit.pipes import Input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_mcp_kit.front.conversation import Conversation


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
