"""An installation with servers of two systems, and one that asks no service at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml

from support.made_up_servers import DRONE_MANIFESTS, JENKINS_MANIFESTS, install, manifest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from entrypoint.drone_mcp_config.conftest import Outcome

    Run = Callable[..., Outcome]

ROLES = {
    "both": "role: both\nservers: {builds: {}, jenkins-builds: {}, plain: {}}\n",
    "scoped": """\
role: scoped
repos: [octo/*]
servers: {builds: {}, plans: {scope: [team/**, "!team/deploy"]}}
""",
    "unscoped": "role: unscoped\nrepos: [octo/*]\nservers: {builds: {}, plans: {}}\n",
    "drone": "role: drone\nservers: {builds: {}}\n",
    "jenkins": "role: jenkins\nservers: {jenkins-builds: {}}\n",
    "writer": """\
role: writer
servers:
  jenkins-jobs:
    mode: on
    token: TEAM_TOKEN
    guard: {risk: small, seal: TEAM_SEAL, jobs: [a/*, b]}
""",
}

SCOPED = manifest(
    "bamboo",
    "plans",
    ["bamboo_list_plans"],
    services=[
        {"name": "Bamboo", "address": "BAMBOO_URL", "token": "BAMBOO_TOKEN", "scope": "BAMBOO_PLANS", "scopes": "plans"}
    ],
)
"""A server of a system whose scope is not made of repositories."""


@pytest.fixture
def fake_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    install(monkeypatch, tmp_path / "installed", DRONE_MANIFESTS | JENKINS_MANIFESTS | {"plans": SCOPED})
    return tmp_path / "installed"


@pytest.fixture
def written(run: Run, roles_dir: Callable[..., Path], work: Path) -> Callable[..., dict[str, Any]]:
    """Write a role for Claude Code, and return the servers in its file."""
    folder = roles_dir(**ROLES)

    def write(role: str, *options: str) -> dict[str, Any]:
        outcome = run("--role", role, "--roles-dir", str(folder), *options)
        assert outcome.code == 0, outcome.err
        servers: dict[str, Any] = json.loads((work / ".mcp.json").read_text(encoding="utf-8"))["mcpServers"]
        return servers

    return write


def references(*names: str) -> dict[str, str]:
    return {name: f"${{{name}}}" for name in names}


def test_each_server_gets_the_variables_of_its_own_service(written: Callable[..., dict[str, Any]]) -> None:
    servers = written("both", "--server", "https://drone.test", "--repo", "octo/hello")
    assert {name: entry.get("env") for name, entry in servers.items()} == {
        "drone-builds": {
            "DRONE_SERVER": "https://drone.test", **references("DRONE_TOKEN"), "DRONE_REPO": "octo/hello",
        },
        "jenkins-builds": references("JENKINS_URL", "JENKINS_TOKEN"),
        "plain-facts": None,
    }  # fmt: skip


def test_each_server_is_limited_in_the_terms_of_its_own_service(written: Callable[..., dict[str, Any]]) -> None:
    servers = written("scoped")
    assert servers["drone-builds"]["env"]["DRONE_MCP_REPOS"] == "octo/*"
    assert servers["bamboo-plans"]["env"] == {
        **references("BAMBOO_URL", "BAMBOO_TOKEN"), "BAMBOO_PLANS": "team/**,!team/deploy",
    }  # fmt: skip


def test_a_limited_role_has_to_say_what_each_service_shows(run: Run, roles_dir: Callable[..., Path]) -> None:
    outcome = run("--role", "unscoped", "--roles-dir", str(roles_dir(**ROLES)))
    assert (outcome.code, outcome.err) == (
        2,
        (
            "The role 'unscoped' is limited to repositories, which says nothing of the plans of Bamboo. Name those "
            "that it may see under 'scope' of the server bamboo-plans.\n"
        ),
    )


def test_show_names_the_scope_of_a_server_and_its_place(run: Run, roles_dir: Callable[..., Path]) -> None:
    out = run("show", "scoped", "--roles-dir", str(roles_dir(**ROLES))).out
    (line,) = [line for line in out.splitlines() if "scope:" in line]
    assert line.split("#")[0].strip() == "scope: [team/**, '!team/deploy']"
    assert line.endswith("scoped.yaml:3")


def test_a_guard_is_written_as_the_manifest_of_its_server_says(written: Callable[..., dict[str, Any]]) -> None:
    assert written("writer")["jenkins-jobs"]["env"] == {
        **references("JENKINS_URL", "JENKINS_TOKEN"),
        "JENKINS_WRITE_TOKEN": "${TEAM_TOKEN}",
        "JENKINS_MCP_ACTIONS": "on",
        "JENKINS_MCP_ACTION_JOBS": "a/*,b",
        "JENKINS_MCP_ACTION_RISK": "small",
        "JENKINS_MCP_ACTION_SEAL": "${TEAM_SEAL}",
    }


def test_show_lists_the_keys_of_a_guard_in_the_order_of_the_manifest(run: Run, roles_dir: Callable[..., Path]) -> None:
    out = run("show", "writer", "--roles-dir", str(roles_dir(**ROLES))).out
    assert list(yaml.safe_load(out)["servers"]["jenkins-jobs"]["guard"]) == ["jobs", "risk", "seal"]


MISTAKES = {
    "a key of another server's guard": (
        "jenkins-jobs: {guard: {repos: [octo/hello]}}",
        "'repos' is not a key of the guard of the server 'jenkins-jobs'. It has: jobs, risk, seal.",
    ),
    "a key with a slip": (
        "jenkins-jobs: {guard: {job: [a]}}",
        "'job' is not a key of the guard of the server 'jenkins-jobs'. Did you mean 'jobs'?",
    ),
    "a word that is none of them": (
        "jenkins-jobs: {guard: {risk: tiny}}",
        "servers > jenkins-jobs > guard > risk: found 'tiny', but it takes 'small' or 'large'",
    ),
    "a text of another pattern": (
        "jenkins-jobs: {guard: {jobs: [a, B]}}",
        "servers > jenkins-jobs > guard > jobs > item 2: found 'B', but it takes text like ^[a-z/*]+$",
    ),
    "a text that is too long": (
        f"jenkins-jobs: {{guard: {{jobs: [{'a' * 21}]}}}}",
        "servers > jenkins-jobs > guard > jobs > item 1: it is too long (at most 20)",
    ),
    "a list where a word belongs": (
        "jenkins-jobs: {guard: {seal: [A]}}",
        "servers > jenkins-jobs > guard > seal: found a list where text belongs",
    ),
    "a list in place of a guard": (
        "jenkins-jobs: {guard: [a]}",
        "servers > jenkins-jobs > guard: found a list where a mapping (name: value) belongs",
    ),
    "a guard of a server that has none": (
        "plain: {guard: {risk: small}}",
        "the server 'plain' only reads, so it has no guard; leave the key out",
    ),
    "a scope of a server whose service has repositories": (
        "builds: {scope: [octo/*]}",
        "the server 'builds' has no scope of its own; 'repos' of the role limits its repositories",
    ),
    "a scope that would be two": (
        "plans: {scope: ['a,b']}",
        (
            "servers > plans > scope > item 1: found 'a,b', but it takes a name with * as wildcard, and ! before it to "
            "take it away"
        ),
    ),
    "a token of a server that reads none": (
        "plain: {token: MY_TOKEN}",
        "the server 'plain' reads no token; leave the key out",
    ),
    "a write token for a server of another system that reads": (
        "builds: {token: JENKINS_WRITE_TOKEN}",
        "the server 'builds' only reads; JENKINS_WRITE_TOKEN is for servers that write",
    ),
}


@pytest.mark.parametrize(("server", "complaint"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_reported_as_the_manifest_has_it(
    run: Run, roles_dir: Callable[..., Path], server: str, complaint: str
) -> None:
    folder = roles_dir(r=f"role: r\nservers:\n  {server}\n")
    outcome = run("--role", "r", "--roles-dir", str(folder))
    assert (outcome.code, outcome.err) == (2, f"{folder}/r.yaml:3: {complaint}\n")


def test_a_repository_limit_is_refused_where_a_service_has_none(run: Run, roles_dir: Callable[..., Path]) -> None:
    role = "role: {}\nrepos: [octo/*]\nservers: {{builds: {{}}, {}: {{}}}}\n"
    folder = str(roles_dir(a=role.format("a", "plain"), b=role.format("b", "jenkins-builds")))
    assert run("--role", "a", "--roles-dir", folder).code == 0, "what asks no service has nothing to limit"
    outcome = run("--role", "b", "--roles-dir", folder)
    assert outcome.code == 2
    assert "The server jenkins-builds sees all of Jenkins" in outcome.err


def test_the_schema_for_editors_takes_the_guard_of_each_server(run: Run) -> None:
    schema = json.loads(run("schema").out)
    guards = [{"risk": "small"}, {"rate": "1/h"}, {"seal": "TEAM_SEAL"}, {"jobs": ["B"]}, {"seal": "a"}, {"x": 1}]
    validator = jsonschema.Draft202012Validator(schema)
    fits = [validator.is_valid({"role": "r", "servers": {"jenkins-jobs": {"guard": guard}}}) for guard in guards]
    assert fits == [True, True, True, False, False, False]


@pytest.mark.parametrize("options", [(), ("--portable",)])
def test_an_entry_of_either_system_goes_when_the_role_does_not_name_it_any_more(
    written: Callable[..., dict[str, Any]], work: Path, options: tuple[str, ...]
) -> None:
    file = work / ".mcp.json"
    file.write_text('{"mcpServers": {"jenkins-farm": {"command": "jenkins-farm"}}}', encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.executable", "/another/python")
        assert list(written("both", *options)) == ["jenkins-farm", "drone-builds", "jenkins-builds", "plain-facts"]
    assert list(written("drone", *options)) == ["jenkins-farm", "drone-builds"]
    assert list(written("jenkins", *options)) == ["jenkins-farm", "jenkins-builds"]


def test_a_role_may_come_to_be_served_and_be_served_elsewhere_and_not_be_served_any_more(
    written: Callable[..., dict[str, Any]],
) -> None:
    served = ("--transport", "http", "--url")
    for options in ((), (*served, "https://one.test"), (*served, "https://two.test"), ()):
        assert list(written("both", *options)) == ["drone-builds", "jenkins-builds", "plain-facts"]
    written("both", *served, "https://one.test")
    assert list(written("jenkins", *served, "https://one.test")) == ["jenkins-builds"]


def test_a_client_without_variables_has_to_be_told_of_each_service(
    run: Run, roles_dir: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("--roles-dir", str(roles_dir(**ROLES)), "--client", "zed", "--print", "--role")
    assert "where Jenkins is: set JENKINS_URL." in run(*arguments, "both", "--server", "https://drone.test").err
    monkeypatch.setenv("JENKINS_URL", "https://jenkins.test")
    assert "where Drone is: add --server https://drone.example.com, or set DRONE_SERVER." in run(*arguments, "both").err
    made = json.loads(run(*arguments, "jenkins").out)["context_servers"]["jenkins-builds"]["env"]
    assert made["JENKINS_URL"] == "https://jenkins.test"
    assert made["JENKINS_TOKEN_FILE"].endswith("/drone-mcp/jenkins-token")


def test_an_agent_sends_a_token_of_its_own_for_each_service(written: Callable[..., dict[str, Any]]) -> None:
    servers = written("both", "--transport", "http", "--own-token")
    assert {name: [*entry["headers"]] for name, entry in servers.items()} == {
        "drone-builds": ["Authorization", "Drone-Token"],
        "jenkins-builds": ["Authorization", "Jenkins-Token"],
        "plain-facts": ["Authorization"],
    }


@pytest.mark.parametrize(("role", "looked_at"), [("jenkins", False), ("drone", True)])
def test_doctor_looks_at_the_services_of_the_role(
    run: Run, roles_dir: Callable[..., Path], role: str, *, looked_at: bool
) -> None:
    checks = json.loads(run("doctor", "--json", "--role", role, "--roles-dir", str(roles_dir(**ROLES))).out)["checks"]
    assert ("settings" in {check["name"] for check in checks}) == looked_at
