"""What a server begins with: the client's pipe, and what was said before. Standard library only."""

from __future__ import annotations

from ci_mcp_kit.pipes import Input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_mcp_kit.front.conversation import Conversation


class Opening:
    """What a server takes over.

    Attributes:
        stdin: the client's messages.
        conversation: what was said so far; None: nothing.
        rest: what came that nobody has answered.
        reported: whether a wrong environment was written to standard error already.
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
