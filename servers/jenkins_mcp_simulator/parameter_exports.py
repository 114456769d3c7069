"""Exports the parameters and causes of jobs, builds and queue items as the API does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jenkins_mcp_simulator.export_values import constants
from jenkins_mcp_simulator.tree import Exported

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jenkins_mcp_simulator.records import Job, Parameter

_PARAMETER_CLASSES: Final = {
    "string": "String",
    "boolean": "Boolean",
    "choice": "Choice",
    "text": "Text",
    "password": "Password",
    "file": "File",
    "run": "Run",
}
_VALUE_CLASSES: Final = {**_PARAMETER_CLASSES, "choice": "String"}
HIDDEN_VALUES: Final = ("password", "run", "file")


def export_parameter(parameter: Parameter) -> Exported:
    """Return the definition of a parameter."""
    name = f"{_PARAMETER_CLASSES[parameter.type]}ParameterDefinition"
    value_class = f"hudson.model.{_VALUE_CLASSES[parameter.type]}ParameterValue"
    default = parameter.choices[0] if parameter.choices else parameter.default
    shown = {"name": lambda: parameter.name}
    if parameter.type not in HIDDEN_VALUES:
        shown["value"] = lambda: default  # type: ignore[assignment, return-value]  # of the parameter's own type
    fields: dict[str, Any] = {
        "name": lambda: parameter.name,
        "type": lambda: name,
        "description": lambda: parameter.description,
        "defaultParameterValue": lambda: None if parameter.type == "file" else Exported(value_class, shown),
    }
    if parameter.type == "choice":
        fields["choices"] = lambda: list(parameter.choices)
    if parameter.type == "run":
        fields |= {"projectName": lambda: parameter.project, "filter": lambda: "ALL"}
    return Exported(f"hudson.model.{name}", fields)


def export_values(job: Job, values: Mapping[str, object]) -> list[Exported]:
    """Return the values of parameters; those of passwords, runs and files are not shown."""
    types = {parameter.name: parameter.type for parameter in job.parameters}
    shown = []
    for name, value in values.items():
        kind = types.get(name, "string")
        fields = constants(name=name) if kind in HIDDEN_VALUES else constants(name=name, value=value)
        shown.append(Exported(f"hudson.model.{_VALUE_CLASSES[kind]}ParameterValue", fields))
    return shown


def export_causes(causes: list[dict[str, object]]) -> Exported:
    """Return the action that says why a build or item is there."""
    exported = [
        Exported(
            str(cause.get("_class", "hudson.model.Cause$UserIdCause")),
            constants(**{name: value for name, value in cause.items() if name != "_class"}),
        )
        for cause in causes
    ]
    return Exported("hudson.model.CauseAction", constants(causes=exported))
