"""The rules allow the listed changes, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_kit.guard.action_parameters import Additions
from ci_mcp_kit.guard.errors import WritesDisabled
from ci_mcp_kit.guard.operation_risk import Operation, Risk
from ci_mcp_kit.guard.rules import matches
from drone_mcp_build.guard.action import OPERATIONS, BuildAction
from drone_mcp_build.guard.rules import BuildRules
from drone_mcp_build.refs import branch_of
from drone_mcp_client import calls
from drone_mcp_client.errors import PermissionDenied, ServiceError
from drone_mcp_client.models import Build

DEPLOYING = {"builds.promote", "builds.rollback"}  # the calls that take a target
names = st.sampled_from(("octo/hello", "octo/other", "acme/web", "octo/hello-2", "Octo/hello", "a/b"))
globs = st.lists(st.sampled_from(("octo/hello", "octo/*", "acme/w*", "*/*", "?/b")), max_size=3).map(tuple)
patterns = st.lists(st.sampled_from(("*", "main", "!main", "release/*", "!release/*", "refs/tags/*")), max_size=3)
rules = st.builds(
    BuildRules,
    mode=st.sampled_from(("off", "dry-run", "on")),
    operations=st.frozensets(st.sampled_from(sorted(OPERATIONS))),
    repos=globs,
    branches=patterns.map(tuple),
    targets=st.lists(st.sampled_from(("staging", "*", "!production")), max_size=2).map(tuple),
    red=st.booleans(),
    unapproved=st.booleans(),
    confirm=st.sampled_from(Risk),
)
builds = st.builds(
    Build,
    number=st.integers(1, 99),
    status=st.sampled_from(("running", "failure", "success")),
    event=st.sampled_from(("push", "pull_request", "tag", "promote", "rollback", "")),
    ref=st.sampled_from(("refs/heads/main", "refs/tags/v1", "")),
    target=st.sampled_from(("main", "release/1", "")),
    deploy_to=st.sampled_from(("staging", "production", "")),
)


def actions_of(operation: Operation) -> st.SearchStrategy[BuildAction]:
    """Make actions; those that deploy name their target, as Drone wants it of them."""
    targets = (("staging",), ("Production",)) if operation.call in DEPLOYING else ((),)
    params = st.sampled_from([tuple(("target", name) for name in names) for names in targets])
    return st.builds(
        BuildAction, operation=st.just(operation), repo=names, build=builds, unapproved=st.booleans(), params=params
    )


actions = st.sampled_from(list(OPERATIONS.values())).flatmap(actions_of)


@given(rules, actions)
def test_what_is_allowed_is_allowed_by_every_rule(rules: BuildRules, action: BuildAction) -> None:
    try:
        decision = rules.decide(action)
    except ServiceError:
        return
    build = action.build
    assert rules.mode != "off"
    assert action.operation.name in rules.operations
    assert rules.repos
    assert matches(rules.branches, branch_of(build))
    assert build.event not in {"promote", "rollback"} or matches(rules.targets, action.target)
    assert action.operation.name not in {"promote", "rollback"} or matches(rules.targets, action.target)
    assert action.operation.name not in {"promote", "rollback"} or rules.red or build.status == "success"
    assert decision.confirm or "prod" not in action.target.casefold()
    assert rules.unapproved or not action.unapproved
    assert decision.confirm or action.risk < rules.confirm
    assert decision.confirm or action.operation.name != "stop"


@given(actions)
def test_the_defaults_allow_nothing(action: BuildAction) -> None:
    with pytest.raises(WritesDisabled) as caught:
        BuildRules().decide(action)
    assert "DRONE_MCP_ACTIONS" in caught.value.next_step
    with pytest.raises(PermissionDenied):
        BuildRules(mode="on").decide(action)


def action(operation: str = "restart", **build: Any) -> BuildAction:
    facts = {"number": 7, "status": "failure", "event": "push", "target": "main", **build}
    return BuildAction(operation=OPERATIONS[operation], repo="octo/hello", build=Build(**facts))


@pytest.mark.parametrize(
    ("build", "allowed"),
    [
        ({"target": "main"}, False),
        ({"target": "topic"}, True),
        ({"event": "pull_request", "source": "main", "target": "topic"}, True),
        ({"event": "pull_request", "source": "topic", "target": "main"}, False),
        ({"event": "tag", "ref": "refs/tags/main", "target": "main"}, True),
        ({"target": "", "ref": "refs/heads/main"}, False),
        ({"target": "", "ref": ""}, False),
    ],
)
def test_branches_can_be_taken_away(build: dict[str, str], allowed: bool) -> None:
    some = BuildRules(mode="on", repos=("octo/*",), branches=("*", "!main"))
    if allowed:
        assert some.decide(action(**build)).mode == "on"
    else:
        with pytest.raises(PermissionDenied, match="may not touch builds of"):
            some.decide(action(**build))


def test_a_deployment_needs_its_target_named() -> None:
    deployment = action(event="promote", deploy_to="production")
    with pytest.raises(PermissionDenied, match="deployments to 'production'"):
        BuildRules(mode="on", repos=("octo/*",)).decide(deployment)
    assert BuildRules(mode="on", repos=("octo/*",), targets=("prod*",)).decide(deployment).mode == "on"


def test_an_action_covers_its_own_call_and_no_other() -> None:
    stop = action("stop")
    assert stop.covers(calls.cancel_build("octo/hello", 7))
    for other in (
        calls.cancel_build("octo/hello", 8),
        calls.cancel_build("octo/hello", 70),
        calls.cancel_build("octo/other", 7),
        calls.restart_build("octo/hello", 7),
        calls.build("octo/hello", 7),
        calls.approve_stage("octo/hello", 7, 1),
    ):
        assert not stop.covers(other)


def test_a_promotion_covers_its_own_target_and_no_other() -> None:
    promotion = BuildAction(
        operation=OPERATIONS["promote"], repo="octo/hello", build=action().build, params=(("target", "staging"),)
    )
    assert promotion.covers(calls.promote("octo/hello", 7, "staging"))
    for other in (
        calls.promote("octo/hello", 7, "production"),
        calls.promote("octo/hello", 7, "staging", params={"A": "1"}),
        calls.promote("octo/hello", 8, "staging"),
        calls.rollback("octo/hello", 7, "staging"),
    ):
        assert not promotion.covers(other)


def test_a_start_covers_its_own_branch_and_no_existing_build() -> None:
    start = BuildAction(
        operation=OPERATIONS["start"],
        repo="octo/hello",
        build=Build(number=0, status="", ref="refs/heads/main", target="main"),
        params=(("branch", "main"),),
    )
    assert start.covers(calls.create_build("octo/hello", branch="main"))
    for other in (
        calls.create_build("octo/hello", branch="topic"),
        calls.create_build("octo/hello", branch="main", commit="0123456789"),
        calls.create_build("octo/other", branch="main"),
        calls.restart_build("octo/hello", 7),
    ):
        assert not start.covers(other)


@pytest.mark.parametrize("target", ["production", "PROD", "eu-prod-1"])
@pytest.mark.parametrize("operation", ["restart", "approve", "decline", "stop"])
def test_whatever_concerns_production_takes_a_confirmation(target: str, operation: str) -> None:
    rules = BuildRules(mode="on", repos=("octo/*",), targets=("*",), confirm=Risk.HIGH)
    assert rules.decide(action(operation, event="promote", deploy_to=target)).confirm


@pytest.mark.parametrize(
    ("target", "asks"), [("live-eu", True), ("LIVE-EU", True), ("Live-Test", True), ("live-test", False), ("qa", False)]
)
def test_production_is_found_whatever_the_case_of_its_glob_and_what_is_taken_away_only_as_written(
    target: str, asks: bool
) -> None:
    production = ("Live*", "!live-test")
    rules = BuildRules(mode="on", repos=("octo/*",), targets=("*",), confirm=Risk.HIGH, production=production)
    assert rules.decide(action("restart", event="promote", deploy_to=target)).confirm is asks


@pytest.mark.parametrize(("operation", "allowed"), [("restart", False), ("approve", False), ("stop", True)])
def test_an_action_without_a_time_is_outside_of_every_window_but_a_stop_is_never_too_late(
    operation: str, allowed: bool
) -> None:
    rules = BuildRules(mode="on", repos=("octo/*",), targets=("*",), windows=("Mon-Sun/00:00-00:00/UTC",))
    deployment = action(operation, event="promote", deploy_to="production")
    if allowed:
        assert rules.decide(deployment).mode == "on"
    else:
        with pytest.raises(PermissionDenied, match="only within Mon-Sun"):
            rules.decide(deployment)


def test_a_fingerprint_changes_with_whatever_makes_the_action_another_one() -> None:
    known = {
        made.fingerprint
        for made in (
            action(),
            action("stop"),
            action(version=2),
            action(number=8),
            action(status="running"),
            BuildAction(operation=OPERATIONS["restart"], repo="octo/hello", build=action().build, stages=(1,)),
            BuildAction(
                operation=OPERATIONS["restart"],
                repo="octo/hello",
                build=action().build,
                additions=Additions((("A", "1"),)),
            ),
            *(
                BuildAction(
                    operation=OPERATIONS["promote"],
                    repo="octo/hello",
                    build=action().build,
                    params=(("target", target),),
                )
                for target in ("staging", "production")
            ),
        )
    }
    assert len(known) == 9
