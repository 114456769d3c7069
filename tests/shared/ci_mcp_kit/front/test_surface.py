"""A file of answers is taken only if it is certainly right; the real server is slower, and never wrong."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from ci_mcp_kit.front.surface import load
from ci_mcp_kit.front.surface_writer import surface
from support.example_server import SPEC, create

if TYPE_CHECKING:
    from pathlib import Path

    from drone_mcp_build.settings import Settings


@pytest.fixture
def data(settings: Settings) -> dict[str, Any]:
    return anyio.run(surface, SPEC, settings, create)


def place(folder: Path, text: str, *, sdk: str = version("mcp"), ours: str = version("drone-mcp")) -> list[str]:
    """Lay out an installation of one server, and return where to look for packages."""
    for name in ("example", f"mcp-{sdk}.dist-info", f"drone_mcp-{ours}.dist-info", "mcp_types-9.9.9.dist-info"):
        (folder / name).mkdir()
    (folder / "example" / "surface.json").write_text(text, encoding="utf-8")
    return [str(folder / "nothing"), str(folder)]


def test_the_file_of_the_installed_versions_is_taken(tmp_path: Path, data: dict[str, Any]) -> None:
    taken = load("example", place(tmp_path, json.dumps(data)))
    assert taken is not None
    assert taken.tool_names()[0] == "drone_echo"


@pytest.mark.parametrize("other", [{"sdk": "2.4.0"}, {"sdk": "2.3"}, {"ours": "0.0.9"}])
def test_one_made_with_other_versions_is_not(tmp_path: Path, data: dict[str, Any], other: dict[str, str]) -> None:
    assert load("example", place(tmp_path, json.dumps(data), **other)) is None


def test_none_is_taken_where_the_sdk_is_not_to_be_found(tmp_path: Path, data: dict[str, Any]) -> None:
    places = place(tmp_path, json.dumps(data))
    (tmp_path / f"mcp-{version('mcp')}.dist-info").rmdir()
    assert load("example", places) is None


@pytest.mark.parametrize("text", ["", "{", "\x00"])
def test_one_that_is_broken_is_not(tmp_path: Path, text: str) -> None:
    assert load("example", place(tmp_path, text)) is None


def test_a_package_without_one_has_none(tmp_path: Path) -> None:
    assert load("elsewhere", place(tmp_path, "{}")) is None


def test_the_first_installation_on_the_path_counts(tmp_path: Path, data: dict[str, Any]) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "mcp-9.9.9.dist-info").mkdir()
    (tmp_path / "second").mkdir()
    places = place(tmp_path / "second", json.dumps(data))
    assert load("example", [str(tmp_path / "first"), *places]) is None
