"""The arguments that several tools take, and their limits.

Descriptions are short, because every request of an agent pays for them; limits of texts are checked here.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import Field

from ci_mcp_kit.errors import InvalidInput

AgentName = Annotated[str, Field(description="name or owner/name")]
Once = Annotated[str | None, Field(description="key: repeated, does nothing")]
DryRun = Annotated[bool, Field(description="rehearse")]
Confirmation = Annotated[str | None, Field(description="from NOT_CONFIRMED")]

LONGEST_KEY: Final = 100  # characters
_PROJECT: Final = re.compile(r"[^\s/]{1,100}/[^\s/]{1,100}")


def check_key(once: str | None) -> str:
    """Return a key, "" for none.

    Raises:
        InvalidInput: it is blank or too long.
    """
    if once is not None and (not once.strip() or len(once) > LONGEST_KEY):
        raise InvalidInput(f"once is a key of 1 to {LONGEST_KEY} characters", next_step="Give a shorter key, or none")
    return once or ""


def check_project(project: str) -> str:
    """Return the name of a project.

    Raises:
        InvalidInput: it is not of the form owner/name.
    """
    if not _PROJECT.fullmatch(project):
        raise InvalidInput("project is the repository that the agent works on", next_step="Write it as owner/name")
    return project
