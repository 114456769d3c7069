"""What the answer to "why is this build red?" costs an agent, with drone-mcp and without it, on the simulated Drone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx

from ci_mcp_kit.token_count import count_tokens
from pages.markdown import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mcp import Client

REPO, BUILD = "octo/hello", 4
LOG = f"/api/repos/{REPO}/builds/{BUILD}/logs/1/4"
ADDRESS = "https://drone.example.com"


async def cost_table(address: str, token: str, client: Client) -> str:
    """Ask in each way, and write how many calls and tokens the answers take.

    Args:
        address: of Drone.
        token: for Drone.
        client: of the server drone-logs.
    """
    async with httpx.AsyncClient(
        base_url=address, headers={"Authorization": f"Bearer {token}"}, trust_env=False
    ) as drone:
        paths = (f"/api/repos/{REPO}/builds", f"/api/repos/{REPO}/builds/{BUILD}", LOG)
        found, build, log = [(await drone.get(path)).raise_for_status().text for path in paths]
    plain = "".join(line["out"] for line in json.loads(log))
    diagnosis = {"repo": REPO, "number": BUILD}
    ways: list[tuple[str, Sequence[str]]] = [
        ("Drone's API: the list of builds, the build, the log", (found, build, log)),
        ("the same, with the log as plain text", (found, build, plain)),
        ("`drone_diagnose_build`", [await _ask(client, diagnosis)]),
        ("`drone_diagnose_build` with `token_budget=400`", [await _ask(client, {**diagnosis, "token_budget": 400})]),
    ]
    rows = [[way, str(len(texts)), f"{_tokens(texts, address):,}"] for way, texts in ways]
    return table(["way", "calls", "tokens of the answers"], rows)


async def _ask(client: Client, arguments: dict[str, Any]) -> str:
    result = await client.call_tool("drone_diagnose_build", arguments)
    (content,) = result.content
    return str(getattr(content, "text", ""))


def _tokens(texts: Sequence[str], address: str) -> int:
    return sum(count_tokens(text.replace(address, ADDRESS)) for text in texts)
