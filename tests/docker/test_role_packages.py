"""The packages of the image of a role or of a service: pure choices over the parts of drone-mcp."""

from __future__ import annotations

from importlib.metadata import EntryPoint, distribution
from pathlib import Path

import pytest
import yaml

from drone_mcp_config.errors import UserError
from role_packages import Choice, choose, entry_points_text
from support.installed import PACKAGES, SERVICES, program_package

pytestmark = pytest.mark.checkout

ROOT = Path(__file__).parents[2]
POINTS = distribution("drone-mcp").entry_points
SHARED = {path.parent.name for path in ROOT.glob("shared/*/__init__.py")}
LAYERS = ("shared", "servers", "entrypoint")
EVERYTHING = {path.parent.name for layer in LAYERS for path in ROOT.glob(f"{layer}/*/py.typed")}
ROLES = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(ROOT.glob("roles/*.yaml"))}


def chosen(name: str) -> Choice:
    return choose(name, EVERYTHING, POINTS)


def with_parents(role: str) -> list[str]:
    parent = ROLES[role].get("extends")
    return [role, *(with_parents(parent) if parent else [])]


@pytest.mark.parametrize("name", ROLES)
def test_a_role_s_image_has_its_servers_and_no_others(name: str) -> None:
    choice, roles = chosen(name), with_parents(name)
    assert choice.packages == SHARED | {"drone_mcp_config"} | {
        PACKAGES[server] for role in roles for server in ROLES[role].get("servers", ())
    }
    assert choice.roles == set(roles)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_s_image_has_the_service_and_no_server(name: str) -> None:
    assert chosen(name) == Choice(frozenset(SHARED | {program_package(name)}))


def test_an_unknown_name_is_no_image() -> None:
    with pytest.raises(UserError, match="There is no role 'develop'"):
        chosen("develop")


@pytest.mark.parametrize(
    ("path", "goes"),
    [
        ("drone_mcp_builds/server.py", True),
        ("drone_mcp_builds/manifest.json", True),
        ("drone_mcp_actions/server.py", False),
        ("drone_mcp_config/roles/dev.yaml", True),
        ("drone_mcp_config/roles/ops.yaml", False),
        ("drone_mcp-1.0.dist-info/METADATA", True),
        ("drone_mcp-1.0.dist-info/licenses/LICENSE", True),
        ("drone_mcp-1.0.dist-info/RECORD", False),
        ("drone_mcp-1.0.dist-info/direct_url.json", False),
        ("../../bin/drone-mcp-actions", False),
    ],
)
def test_each_file_is_decided_by_what_it_belongs_to(path: str, goes: bool) -> None:
    choice = Choice(frozenset({"drone_mcp_builds", "drone_mcp_config"}), frozenset({"dev"}))
    assert choice.has(path) is goes


def test_the_metadata_tells_of_no_program_and_no_server_that_is_not_there() -> None:
    kept = chosen("ui").leads_to(POINTS)
    assert {point.name for point in kept} == {
        "drone-mcp-builds",
        "drone-mcp-issues",
        "drone-mcp-config",
        "builds",
        "issues",
    }


def test_entry_points_are_written_as_metadata_has_them() -> None:
    points = [EntryPoint("a", "x.y:main", "one"), EntryPoint("b", "z", "one"), EntryPoint("c", "z", "two")]
    assert entry_points_text(points) == "[one]\na = x.y:main\nb = z\n\n[two]\nc = z\n"
