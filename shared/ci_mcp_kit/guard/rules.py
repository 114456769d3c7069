"""The rules of one process: whether an action is allowed. Pure.

What no rule allows is refused: an empty list of operations allows none, and so on.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from ci_mcp_kit.errors import PermissionDenied
from ci_mcp_kit.guard.dangerous_variables import is_read_by_programs
from ci_mcp_kit.guard.errors import WritesDisabled
from ci_mcp_kit.guard.operation_risk import Risk
from ci_mcp_kit.guard.rate import Rate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ci_mcp_kit.guard.operation_risk import Operation
    from ci_mcp_kit.guard.protocols import Action
    from ci_mcp_kit.guard.spec import GuardSpec

Mode = Literal["off", "dry-run", "on"]
TEN_AN_HOUR = Rate(10, 3600)  # the default that `variables.rate` describes


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision to allow an action: the mode, the rule, and whether someone has to confirm it."""

    mode: Mode
    rule: str
    confirm: bool


@dataclass(frozen=True, kw_only=True)
class Rules(ABC):
    """The rules of one process. A domain derives its own, with the field of its scopes, and further fields and checks.

    Attributes:
        operations: names of those it may use.
        confirm: the lowest risk that takes a confirmation; the highest always does.
        params: globs of the parameters that an agent may add to a write; one that begins with `!` takes away.
        rate: how many actions a scope gets from this process.
    """

    spec: ClassVar[GuardSpec]

    mode: Mode = "off"
    operations: frozenset[str] = frozenset()
    confirm: Risk = Risk.MEDIUM
    rate: Rate = TEN_AN_HOUR
    params: tuple[str, ...] = ()

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Return the rules that the values of the guard's variables make; the keys are fields."""
        known = {field.name: values[field.name] for field in fields(cls) if field.name in values}
        if "confirm" in known:
            known["confirm"] = Risk[known["confirm"].upper()]
        if "rate" in known:
            known["rate"] = Rate(*known["rate"])
        return cls(**known)

    @abstractmethod
    def globs_match(self, globs: tuple[str, ...], scope: str) -> bool:
        """Return whether globs, at least one of which names something, match a scope."""

    def check_scope(self, scope: str) -> None:
        """Raise where nothing may be changed in a scope."""
        globs: tuple[str, ...] = getattr(self, self.spec.scopes)
        # To read without globs is to see every scope; a change takes one that names what may be changed.
        names_some = any(not glob.startswith("!") for glob in globs)
        if not (names_some and self.globs_match(globs, scope)):
            where = scope or f"an unknown {self.spec.scope}"
            raise self.refusal(self.spec.scopes, f"This role may change nothing in {where}")

    def check(self, action: Any) -> None:  # noqa: B027 - a domain may do without
        """Raise where a rule of the domain's own refuses an action; there is none unless a domain has one."""

    def risk_of(self, action: Any) -> Risk:
        """Return the risk of an action; a domain's rules may raise it."""
        risk: Risk = action.risk
        return risk

    def admit(self, operation: Operation, scope: str) -> None:
        """Raise if this process may not use an operation in a scope, whatever its subject is."""
        if self.mode == "off":
            raise self.disabled(f"Changes are off here, so {operation.name} is refused", {"rule": "mode"})
        if operation.name not in self.operations:
            raise self.refusal("operations", f"This role may not {operation.describe(self.spec.thing)}")
        self.check_scope(scope)

    def decide(self, action: Action) -> Decision:
        """Allow the action or raise; the error's `details.rule` names the rule that refused it."""
        # Admitted once more: `Guard.begin` and `Guard.gate` rely on this decision alone.
        self.admit(action.operation, action.scope)
        self.check(action)
        additions = action.additions
        additions.check()
        for name, _ in additions.params:
            is_named = matches(self.params, name)
            # A wildcard allows no name that programs read: only the whole name does.
            by_wildcard = is_named and name not in self.params
            is_reserved = by_wildcard and is_read_by_programs(name, self.spec.reserved_params)
            if is_reserved or not is_named:
                why = ": programs read a variable of that name, so it has to be spelled out, without wildcards"
                message = f"This role may not set the parameter {name!r}{why if is_reserved else ''}"
                raise self.refusal("params", message)
        for switch in additions.switches:
            if getattr(self, switch) is not True:
                raise self.refusal(switch, f"This role may not {action.operation.name} with {switch}")
        # With an addition the agent has a say in what runs, as with an approval.
        risk = self.risk_of(action)
        if additions:
            risk = max(risk, Risk.MEDIUM)
        return Decision(self.mode, "allowed", confirm=risk >= self.confirm)

    def refusal(self, rule: str, message: str) -> PermissionDenied:
        """Return the error of a rule; `rule` is the field that holds it."""
        next_step = f"Leave it, or ask the operator of this server: {self.spec.variable(rule)} decides"
        return PermissionDenied(message, next_step=next_step, details={"rule": rule})

    def disabled(self, message: str, details: dict[str, Any] | None = None) -> WritesDisabled:
        """Return the error of a process that changes nothing."""
        spec = self.spec
        next_step = (
            f"The operator of this server can set {spec.variable('mode')} to dry-run or on (in a role file: mode), "
            f"and name the {spec.scope_words} in {spec.variable(spec.scopes)} (guard.{spec.scopes})"
        )
        return WritesDisabled(message, next_step=next_step, details=details)


def matches(globs: Iterable[str], name: str) -> bool:
    """Return whether one of `globs` matches a name, and none that begins with `!`. `*` matches slashes, too."""
    every = tuple(globs)
    # Not `fnmatch`, which ignores case on Windows, so that the same rule would allow more there
    # (https://docs.python.org/3/library/fnmatch.html).
    denied = any(fnmatchcase(name, glob[1:]) for glob in every if glob.startswith("!"))
    allowed = any(fnmatchcase(name, glob) for glob in every if not glob.startswith("!"))
    # An empty name, like the branch of a tag, matches nothing, not even `*`.
    return bool(name) and allowed and not denied
