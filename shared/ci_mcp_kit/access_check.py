"""A server's own check of what its tokens may do: `COMMAND --check-access`, which `drone-mcp-config doctor` runs.

Nothing is changed at the service. Each finding is a line of JSON on standard output.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import anyio

from ci_mcp_kit.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_mcp_kit.outgoing_text import Cleaner

FLAG = "--check-access"


@dataclass(frozen=True)
class Finding:
    """What was found about one token.

    Attributes:
        fix: how to put it right; "" where nothing is wrong.
    """

    status: Literal["ok", "warning", "failed", "skipped"]
    detail: str
    fix: str = ""


AccessCheck: TypeAlias = Callable[[Any], Awaitable[list[Finding]]]
"""Asks the service with each token of the given settings."""


def run_check(check: AccessCheck, settings: Any, clean: Cleaner) -> int:
    """Check, print what was found, and return the exit status: 1 where something does not work."""

    async def find() -> Iterable[Finding]:
        try:
            return await check(settings)
        except ServiceError as error:
            return [Finding("failed", error.message, error.next_step)]

    findings = [clean.value(asdict(finding)) for finding in anyio.run(find)]
    sys.stdout.write("".join(f"{json.dumps(finding)}\n" for finding in findings))
    return 1 if any(finding["status"] == "failed" for finding in findings) else 0
