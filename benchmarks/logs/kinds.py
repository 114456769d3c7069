"""How often the class of a failure is right, on the logs that a person has read for it (`kinds.toml`)."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from packs import Case, fold_of, load

from ci_mcp_logs.diagnosis.verdicts import Part
from ci_mcp_logs.distill import distill
from drone_mcp_build.failed_steps import FailedStep
from drone_mcp_client.models import Stage, Step
from drone_mcp_diagnosis.signer import JUDGED
from drone_mcp_diagnosis.verdicts import verdict_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_mcp_logs.distill.model import Model

KINDS = Path(__file__).with_name("kinds.toml")


class Answer(NamedTuple):
    """The class and confidence that a case is answered with, and the classes that are right."""

    case: Case
    kind: str
    confidence: str
    right: Sequence[str]


def answers(packs: Path, models: Sequence[Model]) -> list[Answer]:
    """The answers to the cases of the packs that are listed."""
    labels = tomllib.loads(KINDS.read_text("utf-8"))
    return [
        Answer(case, *answer(case, models[fold_of(case)]), right[case.id])
        for pack, right in labels.items()
        for case in load(packs, pack)
        if case.id in right
    ]


def answer(case: Case, model: Model) -> tuple[str, str]:
    """Class and confidence by the log alone: the step's name tells nothing."""
    step = Step(number=1, name="", status="failure", exit_code=case.exit_code)
    failed = FailedStep(Stage(number=1, name="", status="failure"), step, Part.FIRST)
    verdict = verdict_of(
        failed, case.text, distill(case.text, exit_code=case.exit_code, model=model, token_budget=JUDGED)
    )
    return verdict.kind, verdict.confidence
