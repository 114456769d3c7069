"""The command, as a process."""

from __future__ import annotations

import json
import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from support.patience import PATIENCE
from support.warm import warm_python

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def serving(*options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str], str]]:
    """A served process, the tokens and the address of its ready line."""
    command = [*warm_python(), "-m", "jenkins_mcp_simulator", "serve", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            ready = json.loads(process.stdout.readline())
            yield process, ready["tokens"], ready["url"]
        finally:
            process.kill()


def run(*options: str) -> subprocess.CompletedProcess[str]:
    command = [*warm_python(), "-m", "jenkins_mcp_simulator", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_and_ends_without_a_word(number: signal.Signals) -> None:
    with serving() as (process, tokens, url):
        user = httpx.get(
            f"{url}/whoAmI/api/json", auth=("dev", tokens["dev"]), trust_env=False, timeout=PATIENCE
        ).json()
        assert user["name"] == "dev"
        process.send_signal(number)
        assert process.wait(PATIENCE) == 0
        assert process.stderr
        assert process.stderr.read() == ""


def test_a_file_of_ones_own_is_served_below_its_prefix(tmp_path: Path) -> None:
    scenario = tmp_path / "mine.yaml"
    scenario.write_text("prefix: /ci\nusers: {me: {token: t, may: [Overall/Administer]}}\n", encoding="utf-8")
    with serving("--scenario", str(scenario)) as (_, _, url):
        assert url.endswith("/ci")
        assert httpx.get(f"{url}/api/json", auth=("me", "t"), trust_env=False, timeout=PATIENCE).headers["x-jenkins"]


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        (None, "neither a file nor one of demo"),
        ("users: {me: {tokens: x}}\n", "users.me.tokens: Extra inputs are not permitted"),
        ("users: [\n", "not YAML: "),
    ],
)
def test_a_wrong_scenario_is_reported_without_a_traceback(text: str | None, reported: str, tmp_path: Path) -> None:
    scenario = tmp_path / "mine.yaml"
    if text is not None:
        scenario.write_text(text, encoding="utf-8")
    result = run("serve", "--scenario", str(scenario))
    assert result.returncode == 2
    assert reported in " ".join(result.stderr.replace("│", " ").split())
    assert "Traceback" not in result.stderr


def test_a_port_that_is_taken_is_reported() -> None:
    with serving() as (_, _, url):
        result = run("serve", "--listen", url.removeprefix("http://"))
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("cannot listen on 127.0.0.1:")
