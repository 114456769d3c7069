"""What tests of the logs server say and read: calls, and log text taken apart."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ci_mcp_kit.answer import to_json
from ci_mcp_kit.tokens import count_tokens

if TYPE_CHECKING:
    from mcp import Client

NUMBERED = re.compile(r"^ *(\d+)([|>~]) (.*)$")


def numbered(log: str) -> list[tuple[int, str, str]]:
    """Take the frame off a log, and its lines apart: number, mark, text. Marks of a gap are left out."""
    lines = log.split("\n")
    nonce = lines[0].removeprefix("<<<log ").partition(",")[0]
    assert re.fullmatch(r"[0-9a-f]{8}", nonce)
    assert lines[-1] == f"{nonce} log>>>"
    rows = [NUMBERED.fullmatch(line) for line in lines[1:-1] if line != "..."]
    return [(int(row[1]), row[2], row[3]) for row in rows if row]


class Answer:
    """What a tool said; the text and the data say the same, which is checked here for every answer."""

    def __init__(self, result: Any) -> None:
        self.failed: bool = bool(result.is_error)
        self.text: str = result.content[0].text
        self.data: dict[str, Any] = result.structured_content or {}
        if not self.failed:
            logs = [
                part["log"]
                for key in ("logs", "results", "failures")
                for part in self.data.get(key, [])
                if "log" in part
            ]
            assert all(log in self.text for log in logs)

    @property
    def error(self) -> dict[str, Any]:
        assert self.failed
        data: dict[str, Any] = json.loads(self.text.removeprefix("Error: "))
        return data

    @property
    def size(self) -> int:
        """Tokens, in whichever form it is longer."""
        return max(count_tokens(self.text), count_tokens(to_json(self.data)))

    def lines(self, index: int = 0) -> list[tuple[int, str, str]]:
        """The lines of one part: number, mark, text."""
        parts = self.data.get("logs") or self.data.get("failures") or self.data["results"]
        return numbered(parts[index]["log"])


class Agent:
    """An MCP client with the words that tests use."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def call(self, tool: str, **arguments: Any) -> Answer:
        return Answer(await self.client.call_tool(tool, arguments))

    async def diagnose(self, **arguments: Any) -> Answer:
        return await self.call("drone_diagnose_build", **{"repo": "octo/hello"} | arguments)

    async def logs(self, **arguments: Any) -> Answer:
        return await self.call("drone_get_build_logs", repo="octo/hello", **arguments)

    async def search(self, pattern: str, **arguments: Any) -> Answer:
        return await self.call("drone_search_build_logs", repo="octo/hello", pattern=pattern, **arguments)
