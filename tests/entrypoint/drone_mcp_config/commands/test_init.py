"""`init` on a real terminal, before a simulated Drone."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.patience import PATIENCE
from support.terminal import on_terminal
from support.warm import warm_python

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.terminal import Terminal

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs a terminal of POSIX")

INIT = ("-m", "drone_mcp_config", "init")
WRONG = "no-token-of-this-drone"
HIDDEN = "2/5 Your token (it is not shown): "  # the space comes when nothing is shown any more


@pytest.fixture(scope="module")
def drone() -> Iterator[dict[str, Any]]:
    with subprocess.Popen([*warm_python(), "-m", "drone_mcp_simulator", "serve"], stdout=subprocess.PIPE) as process:
        assert process.stdout
        yield json.loads(process.stdout.readline())
        process.kill()


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The environment of a person with a home of their own and one client."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("codex", "gemini"):
        (programs / name).write_text("#!/bin/sh\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    return {"HOME": str(tmp_path / "home"), "PATH": str(programs), "NO_COLOR": "1"}


@contextmanager
def asked(machine: dict[str, str], work: Path, *options: str) -> Iterator[Terminal]:
    with on_terminal([*warm_python(), *INIT, *options], machine, work) as terminal:
        yield terminal


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_five_questions_lead_to_a_tested_configuration(
    tmp_path: Path, work: Path, machine: dict[str, str], drone: dict[str, Any]
) -> None:
    token = drone["tokens"]["dev"]
    with asked(machine, work) as terminal:
        terminal.read_until("1/5 Drone's address")
        terminal.type("drone.example.com\n")
        terminal.read_until("did you mean https://drone.example.com")
        terminal.type(f"{drone['url']}/\n")
        terminal.read_until("answers at")
        terminal.read_until(HIDDEN)
        terminal.type(f"{WRONG}\n")
        terminal.read_until("Drone does not know this token")
        terminal.read_until(HIDDEN, times=2)
        terminal.type(f"{token}\n")
        terminal.read_until("it is dev's")
        terminal.read_until("3/5 MCP client to configure (found here: codex, gemini)")
        terminal.type("emacs\n")
        terminal.read_until("There is no client 'emacs'")
        terminal.type("gemini\n")
        terminal.read_until("4/5 The agent's role")
        assert "dev: Reads builds and their logs" in " ".join(terminal.text.split())
        assert files(tmp_path) == {"bin/codex", "bin/gemini"}
        terminal.type("\n")
        terminal.read_until("5/5 Repository")
        terminal.type("octo/helo\n")
        terminal.read_until("Did you mean 'octo/hello'?")
        terminal.type("octo/hello\n")
        shown = terminal.read_to_end()
        status = terminal.process.returncode
    said = " ".join(shown.split())
    assert "checks: " in said, said
    assert " failed" not in said.rpartition("checks: ")[2]
    assert status == 0
    assert token not in terminal.text
    kept = tmp_path / "home" / ".config" / "drone-mcp" / "drone-token"
    assert kept.read_text(encoding="utf-8") == f"{token}\n"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    written = (work / ".gemini" / "settings.json").read_text(encoding="utf-8")
    environment = json.loads(written)["mcpServers"]["drone-builds"]["env"]
    assert environment == {
        "DRONE_SERVER": drone["url"],
        "DRONE_TOKEN": "",  # so that one of the environment does not contradict the file
        "DRONE_TOKEN_FILE": str(kept),
        "DRONE_REPO": "octo/hello",
    }
    assert token not in written


def test_nothing_is_written_before_the_last_answer(
    tmp_path: Path, work: Path, machine: dict[str, str], drone: dict[str, Any]
) -> None:
    before = files(tmp_path)
    with asked(machine, work, "--server", drone["url"], "--client", "codex", "--role", "dev") as terminal:
        terminal.read_until(HIDDEN)
        terminal.type(f"{drone['tokens']['dev']}\n")
        terminal.read_until("5/5 Repository")
        terminal.type("\x04")  # the end of input, as Ctrl-D
        terminal.read_to_end()
        assert terminal.process.returncode != 0
    assert files(tmp_path) == before


def test_a_token_that_is_kept_already_is_used_and_not_asked_for(
    tmp_path: Path, work: Path, machine: dict[str, str], drone: dict[str, Any]
) -> None:
    kept = tmp_path / "home" / ".config" / "drone-mcp" / "drone-token"
    kept.parent.mkdir(parents=True)
    kept.write_text(drone["tokens"]["dev"], encoding="utf-8")
    kept.chmod(0o600)
    with asked(machine, work, "--server", drone["url"], "--client", "codex", "--role", "dev") as terminal:
        terminal.read_until("it is dev's")
        terminal.read_until("5/5 Repository")
        assert "2/5" not in terminal.text
        terminal.type("\n")
        assert "checks: " in terminal.read_to_end()


def without_terminal(
    machine: dict[str, str], work: Path, *options: str, **more: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*warm_python(), *INIT, *options],
        env=machine | more,
        cwd=work,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def test_with_an_option_for_each_answer_nothing_is_asked(
    work: Path, machine: dict[str, str], drone: dict[str, Any]
) -> None:
    options = ("--server", drone["url"], "--client", "codex", "--role", "ui", "--repo", "octo/hello")
    done = without_terminal(machine, work, *options, DRONE_TOKEN=drone["tokens"]["dev"])
    assert done.returncode == 0, done.stderr
    assert "Wrote " in done.stdout
    assert "checks: " in done.stdout
    assert (work / ".codex" / "config.toml").exists()
    assert files(Path(machine["HOME"])) == set()


@pytest.mark.parametrize(
    ("left_out", "said"),
    [
        ("--server", "add --server URL."),
        ("--client", "add --client CLIENT."),
        ("--role", "add --role ROLE."),
        ("DRONE_TOKEN", "add DRONE_TOKEN or --token-file FILE."),
    ],
)
def test_without_a_terminal_a_missing_answer_is_named(
    work: Path, machine: dict[str, str], drone: dict[str, Any], left_out: str, said: str
) -> None:
    given = {"--server": drone["url"], "--client": "codex", "--role": "ui"}
    options = [text for name, value in given.items() if name != left_out for text in (name, value)]
    token = {} if left_out == "DRONE_TOKEN" else {"DRONE_TOKEN": drone["tokens"]["dev"]}
    done = without_terminal(machine, work, *options, **token)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == f"There is no terminal to ask at: {said}"
    assert files(work) == set()


def test_a_token_in_the_environment_that_drone_does_not_know_ends_it(
    work: Path, machine: dict[str, str], drone: dict[str, Any]
) -> None:
    done = without_terminal(
        machine, work, "--server", drone["url"], "--client", "codex", "--role", "ui", DRONE_TOKEN=WRONG
    )
    assert done.returncode == 2
    assert "Drone does not know this token" in done.stderr
    assert WRONG not in done.stdout + done.stderr
    assert files(work) == set()
