"""What tests of the servers say and read: an MCP client with the words they use, what tools answer it, and log text."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ci_mcp_kit.answer import to_json
from ci_mcp_kit.token_count import count_tokens

if TYPE_CHECKING:
    from mcp import Client

SERVER = "https://drone.example.com"
ENVIRONMENT = {"DRONE_SERVER": SERVER, "DRONE_TOKEN": "a-token-of-the-tests", "DRONE_MCP_RETRIES": "0"}
NUMBERED = re.compile(r"^ *(\d+)([|>~]) (.*)$")


class Answer:
    """What a tool said. Its text and its data say the same, which is checked here for every answer."""

    def __init__(self, result: Any) -> None:
        self.failed: bool = bool(result.is_error)
        self.text: str = result.content[0].text
        self.data: dict[str, Any] = result.structured_content or {}
        if self.failed:
            self.data = json.loads(self.text.removeprefix("Error: "))
        else:
            assert self.text_agrees()

    def text_agrees(self) -> bool:
        """Return whether the text is the data."""
        return bool(json.loads(self.text) == self.data)

    @property
    def code(self) -> str:
        """The code of the error, if it is one."""
        return str(self.data.get("code", ""))


class LogAnswer(Answer):
    """What a tool of the logs server said: its text shows logs as they are."""

    def text_agrees(self) -> bool:
        """Return whether every log of the data is in the text."""
        parts = [part for key in ("logs", "results", "failures") for part in self.data.get(key, [])]
        return all(part["log"] in self.text for part in parts if "log" in part)

    @property
    def error(self) -> dict[str, Any]:
        assert self.failed
        return self.data

    @property
    def size(self) -> int:
        """Tokens, in whichever form it is longer."""
        return max(count_tokens(self.text), count_tokens(to_json(self.data)))

    def lines(self, index: int = 0) -> list[tuple[int, str, str]]:
        """The lines of one part: number, mark, text."""
        parts = self.data.get("logs") or self.data.get("failures") or self.data["results"]
        return numbered(parts[index]["log"])


class Agent:
    """An MCP client of one server."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def call(self, tool: str, **arguments: Any) -> Answer:
        return Answer(await self.client.call_tool(tool, arguments))

    async def read(self, uri: str) -> dict[str, Any]:
        """Read a resource, all of which are JSON."""
        data: dict[str, Any] = json.loads((await self.client.read_resource(uri)).contents[0].text)  # type: ignore[union-attr]  # a JSON resource is text
        return data


class PolicyAgent(Agent):
    """A client of the policy server."""

    async def evaluate(self, **arguments: Any) -> dict[str, Any]:
        answer = await self.call("drone_evaluate_build", **arguments)
        assert not answer.failed, answer.data
        return answer.data


class LogAgent(Agent):
    """A client of the logs server."""

    async def call(self, tool: str, **arguments: Any) -> LogAnswer:
        return LogAnswer(await self.client.call_tool(tool, arguments))

    async def diagnose(self, **arguments: Any) -> LogAnswer:
        return await self.call("drone_diagnose_build", **{"repo": "octo/hello"} | arguments)

    async def logs(self, **arguments: Any) -> LogAnswer:
        return await self.call("drone_get_build_logs", repo="octo/hello", **arguments)

    async def search(self, pattern: str, **arguments: Any) -> LogAnswer:
        return await self.call("drone_search_build_logs", repo="octo/hello", pattern=pattern, **arguments)


def numbered(log: str) -> list[tuple[int, str, str]]:
    """Take the frame off a log, and its lines apart: number, mark, text. Marks of a gap are left out."""
    lines = log.split("\n")
    nonce = lines[0].removeprefix("<<<log ").partition(",")[0]
    assert re.fullmatch(r"[0-9a-f]{8}", nonce)
    assert lines[-1] == f"{nonce} log>>>"
    rows = [NUMBERED.fullmatch(line) for line in lines[1:-1] if line != "..."]
    return [(int(row[1]), row[2], row[3]) for row in rows if row]
