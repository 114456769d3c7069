"""Text of strangers, cleaned while it is whole. Pure.

Views cut titles, errors and values; the half of a secret that a cut leaves would not look like one any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_client.models import Build, Stage, Step

    Clean = Callable[[str], str]


def tidy(build: Build, clean: Clean) -> Build:
    """Return the build with all of its longer texts cleaned."""
    return build.model_copy(
        update={
            "title": clean(build.title),
            "message": clean(build.message),
            "error": clean(build.error),
            "params": {key: _value(key, value, clean) for key, value in build.params.items()},
            "stages": tuple(_stage(stage, clean) for stage in build.stages),
        }
    )


def _stage(stage: Stage, clean: Clean) -> Stage:
    steps = tuple(_step(step, clean) for step in stage.steps)
    return stage.model_copy(update={"error": clean(stage.error) if stage.error else "", "steps": steps})


def _step(step: Step, clean: Clean) -> Step:
    return step.model_copy(update={"error": clean(step.error)}) if step.error else step


def _value(key: str, value: str, clean: Clean) -> str:
    """Clean a value beside its name: what is assigned to a `..._TOKEN` is a secret, whatever it looks like."""
    lead = f"{key}="
    cleaned = clean(lead + value)
    return cleaned.removeprefix(lead) if cleaned.startswith(lead) else clean(value)
