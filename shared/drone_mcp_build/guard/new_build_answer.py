"""What answers say about a build that a request has made Drone start. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ci_mcp_kit.guard.change import Sent
from drone_mcp_build import state_cursor
from drone_mcp_build.build_wording import clean_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drone_mcp_client.models import Build

# Where Drone skips a build, it answers 200 with `null` (harness/drone v2.25.0, trigger/trigger.go).
STEP_WHERE_SKIPPED: Final = "Look at the trigger conditions in .drone.yml; calling again changes nothing"


def find_only_build(made: Sequence[Build]) -> Sent | None:
    """Return the answer that was lost, where one build may come from the request: two could be someone else's."""
    return Sent((made[0],)) if len(made) == 1 else None


def explain_failed_start(called: str, new: Build) -> str:
    """Return that a new build, which is called so in the sentence, has failed already; "" where it has not."""
    # A mistake in the pipeline is no error of the request: Drone stores a build with that status, without stages.
    if new.status != "error":
        return ""
    return f"{called} {new.number} was made and failed at once: {clean_name(new.error) or 'Drone does not say why'}"


def describe_new_build(repo: str, new: Build) -> dict[str, str]:
    """Return the fields of an answer about a new build: its status, a cursor to wait from, and the next step."""
    wait = f"Wait for build {new.number} of {repo} with this cursor, and look how it ends"
    return {
        "status": new.status,
        "cursor": state_cursor.encode(repo, new),
        "next_step": "Correct the pipeline file in the repository and push" if new.status == "error" else wait,
    }


def note_found(sent: Sent) -> tuple[str, ...]:
    """Return the note on a lost answer that was found in the build."""
    return ("Drone did not answer as it should; that it was done shows in the build",) if sent.found else ()
