"""The simulator answers like the recorded Gitea: status, headers that matter, words of errors, shape of bodies.

The requests are sent in the order of the recording, because many depend on those before.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final

import anyio
import httpx
import pytest

from gitea_simulator.app import Forge
from support.forge_captures import CAPTURES, ForgeCapture
from support.forge_routes import USED
from support.gitea_seed import Seed

if TYPE_CHECKING:
    from collections.abc import Mapping

HEADERS: Final = (
    "content-type",
    "location",
    "x-total-count",
    "link",
    "x-gitea-object-type",
    "content-range",
    "x-hasmore",
)
# What differs for a reason that no client depends on.
OTHER_WORDS: Final = {
    288: "the decoder's own words about a text that is no JSON",
}
LEFT_OUT: Final = {
    407: "the recording does not hold the byte that is no UTF-8",
}


def authorization(capture: ForgeCapture) -> dict[str, str]:
    name = capture.request["as"]
    if "badtoken" in capture.name:
        return {"authorization": "token wrong"}
    if name == "basic":
        return {"authorization": f"Basic {base64.b64encode(b'ci-bot:ci-bot').decode()}"}
    return {"authorization": f"token secret-of-{name}"} if name else {}


def content(capture: ForgeCapture) -> dict[str, Any]:
    body = capture.request["body"]
    if isinstance(body, str):
        return {"content": body.encode()}
    if isinstance(body, dict):
        whole = {name: "x" * 300_000 if value == "<300000 characters>" else value for name, value in body.items()}
        return {"json": whole}
    return {}


async def replay() -> dict[int, httpx.Response]:
    """Return the simulator's answer to every captured request for which it has a route."""
    seed = Seed()
    answers = {}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(Forge(seed.world)), base_url="http://127.0.0.1:3300"
    ) as client:
        for number, capture in CAPTURES.items():
            headers = {**authorization(capture), **(capture.request.get("headers") or {})}
            path = str(capture.request["path"])
            answers[number] = await client.request(capture.request["method"], path, headers=headers, **content(capture))
            seed.clock.moment += 2  # the search and the check for conflicts are done by then
    return answers


@pytest.fixture(scope="module")
def answers() -> Mapping[int, httpx.Response]:
    return anyio.run(replay)


def faults(capture: ForgeCapture, answer: httpx.Response) -> list[str]:
    """Return where an answer differs from the recorded one."""
    seen = {name.lower(): value for name, value in capture.headers.items()}
    found = [
        f"{name}: {answer.headers.get(name)!r} is not {seen.get(name)!r}"
        for name in HEADERS
        if answer.headers.get(name) != seen.get(name)
    ]
    if answer.status_code != capture.status:
        found.append(f"status {answer.status_code} is not {capture.status}: {answer.text[:200]}")
    elif "json" not in seen.get("content-type", ""):
        is_lossy = capture.is_cut or "octet-stream" in seen.get("content-type", "")  # the recording has texts only
        found += [] if is_lossy or answer.content == capture.body else [f"{answer.text[:300]!r}"]
    elif capture.status >= httpx.codes.BAD_REQUEST and capture.number not in OTHER_WORDS:
        found += [] if answer.json() == capture.json else [f"{answer.text!r} is not {capture.body!r}"]
    elif not capture.is_cut or capture.body.startswith(b"["):
        found += compare(capture.json, answer.json())
    return found


def compare(seen: Any, simulated: Any, at: str = "") -> list[str]:
    """Return where two values differ in kind; null stands for anything."""
    if isinstance(seen, dict) and isinstance(simulated, dict):
        names = seen.keys() | simulated.keys()
        missing = [f"{at}.{name}: only in one" for name in names if (name in seen) != (name in simulated)]
        both = [name for name in seen if name in simulated]
        return missing + [fault for name in both for fault in compare(seen[name], simulated[name], f"{at}.{name}")]
    if isinstance(seen, list) and isinstance(simulated, list):
        if bool(seen) != bool(simulated):
            return [f"{at}: {len(simulated)} items, not {len(seen)}"]
        return compare(seen[0], simulated[0], f"{at}[0]") if seen else []
    if seen is None or simulated is None:
        return []
    return [] if type(seen) is type(simulated) else [f"{at}: {simulated!r} is not like {seen!r}"]


@pytest.mark.parametrize("number", [number for number in USED if number not in LEFT_OUT])
def test_the_simulator_answers_like_gitea(number: int, answers: Mapping[int, httpx.Response]) -> None:
    assert faults(CAPTURES[number], answers[number]) == []


def test_a_difference_would_be_found(answers: Mapping[int, httpx.Response]) -> None:
    assert faults(CAPTURES[101], answers[150])
    assert faults(CAPTURES[109], answers[101])
    assert json.loads(answers[101].content)["number"] == 12
