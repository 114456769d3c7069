"""Whichever command of git fails, lies or hangs, the run ends in time, and never says "pushed" of work that is not."""

from __future__ import annotations

import itertools
import os
import shutil
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from drone_mcp_config.agents.delivery import check_delivery
from drone_mcp_config.errors import NotPushed, UserError
from support.agent_git import World, deliver, to
from support.patience import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

FAULTS = {
    "fails": "echo 'fatal: made up' >&2; exit 128",
    "is killed": "kill -9 $$",
    "says nothing": "exit 0",
    "answers no": "exit 1",
    "writes garbage": r"printf '\001\377? x\000garbage/\n'; exit 0",
    "hangs": "sleep 600 & wait",
}
LIMIT = 3.0
STEPS = {"is killed": 3, "answers no": 3, "hangs": 6}  # the last takes as long as the limit, each time
SHIM = """#!/bin/sh
n=$(($(cat {count}) + 1)); echo $n >{count}
if [ $n = {at} ]; then
{fault}
fi
exec {git} "$@"
"""


def with_fault(folder: Path, at: int, fault: str) -> Path:
    """Write a git that is the real one, but for its command number `at`; return the file that counts."""
    count, shim = folder / "count", folder / "bin" / "git"
    shim.parent.mkdir(exist_ok=True)
    count.write_text("0")
    shim.write_text(SHIM.format(count=count, at=at, fault=fault, git=shutil.which("git")))
    shim.chmod(0o755)
    return count


@pytest.mark.parametrize("fault", FAULTS)
def test_work_is_in_the_remote_or_the_run_says_that_it_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    template = World(tmp_path / "template", monkeypatch)
    (template.clone / "new").touch()
    for at in itertools.count(1, STEPS.get(fault, 1)):
        world = template.copy(tmp_path / str(at), monkeypatch)
        count = with_fault(tmp_path, at, FAULTS[fault])
        git = world.agent_git(PATH=f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
        began = time.monotonic()
        try:
            said = deliver(git, to(seconds=LIMIT))
        except NotPushed as error:
            said = str(error)
        else:
            files = world.git("ls-tree", "--name-only", "agent", where=world.remote).split()
            assert "new" in files, f"command {at} {fault}: {said}"
        assert time.monotonic() - began < PATIENCE, f"command {at} {fault}"
        if int(count.read_text()) < at:  # all commands were met
            assert said.startswith("Pushed ")
            return
        shutil.rmtree(tmp_path / str(at))


@pytest.mark.parametrize("fault", ["fails", "writes garbage"])
def test_work_elsewhere_is_never_taken_for_pushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    template = World(tmp_path / "template", monkeypatch)
    (template.clone / "first").write_text("more", encoding="utf-8")
    template.git("-c", "user.name=x", "-c", "user.email=x@example.com", "stash", "--quiet")
    for at in itertools.count(1):
        world = template.copy(tmp_path / str(at), monkeypatch)
        count = with_fault(tmp_path, at, FAULTS[fault])
        git = world.agent_git(PATH=f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
        with pytest.raises(NotPushed):
            deliver(git, to(seconds=LIMIT))
        if int(count.read_text()) < at:
            return
        shutil.rmtree(tmp_path / str(at))


@pytest.mark.parametrize("fault", ["fails", "writes garbage", "hangs"])
def test_a_git_that_does_not_work_is_found_before_the_agent_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    world = World(tmp_path / "world", monkeypatch)
    for at in itertools.count(1, STEPS.get(fault, 1)):
        count = with_fault(tmp_path, at, FAULTS[fault])
        git = world.agent_git(PATH=f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
        began = time.monotonic()
        with suppress(UserError):
            check_delivery(git, to(seconds=LIMIT))
        assert time.monotonic() - began < PATIENCE, f"command {at} {fault}"
        if int(count.read_text()) < at:  # all commands were met
            return
