"""Whatever a role file says: what leaves is what it allows, in a repository that it names, and on record before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from drone_mcp_actions.tools import OPERATION_OF
from drone_mcp_config.installation.reading import read_installation
from drone_mcp_config.plan.making import PlanContext, make_plan
from drone_mcp_config.plan.model import StdioServer
from drone_mcp_config.roles.library import RoleLibrary, shipped_roles
from drone_mcp_config.roles.loading import load_role, narrow_role
from support.actions_desk import TOOLS
from support.actions_leaving import SERVER, asked
from support.made_builds import made_build, made_stage

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

INSTALLED = read_installation()
REPOS = st.lists(st.sampled_from(("octo/hello", "octo/*", "acme/web", "acme/*", "*/*")), min_size=1, max_size=2)


def optional(**keys: Any) -> Any:
    return st.fixed_dictionaries({}, optional=keys)


GUARDS = optional(
    repos=REPOS,
    operations=st.lists(st.sampled_from(sorted(OPERATION_OF.values())), min_size=1, max_size=4, unique=True),
    branches=st.lists(st.sampled_from(("*", "main", "!main", "release/*")), min_size=1, max_size=2),
    confirm=st.sampled_from(("low", "medium", "high")),
    unapproved=st.sampled_from(("refuse", "allow")),
    rate=st.sampled_from(("1/m", "10/h")),
)
ACTIONS = optional(
    mode=st.sampled_from(("off", "dry-run", "on", "on")),
    tools=st.lists(st.sampled_from(TOOLS), min_size=1, max_size=4, unique=True),
    guard=GUARDS,
)
ROLES = st.builds(
    lambda parent, repos, actions: {
        "role": "any",
        "extends": parent,
        **({"repos": repos} if repos else {}),
        "servers": {"actions": actions},
    },
    st.sampled_from(("dev", "ops", "admin", "ui")),
    st.none() | REPOS,
    ACTIONS,
)
BUILDS = st.builds(
    lambda status, stages: made_build(7, status, *(made_stage(n, f"s{n}", it) for n, it in enumerate(stages, 1))),
    st.sampled_from(("running", "failure", "pending")),
    st.lists(st.sampled_from(("blocked", "running", "failure")), min_size=1, max_size=2),
)


def environment(folder: Path, role: dict[str, Any]) -> dict[str, str]:
    """What the actions server of a role is started with, where whoever starts it is generous."""
    (folder / "any.yaml").write_text(yaml.safe_dump(role), encoding="utf-8")
    loaded = load_role("any", RoleLibrary((folder, shipped_roles())), INSTALLED)
    generous = {"DRONE_SERVER": SERVER, "DRONE_TOKEN": "r", "DRONE_WRITE_TOKEN": "w"}
    plan = make_plan(narrow_role(loaded, INSTALLED, generous), INSTALLED, PlanContext("/py"))
    (server,) = (one for one in plan.servers if isinstance(one, StdioServer) and one.name == "drone-actions")
    reported = {name: template.fill(generous) for name, template in server.env.items()}
    return {"DRONE_MCP_ACTION_REPOS": "octo/hello", **reported}


def allowed(globs: list[str], slug: str) -> bool:
    return any(glob in {slug, "*/*", slug.split("/", maxsplit=1)[0] + "/*"} for glob in globs)


@given(ROLES, BUILDS, st.sampled_from(TOOLS), st.sampled_from(("octo/hello", "acme/web")))
@settings(max_examples=60)
def test_no_role_file_lets_anything_else_out(
    tmp_path_factory: pytest.TempPathFactory, role: dict[str, Any], build: dict[str, Any], tool: str, slug: str
) -> None:
    folder = tmp_path_factory.getbasetemp()
    actions = role["servers"]["actions"]
    guard = actions.get("guard", {})
    env = environment(folder, role)
    left = asked(folder, env, build, tool, {"number": 7, "repo": slug})
    for path, lines in left:
        assert path.startswith(f"/api/repos/{slug}/builds/7")
        assert actions["mode"] == "on"
        assert allowed(guard.get("repos", ["octo/hello"]), slug)
        assert allowed(role.get("repos", ["*/*"]), slug)
        assert OPERATION_OF[tool] in guard.get("operations", OPERATION_OF.values())
        assert tool in env.get("DRONE_MCP_TOOLS", ",".join(TOOLS)).split(",")
        assert (lines[-1]["event"], lines[-1]["repo"], lines[-1]["agent"]["role"]) == ("attempt", slug, "any")
        assert tool != "drone_stop_build" or lines[-1]["confirmation"]


def test_a_role_that_allows_it_lets_it_out(tmp_path: Path) -> None:
    role = {"role": "any", "extends": "admin", "servers": {"actions": {"mode": "on", "guard": {"repos": ["acme/*"]}}}}
    build = made_build(7, "running", made_stage(1, "s", "running"))
    left = asked(tmp_path, environment(tmp_path, role), build, "drone_stop_build", {"number": 7, "repo": "acme/web"})
    assert [path for path, _ in left] == ["/api/repos/acme/web/builds/7"]
