"""The checks and choices that Drone makes on the pipelines of a configuration before it creates a build.

harness/drone v2.25.0, `trigger/trigger.go` and `trigger/dag`; drone/drone-yaml, `yaml/linter/manifest.go`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drone_mcp_simulator.scm import StageDefinition


def lint(stages: Sequence[StageDefinition]) -> str:
    """Return the error of the first mistake, empty if there is none; a pipeline may depend only on those before it.

    Mistakes within a pipeline are left to the runner.
    """
    names: set[str] = set()
    for stage in stages:
        if stage.name in names:
            return "linter: duplicate pipeline names"
        if not names.issuperset(set(stage.depends_on) - {stage.name}):
            return "linter: invalid or unknown pipeline dependency"
        if stage.name in stage.depends_on:
            return "linter: pipeline cannot have a dependency on itself"
        names.add(stage.name)
    return ""


def select_stages(stages: Sequence[StageDefinition], event: str) -> list[StageDefinition]:
    """Return the pipelines for an event; one whose dependency is left out depends on the dependencies of that."""
    by_name = {stage.name: stage for stage in stages}

    def resolve(names: Sequence[str]) -> list[str]:
        resolved: list[str] = []
        for name in names:
            found = by_name[name]
            resolved += [name] if found.runs_on(event) else resolve(found.depends_on)
        return list(dict.fromkeys(resolved))

    chosen = [stage for stage in stages if stage.runs_on(event)]
    return [replace(stage, depends_on=tuple(resolve(stage.depends_on))) for stage in chosen]
