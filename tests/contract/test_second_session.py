"""The simulator, led through the second session that was recorded with a real Drone 2.25.0, gives the same answers."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from support.captures import Capture, more_captures, more_transcript
from support.golden_second import Replay, deliveries, number_of, replay

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# What a client cannot depend on: the time of day, and who closes an idle connection.
LOOSE_HEADERS = {"date", "last-modified", "connection"}
# Made with a secret that the real server drew: only the shape and the length can be the same.
SECRET_BODIES = {167, 168}
# Stages that start side by side draw the ids of their steps in the order in which the runner's threads get there.
RACING_STEP_IDS = {233}
# A real machine takes some time for what the simulator does at once; recorded times are whole seconds.
SECONDS_APART = 1
EPOCH = 1_700_000_000


@pytest.fixture(scope="module")
async def replayed() -> Replay:
    return await replay()


@pytest.mark.parametrize("capture", more_captures(), ids=lambda capture: str(capture.name))
async def test_the_simulator_gives_the_recorded_answer(capture: Capture, replayed: Replay) -> None:
    number = number_of(capture)
    answer = replayed.answers[number]
    ours, theirs = answer.text, capture.body.decode()

    assert answer.status_code == capture.status
    assert _stable(answer.headers.items()) == _stable(capture.headers.items())
    if number in SECRET_BODIES:
        assert (list(_keys(json.loads(ours))), len(ours)) == (list(_keys(json.loads(theirs))), len(theirs))
    elif ours != theirs:
        assert _with_recorded_times(json.loads(ours), json.loads(theirs), number) == json.loads(theirs)
        assert list(_keys(json.loads(ours))) == list(_keys(json.loads(theirs)))


@pytest.mark.parametrize("number", sorted(SECRET_BODIES | RACING_STEP_IDS))
def test_an_exception_is_still_needed(number: int, replayed: Replay) -> None:
    (capture,) = (capture for capture in more_captures() if number_of(capture) == number)
    theirs = json.loads(capture.body)

    assert _with_recorded_times(replayed.answers[number].json(), theirs) != theirs


def _stable(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {key.lower(): value for key, value in headers if key.lower() not in LOOSE_HEADERS}


def _with_recorded_times(ours: Any, theirs: Any, number: int = 0) -> Any:
    """Replace each time by the recorded one if they are close."""
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [_with_recorded_times(*pair, number) for pair in zip(ours, theirs, strict=True)]
    if isinstance(ours, dict) and isinstance(theirs, dict):
        racing = {"id"} if number in RACING_STEP_IDS and "step_id" in ours else set()
        return {
            key: theirs.get(key) if key in racing else _with_recorded_times(value, theirs.get(key), number)
            for key, value in ours.items()
        }
    are_times = all(isinstance(value, int) and value > EPOCH for value in (ours, theirs))
    return theirs if are_times and abs(ours - theirs) <= SECONDS_APART else ours


def _keys(value: Any) -> Iterator[str]:
    """List all keys in order."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)


async def test_each_build_sends_the_recorded_webhooks(replayed: Replay) -> None:
    recorded, ours = _by_subject(deliveries()), _by_subject(replayed.deliveries)

    for subject, bodies in recorded.items():
        last = ours[subject][-len(bodies) :]  # of one build only the last delivery was kept
        assert _with_recorded_times(last, bodies) == bodies, subject


async def test_the_feed_of_a_repository_tells_of_each_build_as_recorded(replayed: Replay) -> None:
    recorded, ours = (_by_subject(_messages(feed)) for feed in (more_transcript().decode(), replayed.feed))

    assert list(ours) == list(recorded)
    for subject, bodies in recorded.items():
        assert _with_recorded_times(ours[subject], bodies) == bodies, subject


def _messages(feed: str) -> Iterator[dict[str, Any]]:
    for line in feed.splitlines():
        if line.startswith("data: {"):
            repo = json.loads(line.removeprefix("data: "))
            yield {"event": "feed", "action": "", "repo": repo, "build": repo["build"]}


def _by_subject(bodies: Iterable[dict[str, Any]]) -> dict[tuple[str, str, str], list[dict[str, Any]]]:
    """By build, without the repository's counters: of builds that ran side by side nothing fixes the order."""
    subjects: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for body in bodies:
        repo, build = body.get("repo", {}), body.get("build", {})
        if build:
            repo.update(version=0, counter=0)
        subjects[body["event"], repo.get("slug", body.get("user", {}).get("login")), build.get("number", "")].append(
            body
        )
    return subjects
