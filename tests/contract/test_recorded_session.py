"""The simulator, led through the session that was recorded with a real Drone 2.25.0, does and says the same."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from drone_mcp_simulator.webhooks import sign
from support.golden import FOLDER, SECRET, Recorded, Replay, recordings, replay, webhooks

if TYPE_CHECKING:
    from collections.abc import Iterable

RECORDED = recordings()
# What a client cannot depend on: the time of day, and who closes an idle connection.
LOOSE_HEADERS = {"date", "connection"}
# Drawn anew for each answer by the real server.
RANDOM_BODIES = {"encrypt"}
EOF = "event: error\ndata: eof\n\n"


@pytest.fixture(scope="module")
async def replayed() -> Replay:
    return await replay()


def test_the_whole_session_was_recorded() -> None:
    assert [recorded.number for recorded in RECORDED] == list(range(1, 111))


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda recorded: f"{recorded.number:03}_{recorded.name}")
async def test_the_simulator_gives_the_recorded_answer(recorded: Recorded, replayed: Replay) -> None:
    answer = replayed.answers[recorded.number]
    headers = {key.lower(): value for key, value in recorded.response["headers"].items()}

    assert answer.status_code == recorded.response["status"]
    assert _stable(dict(answer.headers)) == _stable(headers)
    if recorded.name in RANDOM_BODIES:
        assert _shape(answer.json()) == _shape(json.loads(recorded.response["body_text"]))
        assert len(answer.text) == len(recorded.response["body_text"])
    else:
        assert answer.text == recorded.response["body_text"]


def _stable(headers: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in headers.items() if key not in LOOSE_HEADERS}


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shape(inner) for key, inner in value.items()}
    return type(value)


# -- webhooks


async def test_every_webhook_has_the_recorded_headers_in_order(replayed: Replay) -> None:
    recorded = [list(headers) for headers, _ in webhooks()]
    ours = [list(delivery.headers) for delivery in replayed.deliveries]

    assert [set(names) for names in ours] == [{name.lower() for name in names} for names in recorded]
    signed = ["content-type", "date", "digest", "signature", "x-drone-event"]
    assert all([name for name in names if name in signed] == signed for names in ours)


async def test_each_build_sends_the_recorded_webhooks(replayed: Replay) -> None:
    recorded = _by_subject(json.loads(body) for _, body in webhooks())
    ours = _by_subject(json.loads(delivery.content) for delivery in replayed.deliveries)

    assert list(ours) == list(recorded)
    for subject, bodies in recorded.items():
        assert [json.dumps(body) for body in ours[subject]] == [json.dumps(body) for body in bodies], subject


def _by_subject(bodies: Iterable[dict[str, Any]]) -> dict[tuple[str, int], list[dict[str, Any]]]:
    """By build, without the repository's counters: of builds that ran side by side nothing fixes the order."""
    subjects: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    for body in bodies:
        number = body.get("build", {}).get("number", 0)
        if number:
            body["repo"].update(version=0, counter=0)
        subjects[body["event"], number].append(body)
    return subjects


@pytest.mark.parametrize("delivery", list(webhooks()), ids=lambda pair: pair[0]["Digest"][-9:-1])
def test_our_signature_of_a_recorded_body_is_the_recorded_one(delivery: tuple[dict[str, str], str]) -> None:
    headers, body = delivery

    ours = sign(body.encode(), SECRET, headers["Date"])

    assert ours == {key: headers[key] for key in ("Date", "Digest", "Signature")}


async def test_what_the_simulator_sends_is_signed(replayed: Replay) -> None:
    for delivery in replayed.deliveries:
        expected = sign(delivery.content, SECRET, delivery.headers["date"])
        assert delivery.headers["signature"] == expected["Signature"]
        assert delivery.headers["digest"] == expected["Digest"]


# -- streams


async def test_a_live_log_runs_as_recorded_to_its_eof(replayed: Replay) -> None:
    assert replayed.normal_log == _text("sse_log_normal")


async def test_a_finished_step_has_an_empty_live_log(replayed: Replay) -> None:
    assert replayed.finished_log == _text("sse_log_finished_step")


async def test_a_cancelled_steps_live_log_falls_silent_and_ends_with_the_server(replayed: Replay) -> None:
    assert replayed.cancelled_log == _text("sse_log_cancelled_no_eof") + EOF


async def test_the_feed_tells_of_each_build_as_recorded(replayed: Replay) -> None:
    recorded, ours = _messages(_text("sse_global_feed")), _messages(replayed.feed)

    assert replayed.feed.startswith(": ping\n\ndata: {")
    assert replayed.feed.endswith(EOF)
    assert list(ours) == list(recorded)
    assert ours == recorded


def _messages(feed: str) -> dict[int, list[str]]:
    builds: dict[int, list[str]] = defaultdict(list)
    for line in feed.splitlines():
        if line.startswith("data: {"):
            repo = json.loads(line.removeprefix("data: "))
            repo.update(version=0, counter=0)
            builds[repo["build"]["number"]].append(json.dumps(repo))
    return builds


def _text(name: str) -> str:
    return (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
