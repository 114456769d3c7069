"""Finds steps in a build, and describes their status in a line. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from ci_mcp_kit.outgoing_text import one_line
from drone_mcp_build.build_wording import clean_name
from drone_mcp_build.failed_steps import StepRef, failed_steps, step_refs
from drone_mcp_client.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from drone_mcp_client.models import Build, Stage, Step

ERROR = 300  # of an error that a runner reports
_LISTED = 20  # steps that an error names


def unknown_ref(stage: int, step: int) -> StepRef:
    """Return a step with nothing but its numbers, for when the build was not read."""
    from drone_mcp_client.models import Stage, Step  # noqa: PLC0415 - on first use, to start fast

    return StepRef(Stage(number=stage, name="", status=""), Step(number=step, name="", status=""))


def nameless(ref: StepRef) -> StepRef:
    """Return the step without its names and its error, which may be long."""
    bare = unknown_ref(ref.stage.number, ref.step.number)
    kept = {"status": ref.step.status, "exit_code": ref.step.exit_code}
    return StepRef(bare.stage, bare.step.model_copy(update=kept))


def described(ref: StepRef, note: str = "") -> dict[str, Any]:
    """Return the fields that every view of a step has; the step's error goes before `note`."""
    stage, step = ref.stage, ref.step
    error = f"error: {one_line(step.error, ERROR)}" if step.error else ""
    return {
        "stage": stage.number,
        "step": step.number,
        "name": ref.name,
        "status": step.status,
        "exit_code": step.exit_code if step.status else None,
        "note": "; ".join(part for part in (error, note) if part),
    }


def failed_first(build: Build, among: Iterable[StepRef]) -> list[StepRef]:
    """Return the steps of `among`, failed ones before the others."""
    failed = (one.ref for one in failed_steps(build))
    rank = {ref.numbers: index for index, ref in enumerate(ref for ref in failed if ref)}
    return sorted(among, key=lambda ref: rank.get(ref.numbers, len(rank)))


def find(build: Build, stage: str | None, step: str | None) -> list[StepRef]:
    """Return the steps that `stage` and `step`, each a number or a name, mean; all where neither is given.

    Raises:
        NotFound: there is no such stage or step.
        InvalidInput: `step` could mean several.
    """
    stages = list(build.stages) if stage is None else _meant(stage, build.stages)
    inside = [StepRef(one, item) for one in stages for item in one.steps]
    if step is None:
        if not stages and stage is not None:
            raise _no_step(build, stage, step)
        return inside
    steps = _meant(step, [ref.step for ref in inside])
    # By identity: steps of different stages may have equal fields.
    found = [ref for ref in inside if any(ref.step is one for one in steps)]
    if not found:
        raise _no_step(build, stage, step)
    if len(found) > 1:
        raise InvalidInput(
            f"{clean_name(step)!r} could be any of these steps: {_list(found)}",
            next_step="Call again with both stage and step, by number",
        )
    return found


P = TypeVar("P", "Stage", "Step")


def _meant(wanted: str, parts: Sequence[P]) -> list[P]:
    """Return the parts that a number means, else those of that name, else of that name in other case."""
    wanted = wanted.strip()
    by_number = [part for part in parts if wanted == str(part.number)]
    by_name = [part for part in parts if wanted == part.name]
    return by_number or by_name or [part for part in parts if wanted.casefold() == part.name.casefold()]


def _no_step(build: Build, stage: str | None, step: str | None) -> NotFound:
    wanted = f"stage {clean_name(stage)!r}" if stage else ""
    wanted = f"step {clean_name(step)!r}" + (f" in {wanted}" if wanted else "") if step else wanted
    known = step_refs(build)
    return NotFound(
        f"Build {build.number} has no {wanted}",
        next_step=f"It has (stage/step): {_list(known)}" if known else "It has no steps (yet): look at its status",
    )


def _list(found: Sequence[StepRef]) -> str:
    more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
    return ", ".join(ref.label for ref in found[:_LISTED]) + more


def standing(ref: StepRef) -> str:
    """Describe a step's status in a line."""
    step = ref.step
    exit_code = f", exit {step.exit_code}" if step.exit_code else ""
    ignored = ", failure ignored" if ref.failed and step.errignore else ""
    error = f" ({one_line(step.error, ERROR)})" if step.error else ""
    return f"{ref.label}: {step.status}{exit_code}{ignored}{error}"


def standings(build: Build) -> list[str]:
    """Describe each step, and each stage without steps, in a line."""
    lines: list[str] = []
    for stage in build.stages:
        error = f" ({one_line(stage.error, ERROR)})" if stage.error else ""
        own = f"{stage.number} {clean_name(stage.name)}: {stage.status}{error}, no steps"
        lines += [standing(StepRef(stage, step)) for step in stage.steps] or [own]
    return lines
