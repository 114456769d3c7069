"""A command line to run, and an installation with servers and roles of its own."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from drone_mcp_config.cli import main as cli
from drone_mcp_config.installation.reading import Servers, read_installation
from drone_mcp_config.roles import library
from support.made_up_servers import DRONE_MANIFESTS, INSTALLED, install

if TYPE_CHECKING:
    from collections.abc import Callable

VARIABLES = {variable for manifest in INSTALLED for variable in manifest.environment}


@dataclass
class Outcome:
    code: int
    out: str
    err: str


Run = "Callable[..., Outcome]"


ROLES = Path(__file__).parents[2] / "support" / "roles"
"""Roles in the place of the shipped ones, which get further servers."""


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the machine that runs the tests gets in: its variables, its home, its terminal."""
    for name in ("AGENT_ROLE", "XDG_CONFIG_HOME", "APPDATA", *VARIABLES):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def fake_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Packages that would fail if anyone imported them, registered as the installation's servers."""
    folder = tmp_path / "installed"
    install(monkeypatch, folder, DRONE_MANIFESTS)
    return folder


@pytest.fixture
def fake_roles(monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(library, "shipped_roles", lambda: ROLES)
    return ROLES


def write_roles(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


@pytest.fixture
def installed(fake_packages: Path, fake_roles: Path) -> Servers:
    assert fake_packages.is_dir()
    assert fake_roles.is_dir()
    return read_installation()


@pytest.fixture
def run(
    work: Path,
    fake_packages: Path,
    fake_roles: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., Outcome]:
    """Run the command in the folder `work`, as a shell would."""
    assert work.is_dir()
    assert fake_packages.is_dir()
    assert fake_roles.is_dir()

    def run(*arguments: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["drone-mcp-config", *arguments])
        code = 0
        try:
            cli.main()
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 0
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture
def roles_dir(tmp_path: Path) -> Callable[..., Path]:
    """Write role files, given by name, and return their folder."""

    def write(**files: str) -> Path:
        folder = tmp_path / "roles"
        write_roles(folder, files)
        return folder

    return write
