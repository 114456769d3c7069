"""Checks parameters against the declarations of a job, and compares the stored values with the sent ones. Pure.

Jenkins drops names that it does not know, makes false of any text for a boolean that is not true, and answers a wrong
choice or run with a fault and no reason (seen on Jenkins 2.579). So nothing is sent that the job does not declare.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ci_mcp_http.call import quote_input
from ci_mcp_kit.errors import InvalidInput
from ci_mcp_kit.outgoing_text import one_line
from jenkins_mcp.client.service_descriptor import JENKINS
from jenkins_mcp.guard.parameters import show_name, show_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ci_mcp_http.call import Params
    from jenkins_mcp.client.models.builds import ParameterValue
    from jenkins_mcp.client.models.jobs import ParameterDefinition

Given = str | bool | int

BOOLEAN, CHOICE, FILE, PASSWORD, RUN = (
    f"{kind}ParameterDefinition" for kind in ("Boolean", "Choice", "File", "Password", "Run")
)
MOST_CHOICES: Final = 20  # that an error names
MOST_NAMES: Final = 30
MOST_FAULTS: Final = 5
CHOICE_WIDTH: Final = 60  # characters
_RUN: Final = re.compile(r"(?P<job>[^#]+)#(?P<number>[1-9]\d{0,9})", re.ASCII)


def read_parameters(
    job: str, definitions: Iterable[ParameterDefinition], given: Mapping[str, Given]
) -> tuple[tuple[str, str], ...]:
    """Return the values as a form takes them, by name.

    Raises:
        InvalidInput: the job does not declare a name, or a value is not one that it takes.
    """
    declared = {definition.name: definition for definition in definitions}
    values = {name: write_value(value) for name, value in given.items()}
    faults = {
        name: fault
        for name, value in values.items()
        if (fault := _find_fault(declared[name], value) if name in declared else "is not a parameter of it")
    }
    if not faults:
        booleans = {name for name in values if declared[name].type == BOOLEAN}
        return tuple(sorted((name, value.lower() if name in booleans else value) for name, value in values.items()))
    said = [f"{show_name(name)} {fault}" for name, fault in list(faults.items())[:MOST_FAULTS]]
    takes = {show_name(name): accepted_by(declared[name]) for name in list(declared)[:MOST_NAMES]}
    raise InvalidInput(
        f"{job} cannot be built with these parameters: {'; '.join(said)}",
        next_step=f"It takes {', '.join(takes)}: call again with names and values as in details.accepts"
        if takes
        else "It takes no parameters: call again without",
        details={"accepts": takes} if takes else {},
        service=JENKINS,
    )


def write_value(value: Given) -> str:
    """Write a value as a form takes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def accepted_by(definition: ParameterDefinition) -> str:
    """Say which values a parameter takes."""
    match definition.type:
        case t if t == BOOLEAN:
            return "true or false"
        case t if t == CHOICE:
            named = [one_line(choice, CHOICE_WIDTH) or "''" for choice in definition.choices[:MOST_CHOICES]]
            more = len(definition.choices) - len(named)
            return f"one of {', '.join(named)}" + (f" and {more} more" if more > 0 else "")
        case t if t == RUN:
            return f"a build of {definition.project_name}, like {definition.project_name}#12"
        case t if t == FILE:
            return "a file, which cannot be sent from here: leave it out"
        case _:
            return "any text"


def parse_run(value: str) -> tuple[str, int] | None:
    """Return the job and the number of a build that is written `job#12`, None for any other text."""
    match = _RUN.fullmatch(value)
    return (match["job"], int(match["number"])) if match else None


def _find_fault(definition: ParameterDefinition, value: str) -> str:
    """Return the fault of a value, "" if there is none."""
    wrong = f"takes {accepted_by(definition)}, not {quote_input(value)}"
    match definition.type:
        case t if t == BOOLEAN:
            return "" if value.lower() in {"true", "false"} else wrong
        case t if t == CHOICE:
            return "" if value in definition.choices else wrong
        case t if t == RUN:
            run = parse_run(value)
            return "" if run and run[0] == definition.project_name else wrong
        case t if t == FILE:
            return f"takes {accepted_by(definition)}"
        case _:
            return ""


def expected_values(definitions: Iterable[ParameterDefinition], sent: Params) -> dict[str, str]:
    """Return the values that a build is to have, those that Jenkins does not show left out."""
    given, values = dict(sent), {}
    for definition in definitions:
        default = definition.default_parameter_value
        is_shown = default is not None and default.value is not None
        if definition.name in given and definition.type not in {PASSWORD, RUN, FILE}:
            values[definition.name] = given[definition.name]
        elif definition.name not in given and default is not None and default.value is not None and is_shown:
            values[definition.name] = write_value(default.value)
    return values


def has_values(stored: Mapping[str, ParameterValue], expected: Mapping[str, str]) -> bool:
    """Return whether a build or item has these values; a parameter may be declared to trim its own."""
    shown = {name: _text_of(value) for name, value in stored.items()}
    return all(shown.get(name) in {value, value.strip()} for name, value in expected.items())


def find_differences(sent: Params, stored: Mapping[str, ParameterValue]) -> tuple[str, ...]:
    """Describe every difference between the sent and the stored values, a sentence each."""
    found = []
    for name, value in sent:
        if name not in stored:
            found.append(f"{show_name(name)}: Jenkins has stored no value of it")
            continue
        kept = _text_of(stored[name])
        if kept is not None and kept != value:
            found.append(f"{show_name(name)}: sent {show_value(name, value)}, stored {show_value(name, kept)}")
    return tuple(found)


def find_hidden(sent: Params, stored: Mapping[str, ParameterValue]) -> tuple[str, ...]:
    """Return the names of those that were sent and whose stored value Jenkins does not show."""
    return tuple(show_name(name) for name, _ in sent if name in stored and stored[name].value is None)


def show_values(stored: Mapping[str, ParameterValue], most: int) -> dict[str, str]:
    """Return the values that Jenkins has stored, as far as it shows them, bounded."""
    shown = [(name, text) for name, value in stored.items() if (text := _text_of(value)) is not None]
    return {
        show_name(name): text if len(text) <= CHOICE_WIDTH else show_value(name, text) for name, text in shown[:most]
    }


def _text_of(value: ParameterValue) -> str | None:
    return (
        None if value.value is None else write_value(value.value) if isinstance(value.value, bool) else str(value.value)
    )
