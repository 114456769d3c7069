"""The result of one check of `doctor`: a line, and how to fix it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from ci_mcp_kit.environment_secrets import secrets_in
from ci_mcp_kit.outgoing_text import Cleaner
from ci_mcp_kit.redact import Redactor
from ci_mcp_kit.variables import unfilled_reference
from drone_mcp_config.secret_recognition import names_a_secret

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from drone_mcp_config.plan.making import ExpectedTools

Status = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True)
class Check:
    """One thing that was checked.

    Attributes:
        fix: how to fix it; "" where nothing is wrong. The field names are the keys of `doctor --json`.
        seconds: how long it took, where that matters.
    """

    name: str
    status: Status
    detail: str
    fix: str = ""
    seconds: float | None = None

    def as_data(self) -> dict[str, Any]:
        """Return it for `--json`."""
        return asdict(self)

    def cleaned(self, clean: Cleaner) -> Check:
        """Return it without secrets: it may quote a server or a library, and those quote addresses."""
        return replace(self, detail=clean.text(self.detail), fix=clean.text(self.fix))


def compare_tools(
    server: str, offered: Collection[str], expected: ExpectedTools, fix: str, seconds: float
) -> Check | None:
    """Return what is wrong with the tools that a server offers, None if nothing is.

    Args:
        server: its name.
        offered: its tools.
        expected: those that it should have.
        fix: where it has others.
        seconds: until it had listed them.
    """
    differing = set(offered) ^ set(offered if expected.names is None else expected.names)
    if not differing:
        return None
    listed = ", ".join(sorted(differing))
    if expected.depend_on_scopes and not differing & set(offered):
        detail = f"it leaves out {listed}, for which its token lacks the scopes"
        return Check(
            server, "warning", detail, "Give it a token with more scopes where the role is to have them", seconds
        )
    return Check(server, "failed", f"it does not offer the role's tools ({listed})", fix, seconds)


def cleaner_for(environment: Mapping[str, str]) -> Cleaner:
    """Return the cleaner for texts from or about a process with this environment."""
    secrets = [secret.reveal() for secret in secrets_in(environment)]
    # A reference that nobody filled in is named to the user, who has to set that variable.
    secrets += [
        value for name, value in environment.items() if names_a_secret(name) and unfilled_reference(value) != value
    ]
    return Cleaner(Redactor(lambda: secrets))
