"""The JSON of templates, their parameters and presets, and the evaluation of parameters. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from coder_simulator.exports import moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coder_simulator.records import Option, Parameter, Preset, Template
    from coder_simulator.world import World

DAYS: Final = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
NO_TIMES: Final = {"P50": None, "P95": None}


def export_template(world: World, template: Template) -> dict[str, Any]:
    """Return a template."""
    return {
        "id": template.id,
        "created_at": moment(0),
        "updated_at": moment(0),
        "organization_id": world.organization,
        "organization_name": "coder",
        "organization_display_name": "Coder",
        "organization_icon": "",
        "name": template.name,
        "display_name": template.display_name,
        "provisioner": "terraform",
        "active_version_id": template.version,
        "active_user_count": 0,
        "build_time_stats": dict.fromkeys(("delete", "start", "stop"), NO_TIMES),
        "description": template.description,
        "deprecated": template.deprecated,
        "deprecation_message": "",
        "deleted": False,
        "icon": "",
        "default_ttl_ms": 28800000,
        "activity_bump_ms": 3600000,
        "time_til_autostop_notify_ms": 0,
        "autostop_requirement": {"days_of_week": [], "weeks": 1},
        "autostart_requirement": {"days_of_week": DAYS},
        "created_by_id": world.organization,
        "created_by_name": "admin",
        "allow_user_autostart": True,
        "allow_user_autostop": True,
        "allow_user_cancel_workspace_jobs": False,
        "failure_ttl_ms": 0,
        "time_til_dormant_ms": 0,
        "time_til_dormant_autodelete_ms": 0,
        "require_active_version": False,
        "max_port_share_level": "public",
        "cors_behavior": "simple",
        "use_classic_parameter_flow": False,
        "disable_module_cache": False,
    }


def export_parameter(parameter: Parameter) -> dict[str, Any]:
    """Return a parameter of a version."""
    limits = {"validation_min": parameter.minimum, "validation_max": parameter.maximum}
    return {
        "name": parameter.name,
        **({"display_name": parameter.display_name} if parameter.display_name else {}),
        "description": parameter.description,
        "description_plaintext": parameter.description,
        "type": parameter.type,
        "form_type": "radio" if parameter.options else "input",
        "mutable": parameter.mutable,
        "default_value": parameter.default,
        "icon": "",
        "options": [_export_option(option) for option in parameter.options],
        **({"validation_error": parameter.error, "validation_regex": parameter.regex} if parameter.regex else {}),
        **{name: limit for name, limit in limits.items() if limit is not None},
        "required": parameter.required,
        "ephemeral": False,
    }


def export_preset(preset: Preset) -> dict[str, Any]:
    """Return a preset, whose keys begin with capitals."""
    return {
        "ID": preset.id,
        "Name": preset.name,
        "Parameters": [{"Name": name, "Value": value} for name, value in sorted(preset.values.items())],
        "Default": preset.is_default,
        "DesiredPrebuildInstances": 0,
        "Description": "",
        "Icon": "",
    }


def export_evaluation(template: Template, inputs: Mapping[str, str]) -> dict[str, Any]:
    """Return the parameters for some inputs, with what is wrong with each."""
    parameters = [
        _export_evaluated(parameter, inputs.get(parameter.name), order)
        for order, parameter in enumerate(template.parameters, start=1)
    ]
    return {"id": 0, "diagnostics": [], "parameters": parameters}


def find_faults(parameter: Parameter, value: str | None) -> list[tuple[str, str]]:
    """Return what is wrong with the value of a parameter: (summary, detail)."""
    if value is None:
        is_missing = parameter.required
        return [("Required parameter not provided", "parameter value is null")] if is_missing else []
    if parameter.options and value not in {option.value for option in parameter.options}:
        return [("Value must be a valid option", f'the value "{value}" must be defined as one of options')]
    if parameter.regex and not re.fullmatch(parameter.regex, value):
        detail = f'{parameter.error} (value "{value}" does not match "{parameter.regex}")'
        return [("Invalid parameter value according to 'validation' block", detail)]
    return []


def _export_option(option: Option) -> dict[str, Any]:
    return {"name": option.name or option.value, "description": option.description, "value": option.value, "icon": ""}


def _export_evaluated(parameter: Parameter, value: str | None, order: int) -> dict[str, Any]:
    diagnostics = [
        {"severity": "error", "summary": summary, "detail": detail, "extra": {"code": ""}}
        for summary, detail in find_faults(parameter, value)
    ]
    validation = {
        "validation_error": parameter.error,
        "validation_regex": parameter.regex or None,
        "validation_min": parameter.minimum,
        "validation_max": parameter.maximum,
        "validation_monotonic": None,
    }
    has_validation = parameter.regex or parameter.minimum is not None
    options = [
        _export_option(option) | {"value": {"value": option.value, "valid": True}} for option in parameter.options
    ]
    return {
        "name": parameter.name,
        "display_name": parameter.display_name,
        "description": parameter.description,
        "type": parameter.type,
        "form_type": "radio" if parameter.options else "input",
        "styling": {},
        "mutable": parameter.mutable,
        "default_value": {"value": parameter.default, "valid": not parameter.required},
        "icon": "",
        "options": options,
        "validations": [validation] if has_validation else [],
        "required": parameter.required,
        "order": order,
        "ephemeral": False,
        "value": {"value": parameter.default if value is None else value, "valid": True},
        "diagnostics": diagnostics,
    }
