"""Finds out whether a request whose answer was lost has been carried out, from the state afterwards. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_mcp_kit.guard.change import Sent
from drone_mcp_actions.plans import has_ended

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drone_mcp_build.guard.action import BuildAction
    from drone_mcp_client.models import Build


def find_restart(action: BuildAction, newest: Iterable[Build]) -> Sent | None:
    """Return the build that a restart has made, if there is exactly one: two could be someone else's."""
    # Without the number of the newest build before it, an earlier restart could not be told from this one.
    if not action.newest:
        return None
    made = [build for build in newest if build.parent == action.build.number and build.number > action.newest]
    return Sent((made[0],)) if len(made) == 1 else None


def find_stop(build: Build) -> Sent | None:
    """Return the build if nothing of it is left to stop."""
    return Sent((build,)) if has_ended(build) else None


def find_decision(verb: str, build: Build, number: int) -> Sent | None:
    """Return the answer to an approval or a refusal, which has no content, if the stage shows it."""
    status = next((stage.status for stage in build.stages if stage.number == number), "blocked")
    shown = status == "declined" if verb == "decline" else status not in {"blocked", "declined"}
    return Sent((None,)) if shown else None
