"""A rule names each addition of an agent to a write, in a made-up domain."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from ci_mcp_kit.errors import InvalidInput, PermissionDenied
from ci_mcp_kit.guard import variables
from ci_mcp_kit.guard.action_parameters import NOTHING_ADDED, Additions
from ci_mcp_kit.guard.operation_risk import Operation, Risk, by_name
from ci_mcp_kit.guard.rules import Rules
from ci_mcp_kit.guard.spec import PARAMS_KEY, GuardSpec, allow_key

CREATE = Operation("create", "workspaces.create", Risk.LOW)
WORKSPACES = GuardSpec(
    service="Forge",
    thing="workspace",
    evidence="the workspaces",
    scope="template",
    scopes="templates",
    scope_words="templates",
    operations=by_name(CREATE),
    variables=(variables.params("FORGE_PARAMS"), variables.allow("FORGE_ROOT", "root", "workspaces as root")),
    keys={"params": PARAMS_KEY, "root": allow_key("Whether a workspace may run as root.")},
    reserved_params=("FORGE_*",),
)


@dataclass(frozen=True, kw_only=True)
class WorkspaceRules(Rules):
    """Rules that allow everything but additions."""

    spec: ClassVar[GuardSpec] = WORKSPACES

    operations: frozenset[str] = frozenset({"create"})
    templates: tuple[str, ...] = ("*",)
    root: bool = False

    @override
    def globs_match(self, globs: tuple[str, ...], scope: str) -> bool:
        return True


@dataclass(frozen=True)
class CreateWorkspace:
    """An action with additions."""

    additions: Additions = NOTHING_ADDED
    operation: Operation = CREATE
    scope: str = "small"
    risk: Risk = Risk.LOW
    fingerprint: str = ""
    subject: str = ""

    def facts(self) -> dict[str, Any]:
        return {}

    def covers(self, _call: Any) -> bool:
        return False


NAMES = st.sampled_from(("SIZE", "REGION", "DEPLOY_ENV", "LD_AUDIT", "PATH", "git_dir", "FORGE_USER", "no_proxy"))
GLOBS = st.sampled_from(("*", "SIZE", "DEPLOY_*", "!REGION", "LD_*", "LD_AUDIT", "*_dir", "FORGE_*", "PATH", "?*"))
HARMLESS = {"SIZE", "REGION", "DEPLOY_ENV"}


@given(
    globs=st.lists(GLOBS, max_size=4).map(tuple),
    root=st.booleans(),
    params=st.dictionaries(NAMES, st.text(max_size=3), max_size=3),
    as_root=st.booleans(),
)
def test_what_is_allowed_was_named_by_whoever_wrote_the_rules(
    globs: tuple[str, ...], root: bool, params: dict[str, str], as_root: bool
) -> None:
    rules = WorkspaceRules(mode="on", params=globs, root=root)
    added = Additions(tuple(sorted(params.items())), ("root",) if as_root else ())
    try:
        decision = rules.decide(CreateWorkspace(added))
    except (PermissionDenied, InvalidInput):
        return
    for name, value in params.items():
        assert value.isprintable()
        assert name in globs or (name in HARMLESS and any(fnmatchcase(name, glob) for glob in globs))
        assert f"!{name}" not in globs
    assert root or not as_root
    assert decision.confirm == bool(params or as_root), "additions are of medium risk, which has to be confirmed"


@pytest.mark.parametrize("globs", [(), ("SIZE",), ("!SIZE", "*")])
def test_what_no_rule_names_is_refused_with_the_variable_that_decides(globs: tuple[str, ...]) -> None:
    rules = WorkspaceRules(mode="on", params=globs)
    with pytest.raises(PermissionDenied, match=r"'REGION'|'SIZE'") as caught:
        rules.decide(CreateWorkspace(Additions((("REGION" if globs != ("!SIZE", "*") else "SIZE", "eu"),))))
    assert "FORGE_PARAMS" in caught.value.next_step
    with pytest.raises(PermissionDenied, match="may not create with root") as caught:
        rules.decide(CreateWorkspace(Additions(switches=("root",))))
    assert "FORGE_ROOT" in caught.value.next_step


def test_ordinary_names_are_no_names_that_programs_read() -> None:
    rules = WorkspaceRules(mode="on", params=("*",))
    for name in (
        "DEPLOY_ENV",
        "DEPLOY_TARGET",
        "VERSION",
        "REGION",
        "BRANCH",
        "TAG",
        "STAGE",
        "LOG_LEVEL",
        "FEATURE_X",
    ):
        assert rules.decide(CreateWorkspace(Additions(((name, "x"),)))).confirm
