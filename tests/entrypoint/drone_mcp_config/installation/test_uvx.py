"""A configuration that is written through uvx starts the servers through uvx: nothing in uv's cache stays."""

from __future__ import annotations

import importlib.metadata
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from entrypoint.drone_mcp_config.conftest import Outcome

    Run = Callable[..., Outcome]

VERSION = importlib.metadata.version("drone-mcp")
COMMIT = "55f24eb3d61ef6ac5e83d550178638dc55f24eb3"
ORIGINS: dict[str, tuple[dict[str, Any] | None, str]] = {
    "an index": (None, f"drone-mcp=={VERSION}"),
    "a folder": ({"url": "file:///home/me/drone%20mcp", "dir_info": {}}, "/home/me/drone mcp"),
    "a wheel": ({"url": "https://files.test/d.whl", "archive_info": {}}, "https://files.test/d.whl"),
    "a commit": (
        {"url": "https://git.test/d", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
        f"git+https://git.test/d@{COMMIT}",
    ),
    "a commit over ssh": (
        {"url": "ssh://git@git.test/d", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
        f"git+ssh://git@git.test/d@{COMMIT}",
    ),
    "a folder of a commit": (
        {"url": "https://git.test/d", "subdirectory": "a", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
        f"git+https://git.test/d@{COMMIT}#subdirectory=a",
    ),
}


@pytest.fixture
def installed_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Any] | None], None]:
    """Say where this installation, which is in a cache of uv's, was installed from."""
    cache = tmp_path / "cache" / "uv"
    environment = cache / "archive-v0" / "ymJC0vgGXYq3C1pi"
    environment.mkdir(parents=True)
    (cache / "CACHEDIR.TAG").touch()
    monkeypatch.setattr(sys, "prefix", str(environment))

    def install(origin: dict[str, Any] | None) -> None:
        folder = tmp_path / "packages" / f"drone_mcp-{VERSION}.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: drone-mcp\nVersion: {VERSION}\n", "utf-8")
        if origin:
            (folder / "direct_url.json").write_text(json.dumps(origin), "utf-8")
        monkeypatch.syspath_prepend(folder.parent)

    return install


@pytest.mark.parametrize(("origin", "requirement"), ORIGINS.values(), ids=ORIGINS)
def test_the_servers_are_started_from_where_this_was_installed_from(
    run: Run,
    work: Path,
    installed_from: Callable[[dict[str, Any] | None], None],
    origin: dict[str, Any] | None,
    requirement: str,
) -> None:
    installed_from(origin)
    assert run("--role", "viewer").code == 0
    entry = json.loads((work / ".mcp.json").read_text(encoding="utf-8"))["mcpServers"]["drone-builds"]
    assert entry["command"].rpartition("/")[2] == "uvx"
    assert entry["args"] == ["--from", requirement, "drone-mcp-builds"]
    assert run("--role", "viewer", "--check").code == 0
    assert run("--role", "viewer", "--portable").code == 0
    assert "uvx" not in (work / ".mcp.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("user", ["me:hunter2", "hunter2"])
def test_a_password_in_the_address_is_not_written(
    run: Run, work: Path, installed_from: Callable[[dict[str, Any] | None], None], user: str
) -> None:
    installed_from({"url": f"https://{user}@git.test/d", "vcs_info": {"vcs": "git", "commit_id": COMMIT}})
    outcome = run("--role", "viewer")
    assert outcome.code == 2
    assert "uv tool install" in outcome.err
    assert "hunter2" not in outcome.err
    assert not (work / ".mcp.json").exists()


def test_an_environment_that_only_bears_the_mark_itself_stays(
    run: Run, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / "CACHEDIR.TAG").touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    run("--role", "viewer")
    assert sys.executable in (work / ".mcp.json").read_text(encoding="utf-8")
