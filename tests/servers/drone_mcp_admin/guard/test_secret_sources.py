"""Scopes and places: what matches what, and which texts are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_kit.variables import SettingsError
from drone_mcp_admin.guard.action import OPERATIONS
from drone_mcp_admin.guard.secret_sources import find_place, matches_scope, parse_place
from drone_mcp_admin.guard.variables import OPERATION_NAMES, read_guard

if TYPE_CHECKING:
    from pathlib import Path

names = st.text("abcXYZ019._-", min_size=1, max_size=8)


@given(names, names)
def test_no_glob_of_one_kind_reaches_a_scope_of_another(owner: str, name: str) -> None:
    repo, org = f"{owner}/{name}", f"org:{owner}"
    assert matches_scope("*/*", repo)
    assert matches_scope(f"{owner}/*", repo)
    assert matches_scope("org:*", org)
    kinds = {"*/*": (org, "server"), "org:*": (repo, "server"), "server": (repo, org)}
    assert [(glob, scope) for glob, scopes in kinds.items() for scope in scopes if matches_scope(glob, scope)] == []


@given(names, names, names)
def test_a_place_is_for_its_secret_in_its_scope_alone(owner: str, repo: str, name: str) -> None:
    places = (parse_place(f"{owner}/*/{name}=/run/one"), parse_place(f"org:{owner}/{name}=TWO"))
    found = find_place(places, f"{owner}/{repo}", name), find_place(places, f"org:{owner}", name)
    assert [place.source for place in found if place] == ["/run/one", "TWO"]
    assert find_place(places, f"{owner}/{repo}", f"{name}x") is None
    assert find_place(places, f"x{owner}/{repo}", name) is None


@pytest.mark.parametrize(
    "text",
    [
        *(
            "octo/hello/NPM",
            "octo/NPM=/run/npm",
            "octo/hello/NPM=",
            "octo/hello/NPM=run/npm",
            "octo/hello/N PM=/run/npm",
        ),
        *("org:octo=/run/npm", "octo/hello/NPM=A-B", "server/NPM=/run/npm", "octo/hello/NPM=$VALUE", "=/x"),
    ],
)
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not like"):
        parse_place(text)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DRONE_MCP_ADMIN_SCOPES", "octo"),
        ("DRONE_MCP_ADMIN_SCOPES", "octo/* everything"),
        ("DRONE_MCP_ADMIN_SCOPES", "org:octo/hello"),
        ("DRONE_MCP_ADMIN_OPERATIONS", "drop_database"),
        ("DRONE_MCP_ADMIN_SECRETS", "NPM_TOKEN=/run/npm"),
        ("DRONE_MCP_ADMIN_TOKEN_FOLDER", "relative"),
        ("DRONE_MCP_ADMIN_TOKEN_FOLDER", "/no/such/folder"),
        ("DRONE_MCP_ADMIN_TRUSTED", "yes"),
    ],
)
def test_a_wrong_setting_is_named(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        read_guard({variable: value})


def test_a_folder_of_tokens_is_no_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(SettingsError, match="no such folder"):
        read_guard({"DRONE_MCP_ADMIN_TOKEN_FOLDER": str(tmp_path / "link")})


def test_mode_on_takes_scopes_and_a_token() -> None:
    token, scopes = {"DRONE_WRITE_TOKEN": "a-token"}, {"DRONE_MCP_ADMIN_SCOPES": "server"}
    for given_, missing in ((token, "DRONE_MCP_ADMIN_SCOPES"), (scopes, "DRONE_WRITE_TOKEN")):
        with pytest.raises(SettingsError, match=missing):
            read_guard({"DRONE_MCP_ADMIN": "on", **given_})


def test_the_names_of_operations_are_those_of_the_guard() -> None:
    assert set(OPERATION_NAMES) == OPERATIONS.keys()
