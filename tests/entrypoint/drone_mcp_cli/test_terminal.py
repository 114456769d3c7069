"""The commands on a terminal of 80 columns, with its colours, links and questions."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from support.patience import PATIENCE
from support.snapshots import hold

if TYPE_CHECKING:
    from entrypoint.drone_mcp_cli.conftest import Desk

SNAPSHOTS = Path(__file__).parent / "snapshots"
QUESTION = "[y/N]"
RESTARTED = "POST /api/repos/octo/hello/builds/4"
SHOWN = {
    "diagnose": "diagnose octo/hello",
    "builds": "builds octo/hello",
    "why": "why octo/hello",
    "error": "diagnose octo/nope",
}


@pytest.mark.parametrize("name", SHOWN)
def test_what_stays_on_the_screen_is_that_of_the_snapshot(desk: Desk, name: str) -> None:
    with desk.terminal(*SHOWN[name].split()) as terminal:
        hold(SNAPSHOTS / f"terminal-{name}.ansi", desk.plain(terminal.read_to_end()))


def test_waiting_shows_the_steps_as_they_run_and_the_end(desk: Desk) -> None:
    number = desk.start_build("topic/upgrade")
    with desk.terminal("wait", "octo/hello", str(number)) as terminal:
        terminal.read_until("pending")
        desk.advance(20)
        terminal.read_until("● 2 install")
        desk.advance(600)
        hold(SNAPSHOTS / "terminal-wait.ansi", desk.plain(terminal.read_to_end()))
        assert terminal.process.returncode == 1


def test_waiting_without_a_terminal_writes_each_change_in_a_line(desk: Desk) -> None:
    number = desk.start_again(3)
    with desk.start("wait", "octo/hello", str(number)) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(f"octo/hello #{number} ")
        desk.advance(10)
        assert "running" in process.stdout.readline()
        desk.advance(600)
        assert f"✓ octo/hello #{number} success" in process.stdout.read()
    assert process.returncode == 0


def test_waiting_for_a_build_that_has_ended_ends_at_once(desk: Desk) -> None:
    assert desk.run("wait", "octo/hello", "3", "--json").data["build"]["status"] == "success"
    assert [desk.run("wait", "octo/hello", number).code for number in ("3", "4", "99")] == [0, 1, 2]


@pytest.mark.parametrize(
    "words", [["restart", "octo/hello", "4"], ["call", "drone_restart_build", "repo=octo/hello", "number=4"]]
)
def test_a_restart_asks_and_is_done_after_a_yes(acting: Desk, words: list[str]) -> None:
    with acting.terminal(*words) as terminal:
        terminal.read_until(QUESTION)
        assert RESTARTED not in acting.asked()
        terminal.type("y\n")
        stays = terminal.read_to_end()
        assert terminal.process.returncode == 0
    assert acting.asked().count(RESTARTED) == 1
    hold(SNAPSHOTS / "terminal-restart.ansi", stays)


@pytest.mark.parametrize(
    "answer", ["\n", "n\n", "nonsense\n", "\x04", None], ids=["enter", "no", "nonsense", "end", "Ctrl-C"]
)
def test_nothing_is_restarted_after_any_other_answer(acting: Desk, answer: str | None) -> None:
    with acting.terminal("restart", "octo/hello", "4") as terminal:
        terminal.read_until(QUESTION)
        if answer is None:
            terminal.process.send_signal(signal.SIGINT)
        else:
            terminal.type(answer)
        terminal.read_to_end()
        assert terminal.process.returncode == 77
    assert RESTARTED not in acting.asked()


def test_without_a_terminal_nothing_is_restarted_even_if_the_input_says_yes(acting: Desk) -> None:
    done = acting.run("restart", "octo/hello", "4", text="y\ny\n")
    assert (done.code, done.out) == (77, "")
    assert RESTARTED not in acting.asked()
    hold(SNAPSHOTS / "error-nobody-to-ask.txt", f"$ drone-mcp restart octo/hello 4\n{done.err}")


def test_yes_on_the_command_line_is_on_record_as_such(acting: Desk) -> None:
    done = acting.run("restart", "octo/hello", "4", "--yes")
    assert done.code == 0
    assert acting.asked().count(RESTARTED) == 1
    audit = acting.folder / ".local" / "state" / "drone-mcp" / "audit.jsonl"
    lines = [json.loads(line) for line in audit.read_text(encoding="utf-8").splitlines()]
    assert [line["event"] for line in lines] == ["asked", "attempt", "outcome"]
    assert lines[-1]["confirmation"] == "person: --yes"
    hold(SNAPSHOTS / "restart.txt", f"$ drone-mcp restart octo/hello 4 --yes\n{done.out}")


def test_a_dry_run_asks_nothing_and_sends_nothing(acting: Desk) -> None:
    done = acting.run("restart", "octo/hello", "4", "--dry-run")
    assert done.code == 0
    assert RESTARTED not in acting.asked()
    hold(SNAPSHOTS / "restart-dry-run.txt", f"$ drone-mcp restart octo/hello 4 --dry-run\n{done.out}")


def test_a_person_is_asked_whatever_the_environment_takes_as_low_enough(acting: Desk) -> None:
    acting.environment["DRONE_MCP_ACTION_CONFIRM"] = "high"
    assert acting.run("restart", "octo/hello", "4").code == 77
    assert RESTARTED not in acting.asked()


def test_without_an_audit_log_nothing_is_restarted(acting: Desk) -> None:
    (acting.folder / ".local").write_text("no folder", encoding="utf-8")
    assert acting.run("restart", "octo/hello", "4", "--yes").code == 77
    assert RESTARTED not in acting.asked()


@pytest.fixture
def administering(desk: Desk) -> Desk:
    """A shell that may change secrets."""
    more = {"DRONE_MCP_ADMIN": "on", "DRONE_MCP_ADMIN_SCOPES": "octo/*"}
    desk.environment |= {"DRONE_WRITE_TOKEN": desk.environment["DRONE_TOKEN"], **more}
    return desk


SECRET = ("call", "drone_manage_secret", "action=set", "repo=octo/hello", "name=KEY")


def test_the_page_for_a_secret_is_named_and_its_value_is_not_on_the_screen(administering: Desk) -> None:
    with administering.terminal(*SECRET) as terminal:
        terminal.read_until(QUESTION)
        (url,) = re.findall(r"http://127\.0\.0\.1:\d+/[\w-]+", terminal.text)
        terminal.type("y\n")
        httpx.post(url, data={"value": "typed-by-a-person"}, trust_env=False, timeout=PATIENCE).raise_for_status()
        terminal.read_until(QUESTION, times=2)
        terminal.type("y\n")
        terminal.read_to_end()
        assert terminal.process.returncode == 0
    assert "POST /api/repos/octo/hello/secrets" in administering.asked()
    assert "typed-by-a-person" not in terminal.text


def test_no_value_is_agreed_to_in_advance(administering: Desk) -> None:
    assert administering.run(*SECRET, "--yes").code == 77
    assert "POST /api/repos/octo/hello/secrets" not in administering.asked()
