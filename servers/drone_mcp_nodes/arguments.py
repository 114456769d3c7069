"""The arguments that several tools take, and their limits.

Descriptions are short, because every request of an agent pays for them; limits of texts are checked here.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import Field

from ci_mcp_http.call import quote_input
from ci_mcp_kit.errors import InvalidInput

ServiceName = Annotated[str, Field(description="node/service")]
Component = Annotated[str, Field(description="default: all")]
DryRun = Annotated[bool, Field(description="rehearse")]
Confirmation = Annotated[str | None, Field(description="from NOT_CONFIRMED")]

# As podman names containers (libpod/define: `NameRegex`), without what a path or a glob could be made of.
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
"""The grammar of a tag (distribution/reference, `reference.go`: `tag`)."""


def check_name(name: str, what: str) -> str:
    """Return the name of a service or a component.

    Raises:
        InvalidInput: no container can be called so.
    """
    if not NAME.fullmatch(name):
        raise InvalidInput(
            f"The {what} {quote_input(name)} is no name", next_step="Give a name that a list or a status shows"
        )
    return name


def check_component(component: str) -> str:
    """Return the name of a component, "" for all.

    Raises:
        InvalidInput: no container can be called so.
    """
    return check_name(component, "component") if component else ""


def check_tag(version: str) -> str:
    """Return the tag of an image, "" for the one that is defined.

    Raises:
        InvalidInput: it is no tag.
    """
    if version and not TAG.fullmatch(version):
        raise InvalidInput(
            f"The version {quote_input(version)} is no tag of an image",
            next_step="Give a tag like v1.2.0, or leave version out for the tag that is defined",
        )
    return version
