"""The second recorded session with a real Drone 2.25.0, and the same session with the simulator.

The recording has 173 requests. Between them, others were made that were not recorded: they are in `UNRECORDED`, at the
time at which the webhooks and the answers show their effect.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import httpx

from ci_mcp_simulator.clock import ManualClock
from drone_mcp_simulator.webhooks import WebhookSender
from support.captures import MORE, Capture, more_captures
from support.golden import open_stream
from support.simulator import SimulatorHandle, running_simulator

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator

# When the server was new. All moments below are in seconds since then.
STARTED = 1_795_875_158
# A sync stores new repositories in the order of a Go map, which is random; this is the order of the recording.
STORED = ("tiny", "hist", "Dotted.Name_1", "docker", "pub", "priv", "idle", "guarded")
RUNNER_COMES_UP_BEFORE, RUNNER_COMES_UP = 215, 4.6
# Stages of type docker were run by another runner, while the feed of their repository was recorded.
FEED_OPENS_BEFORE, FIRST_RUNNER_FROM = 234, 261


@dataclass(frozen=True)
class Unrecorded:
    """A request that was made before a recorded one, but not recorded."""

    before: int
    moment: float
    method: str
    path: str
    body: dict[str, object] | None = None


def _build(before: int, moment: float, repo: str, branch: str) -> Unrecorded:
    return Unrecorded(before, moment, "POST", f"/api/repos/octo/{repo}/builds?branch={branch}")


UNRECORDED = (
    Unrecorded(111, 1.5, "POST", "/api/user/repos"),
    *(Unrecorded(111, 1.66, "POST", f"/api/repos/octo/{name}") for name in ("pub", "priv", "docker", "guarded")),
    Unrecorded(111, 2.22, "PATCH", "/api/repos/octo/guarded", {"protected": True}),
    Unrecorded(111, 2.38, "POST", "/api/repos/octo/tiny"),
    Unrecorded(111, 2.38, "PATCH", "/api/repos/octo/tiny", {"timeout": 1}),
    Unrecorded(111, 2.39, "POST", "/api/users", {"login": "bot", "machine": True, "token": "bottoken"}),
    _build(215, 4.95, "pub", "ok"),
    _build(221, 5.7, "pub", "par"),
    _build(222, 9.4, "pub", "ignore"),
    _build(223, 9.7, "pub", "ignorefail"),
    _build(224, 10.1, "pub", "skip78"),
    _build(225, 10.4, "pub", "cond"),
    _build(226, 10.8, "pub", "names"),
    _build(227, 11.4, "pub", "detached"),
    _build(229, 14.1, "pub", "dupstep"),
    _build(230, 14.4, "pub", "stepcycle"),
    _build(231, 15.0, "pub", "cr"),
    _build(232, 15.6, "pub", "bytes"),
    _build(233, 16.1, "pub", "multi6"),
    _build(234, 18.78, "docker", "dockerok"),
    _build(236, 19.48, "docker", "docker"),
    _build(238, 20.24, "docker", "dockerpull"),
    _build(240, 20.98, "docker", "dockerfirst"),
    _build(242, 23.64, "docker", "stagelost"),
    _build(281, 56.65, "tiny", "long"),
)
# Where the answer's own date (whole seconds) is too coarse: the moment of a recorded request.
MOMENTS = {
    215: 5.52,
    221: 9.35,
    222: 9.6,
    223: 10.0,
    224: 10.35,
    225: 10.75,
    226: 11.35,
    227: 13.6,
    229: 14.3,
    230: 14.8,
    231: 15.5,
    232: 16.0,
    233: 18.7,
    234: 19.3,
    236: 20.1,
    238: 20.8,
    240: 23.5,
    242: 29.6,
    267: 29.9,
}
SECRET = "hooksecret"


def number_of(capture: Capture) -> int:
    """The number at the beginning of a recording's name."""
    return int(capture.name[:3])


def deliveries() -> Iterator[dict[str, object]]:
    """The recorded webhooks of the session; those of some builds were not kept."""
    for line in (MORE / "webhooks_more.jsonl").read_text(encoding="utf-8").splitlines():
        yield json.loads(json.loads(line)[3])


@dataclass
class Replay:
    """What the simulator did in the same session."""

    answers: dict[int, httpx.Response] = field(default_factory=dict)
    deliveries: list[dict[str, object]] = field(default_factory=list)
    feed: str = ""

    def receive(self, request: httpx.Request) -> httpx.Response:
        """Take a webhook."""
        self.deliveries.append(json.loads(request.content))
        return httpx.Response(200)


async def replay() -> Replay:
    """Play the recorded session against the simulator, on a real socket since the feed needs one."""
    done = Replay()
    sender = WebhookSender(("http://receiver.test/a",), secret=SECRET, transport=httpx.MockTransport(done.receive))
    scenario, clock = MORE / "scenario.yaml", ManualClock(STARTED)
    async with running_simulator(scenario, socket=True, clock=clock, webhooks=sender) as drone:
        # The session was recorded under this address; the free port is the simulator's own.
        drone.world.addresses.host = "127.0.0.1:18080"
        await _advance_to(drone, 1)
        for name in STORED:
            drone.world.add_repo(drone.world.scm[f"octo/{name}"])
        listeners: dict[str, asyncio.Task[str]] = {}
        for capture in more_captures():
            await _prepare(drone, number_of(capture), listeners)
            await _advance_to(drone, _moment(capture))
            done.answers[number_of(capture)] = await _ask(drone, capture)
    done.feed = await listeners["feed"]
    return done


def _moment(capture: Capture) -> float:
    date = parsedate_to_datetime(capture.headers["Date"]).timestamp()
    return MOMENTS.get(number_of(capture), date - STARTED)


async def _advance_to(drone: SimulatorHandle, moment: float) -> None:
    await drone.advance(max(0.001, STARTED + moment - drone.world.clock.now()))


async def _prepare(drone: SimulatorHandle, number: int, listeners: dict[str, asyncio.Task[str]]) -> None:
    """Do what was done before a request but not recorded."""
    runner = drone.world.runner
    if number == RUNNER_COMES_UP_BEFORE:
        await _advance_to(drone, RUNNER_COMES_UP)
        runner.platforms = ("linux/amd64",)
        runner.resume()
    elif number == FEED_OPENS_BEFORE:
        runner.name = "docker-runner-1"
        await open_stream(drone, listeners, "feed", "/api/stream/octo/docker")
    elif number == FIRST_RUNNER_FROM:
        runner.name = "testrunner"
    for request in UNRECORDED:
        if request.before == number:
            await _advance_to(drone, request.moment)
            async with drone.client("admintoken") as http:
                content = json.dumps(request.body) if request.body else None
                (await http.request(request.method, request.path, content=content)).raise_for_status()


async def _ask(drone: SimulatorHandle, capture: Capture) -> httpx.Response:
    request = capture.request
    body = request["body"]
    content = json.dumps(body) if isinstance(body, dict) else body
    headers = _sign_hook(drone, capture)
    async with drone.client(request["token"] or "") as http:
        return await http.request(request["method"], request["path"], content=content, headers=headers)


def _sign_hook(drone: SimulatorHandle, capture: Capture) -> dict[str, str]:
    """Return the headers of a Gitea hook, whose signature depends on the secret that Drone draws for a repository."""
    if capture.path != "/hook":
        return {}
    body = capture.request["body"]
    repo = drone.world.repos[json.loads(body)["repository"]["full_name"]]
    key = "wrong" if capture.name.endswith("badsignature") else repo.signer
    signature = hmac.new(key.encode(), body.encode(), hashlib.sha256).hexdigest()
    event = "pull_request" if "pull_request" in json.loads(body) else "push"
    return {"x-gitea-event": event, "x-gitea-signature": signature}
