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
REASON = "injectorFactory should throw"  # of the test that failed, in the line that says so
LISTS = "The list of builds, the build, "


async def cost_table(address: str, token: str, client: Client) -> str:
    """Ask in each way, and write how many calls and tokens the answers take, and whether they hold the reason.

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
    lines = [line["out"] for line in json.loads(log)]
    diagnosis = {"repo": REPO, "number": BUILD}
    ways: list[tuple[str, Sequence[str]]] = [
        (f"{LISTS}the log as Drone's API gives it", (found, build, log)),
        (f"{LISTS}the log as plain text", (found, build, "".join(lines))),
        (f"{LISTS}the first 200 lines of the log", (found, build, "".join(lines[:200]))),
        (f"{LISTS}the last 200 lines", (found, build, "".join(lines[-200:]))),
        (f"{LISTS}the last 500 lines", (found, build, "".join(lines[-500:]))),
        ("`drone_diagnose_build`", [await _ask(client, diagnosis)]),
        ("`drone_diagnose_build` with `token_budget=400`", [await _ask(client, {**diagnosis, "token_budget": 400})]),
    ]
    rows = [
        [way, str(len(texts)), "yes" if any(REASON in text for text in texts) else "no", f"{_tokens(texts, address):,}"]
        for way, texts in ways
    ]
    return table(["way", "calls", "the reason is in it", "tokens of the answers"], rows)


async def _ask(client: Client, arguments: dict[str, Any]) -> str:
    result = await client.call_tool("drone_diagnose_build", arguments)
    (content,) = result.content
    return str(getattr(content, "text", ""))


def _tokens(texts: Sequence[str], address: str) -> int:
    return sum(count_tokens(text.replace(address, ADDRESS)) for text in texts)
