"""The arguments that several tools take, and checks that are left out of their schemas, as lists have a budget."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import Field

from ci_mcp_http.call import quote_input
from ci_mcp_kit.errors import InvalidInput

Repo = Annotated[str | None, Field(description="owner/name or URL; default: git remote")]
Namespace = Annotated[str | None, Field(description="in place of repo: for what its repositories share")]
Limit = Annotated[int, Field(ge=1, le=200, description="1 to 200")]
DryRun = Annotated[bool, Field(description="rehearse only")]
Confirmation = Annotated[str | None, Field(description="from NOT_CONFIRMED")]

# Drone takes these in the name of a secret (harness/drone v2.25.0, core/secret.go) and of a user (core/user.go); those
# of namespaces, templates and environments are the source host's and the operator's own.
SECRET_NAME: Final = r"[A-Za-z0-9_.-]{1,100}"  # noqa: S105 - a pattern
LOGIN: Final = r"[A-Za-z0-9_.-]{1,50}"
NAME: Final = r"[^\s/]{1,100}"
TEMPLATE_NAME: Final = r"[^\s/]{1,100}\.(?:yml|yaml|star|starlark|script|jsonnet)"


def check_name(text: str, pattern: str, what: str) -> str:
    """Return a name that fits a pattern.

    Raises:
        InvalidInput: it does not, or leads out of its place in a path.
    """
    if not re.fullmatch(pattern, text, re.ASCII) or text in {".", ".."}:
        raise InvalidInput(
            f"{quote_input(text)} is no name of a {what}",
            next_step=f"Give the name as Drone lists it; a new {what} takes letters, digits, '-', '_' and '.'",
        )
    return text
