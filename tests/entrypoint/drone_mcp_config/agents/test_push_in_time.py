"""No child of an agent's run waits for a person or a peer without limit, and a signal does not cost the work."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.agent_run import Place
from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.agent_git import World

SECONDS = ("--push-seconds", "3")


@pytest.fixture
def place(tmp_path: Path, world: World) -> Place:
    """An agent that works in the clone."""
    place = Place(tmp_path, {"BRANCH": "agent"})
    place.work.rmdir()
    world.clone.rename(place.work)
    world.clone = place.work
    return place


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def is_gone(file: Path) -> bool:
    """Return whether the process whose number is in a file has ended, or is about to be reaped."""
    try:
        state = Path("/proc", file.read_text().strip(), "stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


class Closed(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(401)
        self.send_header("WWW-Authenticate", "Basic realm=x")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def asks_for_a_password() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Closed) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/octo/hello.git"
        server.shutdown()


@pytest.mark.parametrize("variable", ["GIT_ASKPASS", "SSH_ASKPASS", "core.askPass", "credential.helper"])
def test_a_password_that_nobody_types_is_not_waited_for(
    place: Place, world: World, asks_for_a_password: str, variable: str
) -> None:
    text = f"echo $$ >{place.folder}/pid\nsleep 600 &\necho $! >{place.folder}/child\nwait"
    dialog = script(place.folder / "dialog", text)
    world.git("remote", "set-url", "origin", asks_for_a_password)
    if "." in variable:
        world.git("config", variable, dialog)
    else:
        place.environment[variable] = dialog
    done = place.run("--push", *SECONDS, command=["touch", "ran"])
    assert done.returncode == 69
    assert "The agent was not started: its work could not be pushed to agent of origin: git ls-remote" in done.stderr
    assert not (place.work / "ran").exists()
    if variable == "SSH_ASKPASS":  # the last resort, for a person at a display
        assert not (place.folder / "pid").exists()
    else:
        assert "waits for a password" in done.stderr
        assert is_gone(place.folder / "pid")
        assert is_gone(place.folder / "child")


def test_a_remote_that_accepts_and_is_silent_is_not_waited_for(place: Place, world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        world.git("remote", "set-url", "origin", f"git://127.0.0.1:{silent.getsockname()[1]}/octo/hello.git")
        done = place.run("--push", *SECONDS, command=["touch", "ran"])
    assert done.returncode == 69
    assert "git ls-remote was ended after the 3 s that git has: a remote does not answer" in done.stderr
    assert not (place.work / "ran").exists()


@pytest.mark.parametrize("hook", ["pre-commit", "pre-push"])
def test_a_hook_that_does_not_end_is_ended_with_all_that_it_started(place: Place, world: World, hook: str) -> None:
    stubborn = f"trap '' TERM\necho $$ >{place.folder}/pid\nsleep 600 &\necho $! >{place.folder}/child\nwait; wait"
    (place.work / ".git" / "hooks").mkdir(exist_ok=True)
    script(place.work / ".git" / "hooks" / hook, stubborn)
    done = place.run("--push", *SECONDS, command=["touch", "new"])
    assert done.returncode == 75
    assert f"git {hook.removeprefix('pre-')} was ended after the 3 s" in done.stderr
    assert is_gone(place.folder / "pid")
    assert is_gone(place.folder / "child")
    assert not world.has("agent")


def slow_push(place: Place) -> tuple[Path, Path]:
    """Have the push wait; return a file that can be read once it does, and one to write to for it to go on."""
    begun, go_on = place.folder / "begun", place.folder / "go-on"
    os.mkfifo(begun)
    os.mkfifo(go_on)
    (place.work / ".git" / "hooks").mkdir(exist_ok=True)
    script(place.work / ".git" / "hooks" / "pre-push", f"echo >{begun}; read line <{go_on}")
    return begun, go_on


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1"])
def test_a_signal_while_the_work_is_pushed_does_not_cost_the_work(place: Place, world: World, name: str) -> None:
    begun, go_on = slow_push(place)
    with place.start("--push", command=["touch", "new"]) as process:
        begun.read_text()
        process.send_signal(getattr(signal, name))
        go_on.write_text("\n")
        assert process.wait(PATIENCE) == 0
    assert world.there(what="%s") == "Save what the tiny agent left"


def test_a_second_signal_ends_the_push(place: Place, world: World) -> None:
    begun, _ = slow_push(place)
    with place.start("--push", command=["touch", "new"]) as process:
        begun.read_text()
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)  # signals of one kind do not queue
        assert process.wait(PATIENCE) == 75
    assert not world.has("agent")


def test_a_second_signal_ends_the_push_of_a_background_job_too(place: Place, world: World) -> None:
    begun, _ = slow_push(place)
    in_background = ["sh", "-c", 'trap "" INT QUIT; exec "$@"', "sh"]  # as a shell without job control starts it
    command = [*in_background, *place.argv("--push", command=["touch", "new"])]
    with subprocess.Popen(command, env=place.variables(), cwd=place.work, stderr=subprocess.DEVNULL) as process:
        begun.read_text()
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGQUIT)
        assert process.wait(PATIENCE) == 75
    assert not world.has("agent")


def test_a_terminal_that_is_gone_costs_neither_the_work_nor_the_exit_code(place: Place, world: World) -> None:
    nobody, stderr = os.pipe()
    os.close(nobody)
    argv = place.argv("--push", command=["touch", "new"])
    done = subprocess.run(argv, env=place.variables(), cwd=place.work, stderr=stderr, timeout=PATIENCE, check=False)
    os.close(stderr)
    assert done.returncode == 0
    assert world.has("agent")


@pytest.mark.parametrize(
    ("settings", "cause"),
    [
        ({"commit.gpgsign": "true", "user.signingkey": "nobody"}, "git commit-tree failed"),
        ({"commit.gpgsign": "true", "gpg.program": "no-such-gpg"}, "git commit-tree failed"),
        ({"commit.gpgsign": "true", "gpg.format": "ssh", "user.signingkey": "no-such-key"}, "git commit-tree failed"),
        ({"user.name": ",", "user.email": " "}, "git commit-tree failed"),
        ({"core.hooksPath": "hooks"}, "hooks/pre-commit cannot be run, as there is no no-such-shell"),
        ({"remote.origin.pushurl": "/no/such/remote"}, "git push failed"),
        ({"remote.origin.receivepack": "false"}, "git push failed"),
    ],
)
def test_what_commit_and_push_will_need_is_tried_before_the_agent_starts(
    place: Place, world: World, settings: dict[str, str], cause: str
) -> None:
    hook = place.work / "hooks" / "pre-commit"
    hook.parent.mkdir()
    hook.write_text("#!/usr/bin/env no-such-shell\n", encoding="utf-8")
    hook.chmod(0o755)
    for name, value in settings.items():
        world.git("config", name, value)
    done = place.run("--push", command=["touch", "ran"])
    assert done.returncode == 69
    assert "The agent was not started: its work could not be pushed to agent of origin: " in done.stderr
    assert cause in done.stderr
    assert not (place.work / "ran").exists()


def test_a_branch_that_others_went_on_with_is_found_before_the_agent_starts(place: Place, world: World) -> None:
    world.somebody_else_pushes("agent")
    done = place.run("--push", command=["touch", "ran"])
    assert done.returncode == 69
    assert "[rejected]" in done.stderr
    assert not (place.work / "ran").exists()


def test_an_empty_repository_can_be_worked_in(place: Place, world: World) -> None:
    world.git("init", "--quiet", "--bare", str(place.folder / "empty.git"))
    world.git("remote", "set-url", "origin", str(place.folder / "empty.git"))
    world.git("checkout", "--quiet", "--orphan", "new")
    done = place.run("--push", command=["touch", "new"])
    assert done.returncode == 0, done.stderr
    assert "new" in world.git("ls-tree", "--name-only", "agent", where=place.folder / "empty.git").split()


@pytest.mark.parametrize(
    "deed",
    [
        "echo garbage >.git/index",
        "echo garbage >.git/HEAD",
        "echo garbage >.git/refs/heads/agent",
        "rm -rf .git",
        "rm -rf .git/objects",
        "rm -rf .git; git init -q",
        "rm -rf .git/index; mkdir .git/index",
        "touch .git/index.lock",
        "git config core.bare true",
        "git config core.worktree /",
        "git remote remove origin",
        "git clone -q --bare . ../own.git; git remote set-url origin ../own.git",
        "rm -rf $TMPDIR",
        "rm -rf ../remote.git",
        "mv ../work ../moved",
        "printf '[' >>.git/config",
    ],
)
def test_whatever_becomes_of_the_repository_the_run_says_that_the_work_is_not_pushed(
    place: Place, world: World, deed: str
) -> None:
    done = place.run("--push", command=["sh", "-c", f"touch new; {deed}"])
    assert done.returncode == 75, done.stderr
    assert "The work was not pushed to agent: " in done.stderr
    assert "Traceback" not in done.stderr
    if world.remote.exists():
        assert not world.has("agent")
