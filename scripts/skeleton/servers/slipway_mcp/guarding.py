"""The operations on releases, and the rules of a role for them. Pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from typing_extensions import override

from ci_mcp_kit.guard.operations import Operation, Risk
from ci_mcp_kit.guard.rules import Rules, matches
from ci_mcp_kit.guard.spec import AUDIT_KEY, CONFIRM_KEY, SIGNING_KEY, GuardSpec, list_of, operations_key, rate_key
from ci_mcp_kit.guard.write_parameters import NOTHING_ADDED, Additions
from slipway_mcp.client import SLIPWAY
from slipway_mcp.variables import GUARD_VARIABLES, OPERATION_NAMES

if TYPE_CHECKING:
    from ci_mcp_http.call import Call
    from slipway_mcp.client import Release

STOP: Final = Operation("stop", "releases.stop", Risk.HIGH)

RELEASE_GUARD: Final = GuardSpec(
    service=SLIPWAY.name,
    thing="release",
    evidence="the release",
    scope="app",
    scopes="apps",
    scope_words="applications",
    variables=GUARD_VARIABLES,
    keys={
        "apps": list_of(
            "Applications that may be changed, * as wildcard.", {"type": "string", "pattern": r"^[^\s,]+$"}
        ),
        "operations": operations_key(OPERATION_NAMES),
        "confirm": CONFIRM_KEY,
        "rate": rate_key("an application"),
        "audit": AUDIT_KEY,
        "key": SIGNING_KEY,
    },
)


@dataclass(frozen=True, kw_only=True)
class ReleaseAction:
    """One thing to do to one release in the state in which it was read (a `ci_mcp_kit.guard.protocols.Action`)."""

    operation: Operation
    app: str
    release: Release

    @property
    def scope(self) -> str:
        """The application."""
        return self.app

    @property
    def risk(self) -> Risk:
        """The operation's."""
        return self.operation.risk

    @property
    def additions(self) -> Additions:
        """Nothing: the tool takes no parameters of the release."""
        return NOTHING_ADDED

    @property
    def fingerprint(self) -> str:
        """A short text for this action on the release in this state."""
        # With the state: what a person confirmed about a running release does not hold once it is over.
        facts = [self.operation.name, self.app, self.release.number, self.release.state]
        # 96 bits: no other action gets the same text by chance.
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:24]

    @property
    def subject(self) -> str:
        """The release and its state."""
        return f"{self.release.number}@{self.release.state}"

    def facts(self) -> dict[str, Any]:
        """Return what an audit line says of it."""
        number, state = self.release.number, self.release.state
        return {"operation": self.operation.name, "app": self.app, "release": number, "before": {"state": state}}

    def covers(self, call: Call[Any]) -> bool:
        """Return whether the call does this to this release, and nothing else."""
        from slipway_mcp.client import stop_release  # noqa: PLC0415 - on first use, to start fast

        # Compared with the call as it has to be: the guard lets nothing else through, even if a tool is wrong.
        own = stop_release(self.app, self.release.number)
        return (call.operation, call.method, call.path) == (own.operation, own.method, own.path)


@dataclass(frozen=True, kw_only=True)
class ReleaseRules(Rules):
    """The rules of one process. `apps` are globs; without any, no application may be changed."""

    spec: ClassVar[GuardSpec] = RELEASE_GUARD

    operations: frozenset[str] = frozenset(OPERATION_NAMES)
    apps: tuple[str, ...] = ()

    @override
    def check_scope(self, scope: str) -> None:
        if not matches(self.apps, scope):
            raise self.refusal("apps", f"This role may change nothing of {scope}")

    @override
    def check(self, action: ReleaseAction) -> None:
        """Refuse nothing further."""
