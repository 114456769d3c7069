"""The answers of real server processes over stdio when something has failed."""

from __future__ import annotations

import json
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from drone_mcp_config.checking.launching import launched
from support.patience import PATIENCE
from support.warm import warm_python, warm_server

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "dev-token-of-the-demo"
NOWHERE = "http://127.0.0.1:1"


class Said(NamedTuple):
    failed: bool
    text: str

    @property
    def error(self) -> dict[str, Any]:
        assert self.failed, self.text
        shape: dict[str, Any] = json.loads(self.text.removeprefix("Error: "))
        assert shape.keys() == {"code", "message", "next_step", "retryable", "details"}
        assert shape["next_step"]
        return shape


@contextmanager
def simulator(scenario: str) -> Iterator[dict[str, Any]]:
    command = [*warm_python(), "-m", "drone_mcp_simulator", "serve", "--listen", "127.0.0.1:0", "--scenario", scenario]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def drone() -> Iterator[str]:
    with simulator("demo") as ready:
        yield ready["url"]


class Welcome(BaseHTTPRequestHandler):
    """A web page on every path, as a sign-in proxy or another product shows it."""

    def do_GET(self) -> None:
        page = b"<!DOCTYPE html><html><body>Welcome to something else</body></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture(scope="module")
def web_page() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Welcome) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


async def ask(url: str, tool: str, token: str = TOKEN, **arguments: Any) -> Said:
    module = "drone_mcp_logs" if "logs" in tool else "drone_mcp_builds"
    environment = {"DRONE_SERVER": url, "DRONE_TOKEN": token, "DRONE_MCP_RETRIES": "0"}
    server = warm_server(module, environment)
    async with launched(server, patience=PATIENCE) as running:
        result = await running.client.call_tool(tool, arguments)
        texts = [block.text for block in result.content if block.type == "text"]
    return Said(bool(result.is_error), "\n".join(texts))


async def test_a_wrong_token_is_named_as_the_cause_and_never_shown(drone: str) -> None:
    said = await ask(drone, "drone_list_repos", token="a-token-that-nobody-knows")
    assert said.error["code"] == "AUTH_FAILED"
    assert "a-token-that-nobody-knows" not in said.text


async def test_an_address_where_nothing_listens_is_a_network_error() -> None:
    said = await ask(NOWHERE, "drone_list_repos")
    assert said.error["code"] == "NETWORK_ERROR"
    assert said.error["retryable"] is True
    assert NOWHERE in said.text


async def test_a_web_page_in_place_of_drone_points_at_the_address(web_page: str) -> None:
    said = await ask(web_page, "drone_list_repos")
    assert said.error["code"] == "DRONE_ERROR"
    assert "DRONE_SERVER" in said.error["next_step"]


async def test_a_missing_repository_may_also_be_one_without_access(drone: str) -> None:
    said = await ask(drone, "drone_get_build", repo="octo/nothing")
    assert said.error["code"] == "NOT_FOUND"
    assert "octo/nothing" in said.error["message"]


async def test_an_unknown_build_is_reported_with_the_newest_there_is(drone: str) -> None:
    said = await ask(drone, "drone_get_build", repo="octo/hello", number=4711)
    assert said.error["code"] == "NOT_FOUND"
    assert said.error["details"]["newest"] == 4


async def test_a_skipped_step_has_no_log_and_that_is_an_answer(drone: str) -> None:
    said = await ask(drone, "drone_get_build_logs", repo="octo/hello", number=4, stage="build", step="coverage")
    assert not said.failed
    assert "skipped" in said.text


async def test_a_log_of_five_mebibytes_is_answered_within_the_budget_and_says_what_was_lost() -> None:
    with simulator("big") as ready:
        said = await ask(ready["url"], "drone_get_build_logs", ready["tokens"]["admin"], repo="octo/monolith")
    assert not said.failed
    assert len(said.text) <= 4 * 2000
    assert "the beginning is lost" in said.text
