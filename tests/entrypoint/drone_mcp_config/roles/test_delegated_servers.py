"""What is added to a role: never more than the ceiling holds, in tools, in mode, in repositories, in the guard."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drone_mcp_config.plan.making import PlanContext, make_plan
from drone_mcp_config.plan.model import StdioServer
from drone_mcp_config.roles.delegated_servers import delegate, intersect_globs, is_within_glob
from drone_mcp_config.roles.library import role_library
from drone_mcp_config.roles.loading import Role, load_role
from drone_mcp_config.roles.model import ServerEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from drone_mcp_config.installation.reading import Servers
    from entrypoint.drone_mcp_config.conftest import Outcome

    Run = Callable[..., Outcome]

NAMES = ("octo/hello", "octo/other", "acme/web", "acme/hello")
MODES = ("off", "dry-run", "on")
globs = st.lists(
    st.sampled_from(("octo/*", "*/hello", "octo/h*", "octo/hell?", "[ao]*/hello", "acme/web", "*/*")), max_size=3
)
WRITES = ("drone_restart_build", "drone_stop_build", "drone_approve_build")
some_tools = st.lists(st.sampled_from(WRITES), min_size=1, max_size=3, unique=True) | st.none()
guards = st.none() | st.fixed_dictionaries({"repos": st.just(["octo/*"]), "confirm": st.sampled_from(["low", "high"])})
readers = st.builds(ServerEntry, tools=st.none() | st.just(["drone_get_build"]), preload=st.booleans())
writers = st.builds(
    ServerEntry, tools=some_tools, mode=st.none() | st.sampled_from(MODES), guard=guards, token=st.none() | st.just("T")
)
entries = st.fixed_dictionaries({}, optional={"builds": readers, "logs": st.builds(ServerEntry), "actions": writers})
roles = st.tuples(globs.map(tuple), entries)


@pytest.fixture
def viewer(installed: Servers) -> Role:
    return load_role("viewer", role_library(None), installed)


def environments(role: Role, installed: Servers) -> dict[str, dict[str, str]]:
    """Return the variables that a client would set for each server."""
    plan = make_plan(role, installed, PlanContext("python"))
    return {
        server.name: {name: "".join(map(str, value.parts)) for name, value in server.env.items()}
        for server in plan.servers
        if isinstance(server, StdioServer)
    }


def visible(environment: Mapping[str, str]) -> set[str]:
    shown = environment.get("DRONE_MCP_REPOS", "*/*").split(",")
    return {name for name in NAMES if any(fnmatchcase(name, glob) for glob in shown)}


def limits(environment: Mapping[str, str]) -> dict[str, str]:
    """Return everything that says what a server may do, but for the repositories and the agent's name."""
    return {name: value for name, value in environment.items() if name not in {"DRONE_MCP_REPOS", "AGENT_ROLE"}}


@given(roles, roles, st.lists(st.sampled_from(("builds", "logs", "actions", "policy")), unique=True))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_server_is_the_roles_own_or_the_ceilings_and_sees_no_more(
    viewer: Role, installed: Servers, own: Any, held: Any, wanted: list[str]
) -> None:
    role = replace(viewer, name="own", repos=own[0], servers=own[1])
    ceiling = replace(viewer, name="held", repos=held[0], servers=held[1])
    made = delegate(role, wanted, ceiling, installed)
    before, most, after = (environments(one, installed) for one in (role, ceiling, made))
    for name, environment in after.items():
        if name.removeprefix("drone-") in made.added:
            assert limits(environment) == limits(most[name])
            assert visible(environment) <= visible(most[name])
            # Nor does a role that is limited see more repositories than before.
            assert not role.repos or visible(environment) <= visible({"DRONE_MCP_REPOS": ",".join(role.repos)})
        else:
            assert limits(environment) == limits(before[name])
            assert visible(environment) == visible(before[name])
    assert before.keys() <= after.keys() <= before.keys() | most.keys()
    assert {*made.added, *(reason.partition(":")[0] for reason in made.not_held)} == set(wanted)


@given(roles, roles)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_server_that_a_role_has_already_loses_no_tool_and_no_mode(
    viewer: Role, installed: Servers, own: Any, held: Any
) -> None:
    role = replace(viewer, repos=own[0], servers=own[1])
    made = delegate(role, ["actions"], replace(viewer, repos=held[0], servers=held[1]), installed)
    if "actions" in role.servers:
        every = installed["actions"].tool_names
        before, after = role.servers["actions"], made.servers["actions"]
        assert set(before.tools or every) <= set(after.tools or every)
        assert MODES.index(before.mode or "off") <= MODES.index(after.mode or "off")


@given(globs.map(tuple), globs.map(tuple))
def test_globs_of_both_match_what_both_match(some: tuple[str, ...], others: tuple[str, ...]) -> None:
    both = intersect_globs(some, others)
    for name in NAMES:
        in_all = [not globs or any(fnmatchcase(name, glob) for glob in globs) for globs in (some, others)]
        if any(fnmatchcase(name, glob) for glob in both):
            assert all(in_all)
    assert bool(some or others) or both == ()


@given(st.text("ab*?[]/", max_size=6), st.text("ab*?[]/", max_size=6), st.text("ab/", max_size=6))
def test_a_glob_within_another_matches_nothing_else(inner: str, outer: str, name: str) -> None:
    if is_within_glob(inner, outer) and fnmatchcase(name, inner):
        assert fnmatchcase(name, outer)


def written(work: Path) -> dict[str, Any]:
    return dict(json.loads((work / ".mcp.json").read_text(encoding="utf-8"))["mcpServers"])


def test_a_server_is_added_as_the_ceiling_holds_it(run: Run, work: Path) -> None:
    outcome = run("--role", "viewer", "--with", "actions", "--with", "logs", "--ceiling", "operator")
    assert (outcome.code, "Not added" in outcome.err) == (0, False)
    servers = written(work)
    assert list(servers) == ["drone-builds", "drone-actions", "drone-logs"]
    environment = servers["drone-actions"]["env"]
    assert environment["DRONE_MCP_TOOLS"] == "drone_restart_build,drone_stop_build"
    assert (environment["DRONE_MCP_ACTIONS"], environment["AGENT_ROLE"]) == ("dry-run", "viewer+actions+logs")


def test_show_says_what_is_added_and_where_it_comes_from(run: Run, roles_dir: Callable[..., Path]) -> None:
    folder = roles_dir(
        one="role: one\nextends: viewer\nrepos: [octo/*]\n",
        other="role: other\nextends: operator\nrepos: [octo/hello]\nservers:\n  actions: {mode: dry-run}\n",
    )
    options = ("--with", "actions", "--roles-dir", str(folder), "--ceiling")
    shown = run("show", "one", *options, "other").out.split("  actions:")[1]
    assert "# of the repositories octo/hello only" in shown
    assert re.search(r"mode: dry-run +# other.yaml:5", shown)
    assert "Not added: actions: the role 'reader' has no such server." in run("show", "one", *options, "reader").err


def test_what_the_ceiling_does_not_hold_is_left_out_and_said(run: Run, work: Path) -> None:
    outcome = run("--role", "viewer", "--with", "actions", "--with", "logs", "--ceiling", "reader")
    assert outcome.code == 0
    assert "Not added: actions: the role 'reader' has no such server." in outcome.err
    assert list(written(work)) == ["drone-builds", "drone-logs"]


def test_a_server_sees_what_both_roles_see(run: Run, work: Path, roles_dir: Callable[..., Path]) -> None:
    folder = roles_dir(
        one="role: one\nextends: viewer\nrepos: [octo/*]\n",
        other="role: other\nextends: operator\nrepos: [octo/hello, acme/*]\n",
        far="role: far\nextends: operator\nrepos: [acme/*]\n",
    )
    run("--role", "one", "--with", "logs", "--ceiling", "other", "--roles-dir", str(folder))
    seen = {name: entry["env"]["DRONE_MCP_REPOS"] for name, entry in written(work).items()}
    assert seen == {"drone-builds": "octo/*", "drone-logs": "octo/hello"}
    outcome = run("--role", "one", "--with", "logs", "--ceiling", "far", "--roles-dir", str(folder))
    assert "Not added: logs: the role 'one' sees none of the repositories of 'far'." in outcome.err
    assert list(written(work)) == ["drone-builds"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--with", "logs"), "--with needs --ceiling ROLE"),
        (("--ceiling", "reader"), "--ceiling limits what --with adds"),
        (("--with", "log", "--ceiling", "reader"), "there is no such server. Did you mean 'logs'"),
        (("--with", "logs", "--ceiling", "opereator"), "There is no role 'opereator'"),
    ],
)
def test_a_delegation_that_says_too_little_is_refused(run: Run, arguments: tuple[str, ...], said: str) -> None:
    outcome = run("--role", "viewer", *arguments)
    assert (outcome.code, said in outcome.err) == (2, True), outcome.err


def test_an_agent_gives_another_one_at_most_what_it_has(run: Run, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_ROLE", "reader")
    outcome = run("--role", "viewer", "--with", "logs", "--with", "actions")
    assert "Not added: actions: the role 'reader' has no such server." in outcome.err
    assert list(written(work)) == ["drone-builds", "drone-logs"]
    wider = run("--role", "viewer", "--with", "actions", "--ceiling", "operator")
    assert (wider.code, "gives at most that role" in wider.err) == (2, True)


def test_a_pod_starts_its_agent_with_the_same_servers_and_the_tokens_that_they_need(run: Run) -> None:
    outcome = run(
        *("pod", "--role", "viewer", "--repo", "octo/hello", "--branch", "x", "--session", "s-1"),
        *("--with", "actions", "--with", "policy", "--ceiling", "operator"),
    )
    pod = yaml.safe_load(outcome.out)
    command = pod["spec"]["containers"][0]["command"]
    words = ["--with", "actions", "--with", "policy", "--ceiling", "operator"]
    assert command[:9] == ["drone-mcp-config", "agent", "--push", *words]
