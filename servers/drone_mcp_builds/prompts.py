"""The prompts, which clients offer in a menu."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from ci_mcp_kit.resources_and_prompts import prompt
from drone_mcp_build.access import resolve_address
from drone_mcp_client.errors import InvalidInput

if TYPE_CHECKING:
    from drone_mcp_build.access import DroneAccess

WATCH = "drone_wait_for_build"

_MOST_DIGITS = 18  # an int64 holds every number of as many


class BuildPrompts:
    """All prompts of this server."""

    def __init__(self, access: DroneAccess) -> None:
        self._access = access

    @prompt(title="Watch a build", needs=WATCH)
    async def watch_build(
        self,
        repo: Annotated[str | None, Field(description="owner/name or URL")] = None,
        number: Annotated[str | None, Field(description="default: newest of the default branch")] = None,
    ) -> str:
        """Follow a build to its end, and say what failed if it does."""
        # Arguments of prompts are strings in MCP; `int` alone would accept "+5", "1_0" and digits of any script.
        if number and not (number.isascii() and number.isdigit() and len(number) <= _MOST_DIGITS and int(number)):
            raise InvalidInput("The number of a build is a whole number from 1 on")
        what = resolve_address(self._access, repo, int(number) if number else None)
        which = f"build {what.number}" if what.number else "the newest build of the default branch"
        arguments = f'repo "{what.repo}"' + (f" and number {what.number}" if what.number else "")
        return (
            f"Watch {which} of {what.repo} in Drone CI until it ends.\n\n"
            f"Call {WATCH} with {arguments}. While its answer says finished: false, tell me in a line what changed "
            "and call it again with the same repo, the number of its build and the cursor it gave; do not use any "
            "other tool meanwhile. If the build waits for approval, tell me so once.\n\n"
            "At the end tell me the result in one sentence. If it failed, follow next_step to find out why, and "
            "name the step, the cause and what you would do about it."
        )
