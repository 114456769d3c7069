"""Reads the parameters with which a build is triggered. Pure.

It takes more than it should (any text for a boolean, unknown names), and otherwise fails without a reason.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from jenkins_mcp_simulator.records import Job, Parameter

NOT_PARAMETERS: Final = ("delay", "token", "cause")  # which the route reads itself
_DELAY: Final = re.compile(r"(\d+)(?:sec|secs|s)?")


class Refused(Exception):
    """Jenkins throws an exception, and the client sees a 500."""


def read_delay(text: str | None) -> float | None:
    """Return the quiet period in seconds that a request asks for, None if it asks for none.

    Raises:
        Refused: it is no number.
    """
    if text is None:
        return None
    match = _DELAY.fullmatch(text)
    if match is None:
        raise Refused(text)
    return float(match[1])


def read_parameters(
    job: Job, given: Mapping[str, str], files: Collection[str], repeated: Collection[str], runs: Collection[str]
) -> dict[str, str | bool | None]:
    """Return the value of every parameter of a job: the given one, or its default; other names are dropped.

    `runs` are the builds that there are, like app#7.

    Raises:
        Refused: a value is one that Jenkins cannot read.
    """
    values: dict[str, str | bool | None] = {}
    for parameter in job.parameters:
        if parameter.name in repeated:
            raise Refused(parameter.name)
        if parameter.type == "file":
            # Without a file the parameter is left out.
            values |= {parameter.name: None} if parameter.name in files else {}
        elif parameter.name in given:
            values[parameter.name] = _read_value(parameter, given[parameter.name], runs)
        else:
            values[parameter.name] = parameter.choices[0] if parameter.choices else parameter.default
    return values


def _read_value(parameter: Parameter, text: str, runs: Collection[str]) -> str | bool:
    if parameter.type == "boolean":
        return text.lower() == "true"
    if parameter.type == "choice" and text not in parameter.choices:
        raise Refused(parameter.name)
    if parameter.type == "run" and text not in runs:
        raise Refused(parameter.name)
    return text.strip() if parameter.trim else text
