"""What a watcher is told of requests: paths with placeholders, whoever's repository it is."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from drone_mcp_client import calls
from drone_mcp_client.client import DroneClient
from drone_mcp_client.errors import NotFound
from drone_mcp_client.options import DroneOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_mcp_http.call import Call
    from ci_mcp_kit.attempts import Attempt

SLUG, JOB, TEAM = "private-owner/private-repo", "private-job", "private-team"
CALLS: dict[str, Call[Any]] = {
    "/version": calls.version(),
    "/api/user/repos": calls.user_repos(latest=True),
    "/api/repos": calls.all_repos(),
    "/api/repos/{owner}/{repo}": calls.repo(SLUG),
    "/api/repos/{owner}/{repo}/builds": calls.builds(SLUG, branch="private-branch"),
    "/api/repos/{owner}/{repo}/builds/{number}": calls.build(SLUG, 7),
    "/api/repos/{owner}/{repo}/builds/latest": calls.latest_build(SLUG, branch="private-branch"),
    "/api/repos/{owner}/{repo}/builds/{number}/logs/{number}/{number}": calls.log(SLUG, 7, 1, 2),
    "/api/repos/{owner}/{repo}/builds/{number}/approve/{number}": calls.approve_stage(SLUG, 7, 1),
    "/api/repos/{owner}/{repo}/cron/{name}": calls.run_cron(SLUG, JOB),
    "/api/stream/{owner}/{repo}/{number}/{number}/{number}": calls.log_stream(SLUG, 7, 1, 2),
    "/api/stream/{owner}/{repo}": calls.feed(SLUG),
    "/api/secrets/{namespace}": calls.org_secrets(TEAM),
    "/api/templates/{namespace}": calls.templates(TEAM),
}


@pytest.mark.parametrize("expected", CALLS)
def test_a_path_is_told_without_what_it_names(expected: str) -> None:
    assert CALLS[expected].template == expected


async def test_a_watcher_sees_each_attempt_with_its_status_and_its_error() -> None:
    seen: list[tuple[int, int | None, str]] = []

    @contextmanager
    def watch(attempt: Attempt) -> Iterator[None]:
        assert attempt.status is None
        try:
            yield
        except NotFound as error:
            seen.append((attempt.number, attempt.status, error.code))
            raise

    network = httpx.MockTransport(lambda _: httpx.Response(404, json={"message": "Not Found"}))
    options = DroneOptions(server="http://drone.test", token="t" * 32)
    async with DroneClient(options, network=network, watch=watch) as drone:
        with pytest.raises(NotFound):
            await drone.build("octo/hello", 7)
    assert seen == [(0, 404, "NOT_FOUND")]
