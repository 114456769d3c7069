"""The recorded session with a real Drone 2.25.0, and the same session with the simulator.

The recording is 110 requests in order. The simulator's clock is moved to the moment of each, so that its runner has got
as far as the real one had.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from drone_mcp_simulator.webhooks import WebhookSender
from support.simulator import SimulatorHandle, running_simulator, until_sleeping

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parents[1] / "fixtures" / "drone-2.25.0"
SECRET = "hooksecret"
STARTED = 1_795_255_000
# Where the answer's own date (whole seconds) is too coarse: seconds after `STARTED` at which a request was made.
MOMENTS = {
    26: 3.31,  # build 1 is made, and waits while the runner is not yet up
    43: 3.75,  # ... and has run
    46: 3.97,  # build 3 starts in the next second
    47: 4.30,
    53: 4.43,
    58: 11.78,
    63: 15.89,
    64: 22.00,
    65: 22.12,  # build 6 has run, 7 and 8 wait
    67: 22.14,
    68: 22.50,
    82: 22.83,
    83: 23.00,
    95: 23.20,
    104: 23.36,
    110: 23.60,
}
FEED_OPENS_BEFORE, LOG_OPENS_BEFORE, LOG_ENDED_BEFORE = 43, 58, 64


@dataclass(frozen=True)
class Recorded:
    """One recorded exchange."""

    number: int
    name: str
    request: dict[str, Any]
    response: dict[str, Any]

    @property
    def moment(self) -> float:
        """Seconds after `STARTED` at which it was asked, at the earliest."""
        date = parsedate_to_datetime(self.response["headers"]["Date"]).timestamp()
        elapsed: float = self.response["elapsed_s"]
        return MOMENTS.get(self.number, date - elapsed - STARTED)


def recordings() -> list[Recorded]:
    """The session in order."""
    return [_read(path) for path in sorted(FOLDER.glob("[0-9]*.json"))]


def _read(path: Path) -> Recorded:
    data = json.loads(path.read_text(encoding="utf-8"))
    return Recorded(int(path.name[:3]), data["name"], data["request"], data["response"])


def webhooks() -> Iterator[tuple[dict[str, str], str]]:
    """The recorded deliveries: headers and body."""
    for line in (FOLDER / "webhooks.jsonl").read_text(encoding="utf-8").splitlines():
        _, _, headers, body = json.loads(line)
        yield headers, body


@dataclass
class Replay:
    """What the simulator did in the same session."""

    answers: dict[int, httpx.Response] = field(default_factory=dict)
    deliveries: list[httpx.Request] = field(default_factory=list)
    feed: str = ""
    cancelled_log: str = ""
    normal_log: str = ""
    finished_log: str = ""

    def receive(self, request: httpx.Request) -> httpx.Response:
        """Take a webhook."""
        self.deliveries.append(request)
        return httpx.Response(200)


async def replay() -> Replay:
    """Play the recorded session against the simulator, on a real socket since streams need one."""
    done = Replay()
    sender = WebhookSender(("http://receiver.test/a",), secret=SECRET, transport=httpx.MockTransport(done.receive))
    listeners: dict[str, asyncio.Task[str]] = {}
    async with running_simulator("golden", socket=True, webhooks=sender) as drone:
        # The session was recorded under this address; the free port is the simulator's own.
        drone.world.addresses.host = "127.0.0.1:18080"
        for recorded in recordings():
            await _listen(drone, recorded.number, listeners)
            await drone.advance(max(0.001, STARTED + recorded.moment - drone.world.clock.now()))
            done.answers[recorded.number] = await _ask(drone, recorded)
        await drone.advance(1)
    done.feed, done.cancelled_log, done.normal_log, done.finished_log = [
        await listeners[name] for name in ("feed", "cancelled", "normal", "finished")
    ]
    return done


async def _ask(drone: SimulatorHandle, recorded: Recorded) -> httpx.Response:
    """Ask what was asked; a request that Drone holds is helped along by the clock."""
    request = recorded.request
    body = request["body"]
    content = json.dumps(body) if isinstance(body, dict) else body
    async with drone.client(request["token"] or "") as http:
        if recorded.response["elapsed_s"] < 1:
            return await http.request(request["method"], request["path"], content=content)
        before = drone.world.clock.count_sleepers()  # type: ignore[attr-defined]  # a manual clock
        asked = asyncio.create_task(http.request(request["method"], request["path"], content=content))
        await until_sleeping(drone.world, before + 1)
        await drone.advance(recorded.response["elapsed_s"])
        return await asked


async def _listen(drone: SimulatorHandle, number: int, listeners: dict[str, asyncio.Task[str]]) -> None:
    """Open the streams that were recorded beside the session."""
    build = "/api/stream/octo/pub/{}/1/1"
    if number == FEED_OPENS_BEFORE:
        await open_stream(drone, listeners, "feed", "/api/stream")
    elif number == LOG_OPENS_BEFORE:
        await open_stream(drone, listeners, "cancelled", build.format(4))
    elif number == LOG_ENDED_BEFORE:
        await drone.advance(0.1)
        await open_stream(drone, listeners, "normal", build.format(5))
        await drone.advance(STARTED + 22 - drone.world.clock.now())
        await open_stream(drone, listeners, "finished", build.format(5))


async def open_stream(drone: SimulatorHandle, listeners: dict[str, asyncio.Task[str]], name: str, path: str) -> None:
    """Read a stream in a task of its own; return once its first piece has arrived."""
    opened = asyncio.Event()

    async def read() -> str:
        text = ""
        async with drone.client() as http, http.stream("GET", path, timeout=None) as stream:
            async for piece in stream.aiter_text():
                text += piece
                opened.set()
        return text

    listeners[name] = asyncio.create_task(read())
    await opened.wait()
