"""Jenkins itself: its nodes, the user of the token, and the crumb of a change."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from jenkins_mcp.client.models.base import JenkinsModel, Many, Text, Thing


class Label(JenkinsModel):
    """A label of a node."""

    name: str


class Node(Thing):
    """A machine with executors."""

    display_name: Text = ""
    offline: bool = False
    offline_cause_reason: Text = ""
    temporarily_offline: bool = False
    idle: bool = False
    num_executors: int = 0
    assigned_labels: Many[Label] = ()


class Nodes(Thing):
    """The machines of a Jenkins."""

    computer: Many[Node]
    busy_executors: int = 0
    total_executors: int = 0


class WhoAmI(Thing):
    """The user that a request was taken to be of; `authenticated` is true of everybody, so look at `anonymous`."""

    name: str
    anonymous: bool = False


class Crumb(Thing):
    """The crumb that a change without an API token needs."""

    # Both become a header, so a line end would begin another one.
    crumb: Annotated[str, Field(repr=False, pattern=r"^[!-~]{1,500}$")]
    crumb_request_field: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,100}$")]
