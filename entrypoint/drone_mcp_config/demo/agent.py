"""The acts of the demo, and the stand-in for an agent that plays in them."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_config.checking.launching import RunningServer

REPO = "octo/hello"
CHARS_PER_TOKEN = 4  # a rule of thumb for English and code; vocabularies differ


class StoryFailed(Exception):
    """An act did not have the result that it must have."""


@dataclass(frozen=True)
class Act:
    """One question of the demo and its answer; the fields are those of `demo --json`.

    Attributes:
        title: in a few words.
        asked: the command or the tool call.
        seconds: how long it took.
        shown: the lines of the answer to show.
        tokens: the size of a tool's answer as an agent pays for it, at four characters a token.
        line: the number of the line that matters, where the act shows it.
    """

    title: str
    asked: str
    seconds: float
    shown: tuple[str, ...]
    tokens: int | None = None
    line: int | None = None

    def showing(self, shown: tuple[str, ...]) -> Act:
        """Return the same act with other lines to show."""
        return replace(self, shown=shown)

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON data without empty fields."""
        return {key: value for key, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class ToolAnswer:
    """The answer of a tool: as data and as text."""

    data: Any
    text: str


@dataclass
class DemoAgent:
    """The demo's stand-in for an agent: it calls a tool wherever a server offers it."""

    servers: dict[str, RunningServer] = field(default_factory=dict)

    async def ask(
        self, title: str, tool: str, lines: Callable[[ToolAnswer], tuple[str, ...]], **arguments: Any
    ) -> tuple[Act, ToolAnswer]:
        """Call a tool; return the act, which shows the `lines` of the answer, and the answer.

        Raises:
            StoryFailed: no server has the tool, or the call failed.
        """
        server = next((server for server in self.servers.values() if tool in server.tools), None)
        if server is None:
            raise StoryFailed(f"no server offers {tool}")
        began = time.perf_counter()
        result = await server.client.call_tool(tool, arguments)
        seconds = time.perf_counter() - began
        text = "\n".join(block.text for block in result.content if block.type == "text")
        if result.is_error:
            raise StoryFailed(f"{tool} failed: {text}")
        asked = ", ".join(f"{name}={json.dumps(value)}" for name, value in arguments.items())
        answer = ToolAnswer(result.structured_content, text)
        return Act(title, f"{tool}({asked})", seconds, lines(answer), len(text) // CHARS_PER_TOKEN), answer
