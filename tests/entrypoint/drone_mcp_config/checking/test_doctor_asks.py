"""`doctor` has a server ask its service where the server says how: Jenkins, in front of the simulator."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from jenkins_mcp_simulator.records import User
from support.played_jenkins import played_jenkins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from entrypoint.drone_mcp_config.conftest import Outcome
    from support.played_jenkins import PlayedJenkins

    Run = Callable[..., Outcome]

ROLE = "role: only-jenkins\nservers: {jenkins: {}}\n"


@pytest.fixture
def fake_packages(tmp_path: Path) -> Path:
    """Leave the installed servers as they are."""
    return tmp_path


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Iterator[PlayedJenkins]:
    with played_jenkins({"jobs": {"app": {}}}) as play:
        for name, value in play.jenkins.environment().items():
            monkeypatch.setenv(name, value)
        yield play


@pytest.fixture
def check(run: Run, roles_dir: Callable[..., Path]) -> Callable[[], dict[str, Any]]:
    folder = roles_dir(**{"only-jenkins": ROLE})

    def check() -> dict[str, Any]:
        outcome = run("doctor", "--role", "only-jenkins", "--roles-dir", str(folder), "--json")
        assert outcome.out, outcome.err
        checks: list[dict[str, Any]] = json.loads(outcome.out)["checks"]
        (found,) = [one for one in checks if one["name"] == "jenkins"]
        assert outcome.code == (found["status"] == "failed")
        return found

    return check


def test_a_jenkins_that_answers_is_well(play: PlayedJenkins, check: Callable[[], dict[str, Any]]) -> None:
    assert check()["status"] == "ok"
    assert [asked.user for asked in play.jenkins.asked] == ["dev"]


def test_a_wrong_token_is_reported(
    play: PlayedJenkins, check: Callable[[], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JENKINS_API_TOKEN", "another-token")
    found = check()
    assert (found["status"], len(play.jenkins.asked) > 0) == ("failed", True)
    assert "does not accept this user name with this token" in found["detail"]
    assert "JENKINS_USERNAME together with JENKINS_API_TOKEN" in found["fix"]
    assert "another-token" not in json.dumps(found)


def test_a_missing_permission_is_named(play: PlayedJenkins, check: Callable[[], dict[str, Any]]) -> None:
    play.world.users["dev"] = User("dev", play.world.users["dev"].token)
    found = check()
    assert found["status"] == "failed"
    assert "dev lacks the permission Overall/Read" in found["detail"]


def test_an_address_where_nothing_listens_is_reported_with_what_to_check(
    play: PlayedJenkins,
    check: Callable[[], dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert play.jenkins.asked == []
    monkeypatch.setenv("JENKINS_URL", "http://127.0.0.1:9")
    found = check()
    assert "No connection to http://127.0.0.1:9" in found["detail"]
    assert found["fix"] == "Check its address, the network, a VPN and the proxy variables"
