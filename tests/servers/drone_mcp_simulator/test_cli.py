"""The command, as a process."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from support.patience import PATIENCE
from support.warm import warm_python

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def _serving(*options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str], str]]:
    """A served process, the tokens and the address of its ready line."""
    command = [*warm_python(), "-m", "drone_mcp_simulator", "serve", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            ready = json.loads(process.stdout.readline())
            yield process, ready["tokens"], ready["url"]
        finally:
            process.kill()


def _run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*warm_python(), "-m", "drone_mcp_simulator", *options], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_and_leaves_in_peace_even_with_an_open_stream(number: signal.Signals) -> None:
    with (
        _serving("--scenario", "demo") as (process, tokens, url),
        httpx.Client(base_url=url, trust_env=False, timeout=PATIENCE) as http,
    ):
        headers = {"authorization": f"Bearer {tokens['admin']}"}
        assert http.get("/api/user", headers=headers).json()["login"] == "admin"
        with http.stream("GET", "/api/stream", headers=headers) as feed:
            lines = feed.iter_lines()
            assert next(lines) == ": ping"
            process.send_signal(number)
            assert "event: error" in list(lines)
        assert process.wait(PATIENCE) == 0
        assert process.stderr
        assert process.stderr.read() == ""


def test_a_request_that_is_still_held_is_cut_off_without_a_word() -> None:
    with _serving() as (process, _, url), httpx.Client(base_url=url, trust_env=False, timeout=PATIENCE) as http:
        http.post("/_simulator/faults", json={"kind": "delay", "seconds": 45, "route": "/api/user"})
        address = (http.base_url.host, http.base_url.port or 0)
        with socket.create_connection(address) as held:
            held.sendall(b"GET /api/user HTTP/1.1\r\nHost: drone\r\n\r\n")
            while not http.get("/_simulator/requests").json():
                pass
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
        assert process.stderr
        assert process.stderr.read() == ""


def test_a_manual_clock_waits_to_be_moved() -> None:
    with (
        _serving("--clock", "manual") as (_, _, url),
        httpx.Client(base_url=url, trust_env=False, timeout=PATIENCE) as http,
    ):
        first = http.post("/_simulator/advance", json={"seconds": 0}).json()["now"]
        assert http.post("/_simulator/advance", json={"seconds": 60}).json()["now"] == first + 60


def test_a_real_clock_is_not_moved() -> None:
    with _serving() as (_, _, url), httpx.Client(base_url=url, trust_env=False, timeout=PATIENCE) as http:
        assert http.post("/_simulator/advance", json={"seconds": 60}).status_code == 409


@pytest.mark.parametrize(
    ("options", "reported"),
    [
        (["--listen", "0.0.0.0:0"], "--allow-remote"),
        (["--listen", "8080"], "is not ADDRESS:PORT"),
        (["--scenario", "nope"], "no scenario 'nope'"),
        (["--webhook", "http://127.0.0.1:1/", "--webhook-secret-env", "SURELY_NOT_SET"], "SURELY_NOT_SET is not set"),
    ],
)
def test_a_users_mistake_is_reported_without_a_traceback(options: list[str], reported: str) -> None:
    result = _run("serve", *options)

    assert result.returncode == 2
    assert reported in " ".join(result.stderr.replace("│", " ").split())
    assert "Traceback" not in result.stderr


def test_a_taken_port_is_reported() -> None:
    with _serving() as (_, _, url):
        result = _run("serve", "--listen", url.removeprefix("http://"))

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("cannot listen on 127.0.0.1:")


def test_the_shipped_scenarios_are_listed() -> None:
    listed = _run("scenarios").stdout

    assert [line.split()[0] for line in listed.splitlines()] == [
        "big",
        "demo",
        "failures",
        "forge",
        "golden",
        "history",
    ]
