"""Parameters and the debug mode of a restart: only by name, and everyone who confirms sees them."""

from __future__ import annotations

from typing import Any

import pytest

from support.actions_desk import ADDITIONS, Person

RESTART = {"repo": "octo/hello", "number": 1}
LOADERS = [
    "LD_PRELOAD",
    "DYLD_INSERT_LIBRARIES",
    "BASH_ENV",
    "ENV",
    "PATH",
    "IFS",
    "PS4",
    "PROMPT_COMMAND",
    "HTTPS_PROXY",
    "https_proxy",
    "GIT_SSH_COMMAND",
    "NODE_OPTIONS",
    "NPM_CONFIG_REGISTRY",
    "npm_config_registry",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "PIP_INDEX_URL",
    "RUBYOPT",
    "PERL5OPT",
    "JAVA_TOOL_OPTIONS",
    "_JAVA_OPTIONS",
    "MAVEN_OPTS",
    "GRADLE_OPTS",
    "GOFLAGS",
    "GOPROXY",
    "CARGO_BUILD_RUSTC_WRAPPER",
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "DOCKER_HOST",
    "KUBECONFIG",
    "AWS_ENDPOINT_URL",
    "DRONE_REPO_SCM",
    "PLUGIN_SCRIPT",
    "CI_SERVER",
    "BASH_FUNC_ls",
    "MAKEFLAGS",
    "CC",
    "CLASSPATH",
    "DOTNET_STARTUP_HOOKS",
    "PGOPTIONS",
    "TF_CLI_ARGS",
    "EDITOR",
    "GEM_HOME",
    "HOME",
]


@pytest.mark.parametrize(
    ("given", "rule"),
    [({"params": {"DEPLOY_ENV": "staging"}}, "params"), ({"debug": True}, "debug")],
)
@pytest.mark.parametrize("dry_run", [True, False])
async def test_without_a_rule_nothing_is_added_to_a_restart(
    at: Any, given: dict[str, Any], rule: str, dry_run: bool
) -> None:
    async with at() as desk:
        answer = await desk.call("drone_restart_build", **RESTART, **given, dry_run=dry_run)
        assert desk.writes == []
    assert (answer.code, answer.data["details"]["rule"]) == ("PERMISSION_DENIED", rule)
    assert f"DRONE_MCP_ACTION_{rule.upper()}" in answer.data["next_step"]


@pytest.mark.parametrize("name", LOADERS)
async def test_a_name_that_programs_read_has_to_be_spelled_out(at: Any, name: str) -> None:
    family = f"{name[:3]}*"
    async with at(DRONE_MCP_ACTION_PARAMS=f"* {family} DEPLOY_*") as desk:
        refused = await desk.call("drone_restart_build", **RESTART, params={name: "x"})
        assert desk.writes == []
    async with at(DRONE_MCP_ACTION_PARAMS=name) as desk:
        spelled_out = await desk.call("drone_restart_build", **RESTART, params={name: "x"})
    assert (refused.code, refused.data["details"]["rule"]) == ("PERMISSION_DENIED", "params")
    assert "spelled out" in refused.data["message"]
    assert spelled_out.data["outcome"] == "done"


@pytest.mark.parametrize(
    "params",
    [
        {"A": "line\nbreak"},
        {"A": "hidden\u202e"},
        {"A": "x" * 501},
        {"B" * 101: "x"},
        {"BASH_FUNC_ls%%": "() { :; }"},
        {"": "x"},
        {"A B": "x"},
        {f"A{number}": "x" * 400 for number in range(11)},
    ],
)
async def test_what_a_person_cannot_read_is_refused(at: Any, params: dict[str, str]) -> None:
    async with at(**ADDITIONS) as desk:
        answer = await desk.call("drone_restart_build", **RESTART, params=params)
        assert desk.writes == []
    assert answer.code == "INVALID_INPUT"


async def test_the_question_shows_names_values_and_debug_but_no_secret(at: Any, era: Any) -> None:
    person = Person()
    given = {"DEPLOY_ENV": "staging", "DEPLOY_TOKEN": "hunter2", "NOTE": "ghp_" + "a1B2" * 9}
    async with at(era, person, **ADDITIONS, DRONE_MCP_ACTION_CONFIRM="medium") as desk:
        answer = await desk.call("drone_restart_build", **RESTART, params=given, debug=True)
        lines = desk.lines
    assert answer.data["outcome"] == "done"
    (asked,) = person.asked
    shown = asked.splitlines()
    assert "It sets DEPLOY_ENV = staging" in shown
    assert "It sets DEPLOY_TOKEN = [redacted]" in shown
    assert "It sets NOTE = [redacted]" in shown
    assert "It turns on debug" in shown
    assert {tuple(line["params"]) for line in lines} == {("DEPLOY_ENV", "DEPLOY_TOKEN", "NOTE")}
    assert {tuple(line["switches"]) for line in lines} == {("debug",)}


async def test_a_rehearsal_shows_what_is_added(at: Any) -> None:
    async with at(**ADDITIONS) as desk:
        given = {"params": {"DEPLOY_ENV": "staging"}, "debug": True}
        answer = await desk.call("drone_restart_build", **RESTART, **given, dry_run=True)
    assert answer.data["notes"][:2] == ["It sets DEPLOY_ENV = staging", "It turns on debug"]


@pytest.mark.parametrize("given", [{"params": {"DEPLOY_ENV": "staging"}}, {"debug": True}, {}])
async def test_a_restart_with_additions_is_of_medium_risk(at: Any, given: dict[str, Any]) -> None:
    async with at(**ADDITIONS, DRONE_MCP_ACTION_CONFIRM="medium") as desk:
        answer = await desk.call("drone_restart_build", **RESTART, **given)
    assert answer.code == ("NOT_CONFIRMED" if given else "")


async def test_an_audit_line_names_what_was_set_and_only_that(at: Any) -> None:
    async with at(**ADDITIONS) as desk:
        for given in ({}, {"debug": True}, {"params": {"A": "1"}}, {"params": {"A": "1"}, "debug": True}):
            await desk.call("drone_restart_build", **RESTART, **given)
        attempts = [line for line in desk.lines if line["event"] == "attempt"]
    assert [(line.get("params"), line.get("switches")) for line in attempts] == [
        (None, None),
        (None, ["debug"]),
        (["A"], None),
        (["A"], ["debug"]),
    ]
