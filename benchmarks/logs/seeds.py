"""Measure how much of the distiller's figures is luck: one command, a row for each figure.

    seeds.py --packs DIR MODELS ...     (or DRONE_MCP_LOGBENCH=DIR)

DIR is that of `run.py`, and figures are cross-fitted as there. Each of MODELS is a folder with the `model.json` and the
`folds/` of one training, as `train.py --out MODELS/model.json --folds MODELS/folds --seed N` makes them. The shipped
model is measured with them. A row has the shipped model's figure, and the mean, the least and the greatest of all.
"""

from __future__ import annotations

import argparse
import os
from collections import defaultdict
from pathlib import Path
from statistics import fmean, median
from typing import TYPE_CHECKING

import failures
from kinds import answer, answers
from packs import fold_of, load
from run import FOLDS, OWN, PACKS, figures, judged

from ci_mcp_logs.distill.model import Model, default_model, read_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def read_models(folds: Path) -> list[Model]:
    """The models of the folds, in their order."""
    return [read_model(file.read_text("utf-8")) for file in sorted(folds.glob("*.json"))]


def all_figures(packs: Path, models: Sequence[Model]) -> Iterator[tuple[str, float]]:
    """Every figure of one training, by the name of its row."""
    groups = [(targets, failures.cases(setting), [models[-1]] * len(models)) for setting, targets in OWN.items()]
    groups += [(targets, load(packs, name), models) for name, targets in PACKS.items()]
    for targets, cases, used in groups:
        rows = judged(cases, sorted({target.budget for target in targets}), used)
        for target in targets:
            marks = [mark for case, mark in rows[target.budget] if fold_of(case) in target.folds]
            yield from ((f"{target.name} {measure}", value) for measure, value in figures(marks).items())
            yield f"{target.name} tokens", median(mark.tokens for mark in marks)
    own = [(answer(case, models[-1]), case.raw["class"]) for setting in OWN for case in failures.cases(setting)]
    labelled = [((found.kind, found.confidence), found.right) for found in answers(packs, models)]
    for name, judgements in (("own", own), ("packs", labelled)):
        yield f"class right, {name}", fmean(kind in right for (kind, _), right in judgements)
        sure = [kind in right for (kind, confidence), right in judgements if confidence == "high"]
        yield f"class right where confidence is high, {name}", fmean(sure)


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packs", type=Path, default=os.environ.get("DRONE_MCP_LOGBENCH"))
    parser.add_argument("models", type=Path, nargs="+")
    args = parser.parse_args()
    found: dict[str, list[float]] = defaultdict(list)
    trainings = [[*read_models(FOLDS), default_model()]]
    trainings += [
        [*read_models(folder / "folds"), read_model((folder / "model.json").read_text("utf-8"))]
        for folder in args.models
    ]
    for models in trainings:
        for name, value in all_figures(Path(args.packs), models):
            found[name].append(value)
    for name, values in found.items():
        shipped, *rest = (f"{value:8.3f}" for value in (values[0], fmean(values), min(values), max(values)))
        print(f"{name:58} shipped {shipped}   of {len(values)}: mean {'  '.join(rest)}")


if __name__ == "__main__":
    main()
