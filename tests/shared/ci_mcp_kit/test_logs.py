from __future__ import annotations

import io
import json
import logging
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from mcp import Client

from ci_mcp_kit import logs
from ci_mcp_kit.outgoing_text import Cleaner
from ci_mcp_kit.redact import Redactor
from ci_mcp_kit.variables import Secret
from drone_mcp_build.settings import Settings
from support.example_server import CRASH_TEXT, create

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_mcp_kit.settings import LogFormat, LogLevel

ROOT = Path(__file__).parents[3]
TOKEN = "55f24eb3d61ef6ac5e83d550178638dc"


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers, root.level
    yield
    root.handlers, root.level = before[0], before[1]
    logging.captureWarnings(capture=False)


class Log(io.StringIO):
    """What is logged."""

    handler: logging.Handler

    def getvalue(self) -> str:
        """Return all of it: the handler writes in a thread."""
        self.handler.close()
        return super().getvalue()


def start(form: LogFormat, level: LogLevel = "info") -> tuple[Settings, Log]:
    settings = Settings(
        server="http://drone.test", token=Secret(TOKEN), log_format=form, log_level=level, repo="octo/hello"
    )
    stream = Log()
    stream.handler = logs.configure(settings, Cleaner(Redactor(settings.secrets)), stream.write)
    return settings, stream


async def calls(settings: Settings, *named: tuple[str, dict[str, Any]]) -> None:
    async with Client(create(settings)) as client:
        for name, arguments in named:
            await client.call_tool(name, arguments)


def lines(stream: Log) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


async def test_each_call_leaves_one_line_with_what_it_was_about_and_how_it_ended() -> None:
    settings, stream = start("json")
    await calls(settings, ("drone_repo", {}), ("drone_fail", {"how": "x"}), ("drone_echo", {"text": "x", "number": 0}))
    reported = lines(stream)
    assert [(line["tool"], line["outcome"], line.get("repo"), line.get("build")) for line in reported] == [
        ("drone_repo", "ok", "octo/hello", None),
        ("drone_fail", "CONFLICT", None, None),
        ("drone_echo", "INVALID_INPUT", None, 0),
    ]
    assert all(line["ms"] >= 0 and line["level"] == "info" and line["time"].endswith("Z") for line in reported)
    assert len({line["request"] for line in reported}) == 3


async def test_no_argument_is_logged_but_the_repository_and_the_number() -> None:
    settings, stream = start("json", "debug")
    await calls(settings, ("drone_echo", {"text": "hunter2", "title": "hunter2", "number": 3, "wrong": "hunter2"}))
    assert "hunter2" not in stream.getvalue()


async def test_a_crash_is_logged_with_its_traceback_on_one_line() -> None:
    settings, stream = start("json")
    await calls(settings, ("drone_fail", {"how": "crash"}))
    crash, end = lines(stream)
    assert CRASH_TEXT in crash["trace"]
    assert (crash["level"], end["outcome"]) == ("error", "INTERNAL_ERROR")
    assert crash["request"] == end["request"]


def test_a_person_gets_a_line_to_read() -> None:
    _, stream = start("human")
    with logs.request("tool", "drone_x", repo="octo/hello", build=7):
        logging.getLogger("drone_mcp_x").info("two\nlines \x1b[31m%s", TOKEN)
    first, second = stream.getvalue().splitlines()
    assert "INFO    two lines [redacted]  request=" in first
    assert "repo=octo/hello build=7" in first
    assert "drone_x ok" in second
    assert "outcome=ok" in second


@pytest.mark.parametrize("form", ["json", "human"])
def test_secrets_do_not_reach_the_log_in_messages_facts_or_tracebacks(form: LogFormat) -> None:
    _, stream = start(form)
    with logs.request("tool", "drone_x", repo=f"octo/{TOKEN}"):
        try:
            int(TOKEN)
        except ValueError:
            logging.getLogger("drone_mcp_x").exception("failed with %s", TOKEN)
    assert TOKEN not in stream.getvalue()
    assert stream.getvalue().count("[redacted]") >= 3


def test_libraries_are_heard_from_warnings_on_and_nothing_is_said_twice() -> None:
    settings, stream = start("json", "debug")
    create(settings)  # the SDK sets up logging, too
    logging.getLogger("httpx").info("GET http://drone.test/secret")
    logging.getLogger("mcp").warning("careful")
    logging.getLogger("drone_mcp_client").debug("detail")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    reported = [(line["logger"], line["level"]) for line in lines(stream)]
    assert reported == [("mcp", "warning"), ("drone_mcp_client", "debug"), ("py.warnings", "warning")]


@pytest.mark.checkout
def test_each_module_of_ours_is_heard_at_every_level_whatever_its_package_is_called() -> None:
    folders = [ROOT / layer for layer in ("shared", "servers", "entrypoint")]
    modules = [(folder, path) for folder in folders for path in folder.rglob("*.py")]
    logging_modules = {
        ".".join(path.relative_to(folder).with_suffix("").parts)
        for folder, path in modules
        if "logging.getLogger(__name__)" in path.read_text(encoding="utf-8")
    }
    _, stream = start("json", "debug")
    for name in logging_modules:
        logging.getLogger(name).debug("detail")
    assert {line["logger"] for line in lines(stream)} == logging_modules
    assert logging_modules


def test_outside_of_a_request_there_is_nothing_to_add() -> None:
    _, stream = start("json")
    logs.add_facts(repo="octo/hello")
    logs.set_outcome("ok")
    logging.getLogger("drone_mcp_x").info("hello")
    assert logs.request_id() == "-"
    assert lines(stream)[0].keys() == {"time", "level", "logger", "message"}
