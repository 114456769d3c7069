"""A client's file that several programs write at the same time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drone_mcp_config.clients import atomic_file
from drone_mcp_config.clients.atomic_file import ATTEMPTS, update_text
from drone_mcp_config.errors import NotWritten

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAMES = [f"r{number}" for number in range(6)]


def with_member(name: str) -> Callable[[str | None], str]:
    """Return a change that adds a member to a JSON object."""

    def change(text: str | None) -> str:
        members = json.loads(text or "{}")
        return text if text is not None and name in members else json.dumps({**members, name: name})

    return change


@pytest.fixture
def at_the_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Take what is to happen whenever a new text is on the disk and has not replaced the file yet."""
    flush = os.fsync

    def install(happens: Callable[[], object]) -> None:
        def fsync(handle: int) -> None:
            flush(handle)
            happens()

        monkeypatch.setattr(os, "fsync", fsync)

    return install


@pytest.mark.parametrize("begins", [None, {"mcpServers": {"mine": {"command": "x"}}}])
def test_roles_that_are_written_at_the_same_time_lose_nothing(
    work: Path, roles_dir: Callable[..., Path], begins: object
) -> None:
    if begins:
        (work / ".mcp.json").write_text(json.dumps(begins), encoding="utf-8")
    text = "role: {0}\nservers: {{}}\nexternal:\n  {0}: {{command: program-of-{0}}}\n"
    folder = roles_dir(**{name: text.format(name) for name in NAMES})
    command = [sys.executable, "-m", "drone_mcp_config", "--roles-dir", str(folder), "--role"]
    processes = [subprocess.Popen([*command, name], cwd=work, stdout=subprocess.PIPE) for name in NAMES]
    said = [process.communicate()[0].decode() for process in processes]
    assert all(words.startswith("Wrote") for words in said)
    servers = json.loads((work / ".mcp.json").read_text(encoding="utf-8"))["mcpServers"]
    assert set(servers) == {*NAMES, *(["mine"] if begins else [])}
    assert [file.name for file in work.iterdir()] == [".mcp.json"]


@given(exists=st.booleans(), writes=st.lists(st.text("abc", min_size=1), unique=True, max_size=ATTEMPTS - 2))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_a_client_writes_meanwhile_stays(
    tmp_path: Path, at_the_disk: Callable[[Callable[[], object]], None], exists: bool, writes: list[str]
) -> None:
    file = tmp_path / "settings.json"
    file.unlink(missing_ok=True)
    if exists:
        file.write_text("{}", encoding="utf-8")
    left = list(writes)

    def client_writes() -> None:
        if left:
            name = left.pop()
            old = file.read_text(encoding="utf-8") if file.exists() else None
            file.write_text(with_member(name)(old), encoding="utf-8")

    at_the_disk(client_writes)
    assert update_text(file, with_member("ours"))
    assert set(json.loads(file.read_text(encoding="utf-8"))) == {"ours", *writes}
    assert not left
    assert list(tmp_path.glob(".settings*")) == []


def test_a_program_that_never_stops_writing_is_left_alone(
    tmp_path: Path, at_the_disk: Callable[[Callable[[], object]], None]
) -> None:
    file = tmp_path / "settings.json"
    counted = iter(range(10_000))
    at_the_disk(lambda: file.write_text(json.dumps({"number": next(counted)}), encoding="utf-8"))
    with pytest.raises(NotWritten, match="Another program keeps changing it"):
        update_text(file, with_member("ours"))
    assert json.loads(file.read_text(encoding="utf-8")) == {"number": ATTEMPTS - 1}
    assert list(tmp_path.glob(".settings*")) == []


@pytest.mark.skipif(sys.platform == "win32", reason="there are no locks of this kind")
def test_a_lock_that_is_never_released_is_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atomic_file, "PATIENCE", 0.05)
    handle = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(NotWritten, match="Another process has locked"):
        update_text(tmp_path / "settings.json", with_member("ours"))
    os.close(handle)
    assert update_text(tmp_path / "settings.json", with_member("ours"))
    assert not update_text(tmp_path / "settings.json", with_member("ours"))
