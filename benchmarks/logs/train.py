"""Learn the line scorer of the distiller, and its five cross-fitted siblings.

    train.py --packs DIR --out shared/ci_mcp_logs/distill/model.json --folds benchmarks/logs/folds [OPTION ...]

Needs numpy, scipy, scikit-learn and lightgbm, which the package itself does not. The repositories of the packs are
dealt to five folds; `folds/K.json` is learned without the repositories of fold K, so that figures taken with it on
them are fair. `--last-stage` takes all but the weights of the stretches of lines from the files that are there. The
shipped model has the seed 0; other seeds show how much of a figure is luck.
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lightgbm
import numpy as np
from packs import FOLDS, Case, fold_of, load
from scipy.sparse import csr_matrix
from segments import Example, as_model, learn_segments, marked
from sklearn.linear_model import SGDClassifier
from surroundings import variants

from ci_mcp_logs.distill import indicative_lines
from ci_mcp_logs.distill.candidates import Windows, find_hits, gather
from ci_mcp_logs.distill.distiller import Study
from ci_mcp_logs.distill.line_features import LineReader
from ci_mcp_logs.distill.line_words import pattern_input
from ci_mcp_logs.distill.model import BinnedModel, Model, Vocabulary, feature_names, read_model
from ci_mcp_logs.distill.segment_probabilities import segment_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Examples = list[tuple[Mapping[str, Sequence[float]], list[bool]]]

LEARNED = ("logchunks", "logdx", "cidiff", "new-bare")
VOCABULARY = 7000
EMPTY = BinnedModel({}, [])
NOTHING = Model(-1.0, Vocabulary({}), EMPTY, EMPTY, EMPTY)  # takes no line for evidence
SERVER = b"drone"  # words with the CI server's name, as in folders, say nothing of failures
SEEN_IN = 3  # repositories a word must occur in


def wide(case: Case) -> list[tuple[int, str]]:
    """Every line near any hit, and the end: what the first stage learns from."""
    windows = Windows(case.text.lines)
    windows.add(indicative_lines.last_line(case.text).number, 80, 20)
    for hit in indicative_lines.telling_lines(case.text):
        windows.add(hit.number, 6, 24)
    found = windows.read(LineReader(NOTHING))
    return list(zip(found.numbers, found.texts, strict=True))


class Rows:
    """The first stage's examples as one sparse matrix."""

    def __init__(self, cases: list[Case]) -> None:
        self.names: dict[bytes, int] = {}
        indices: list[int] = []
        ends = [0]
        labels: list[bool] = []
        weights: list[float] = []
        owners: list[int] = []
        self.groups: dict[int, set[int]] = defaultdict(set)
        for number, case in enumerate(cases):
            lines = wide(case)
            gold = case.evidence
            positives = sum(line in gold for line, _ in lines)
            group = zlib.crc32(case.group.encode())
            for line, text in lines:
                row = {self.names.setdefault(word, len(self.names)) for word in feature_names(pattern_input(text))}
                for index in row:
                    self.groups[index].add(group)
                indices += row
                ends.append(len(indices))
                labels.append(line in gold)
                weights.append(weight(line in gold, positives, len(lines)))
                owners.append(number)
        shape = (len(labels), len(self.names))
        self.matrix = csr_matrix((np.ones(len(indices), np.float32), indices, ends), shape=shape)
        self.labels, self.owners = np.array(labels), np.array(owners)
        self.weights = np.array(weights) * len(weights) / sum(weights)


def weight(positive: bool, positives: int, total: int) -> float:
    """Cases weigh nearly alike, however many lines they have."""
    return 1 / max(1, min(positives, 40)) ** 0.7 if positive else 0.6 / (total - positives + 20) ** 0.7


def learn_words(rows: Rows, use: Any, groups: set[int], seed: int) -> tuple[float, dict[str, float]]:
    """Fit, keep the weightiest words, fit again on those alone."""
    valid = {i: is_text(name) for name, i in rows.names.items()}
    common = np.array([i for i, seen in rows.groups.items() if len(seen & groups) >= SEEN_IN and valid[i]])
    matrix, labels, weights = rows.matrix[use][:, common], rows.labels[use], rows.weights[use]
    first = fit_line(matrix, labels, weights, seed)
    spread = np.sqrt(np.asarray(matrix.multiply(weights[:, None]).mean(axis=0)).ravel())
    kept = np.argsort(-np.abs(first.coef_[0]) * spread)[:VOCABULARY]
    second = fit_line(matrix[:, kept], labels, weights, seed)
    names = {index: name for name, index in rows.names.items()}
    return float(second.intercept_[0]), {
        names[common[k]].decode(): round(float(c), 2) for k, c in zip(kept, second.coef_[0], strict=True)
    }


def is_text(word: bytes) -> bool:
    """Whether a word can stand in the data file of the model."""
    if SERVER in word:
        return False
    try:
        word.decode()
    except UnicodeDecodeError:
        return False
    return True


def fit_line(matrix: Any, labels: Any, weights: Any, seed: int) -> Any:
    """Logistic regression."""
    model = SGDClassifier(loss="log_loss", alpha=2e-5, max_iter=12, tol=None, average=True, random_state=seed)
    return model.fit(matrix, labels, sample_weight=weights)


class Table:
    """Rows of named features with labels and weights, for one binned model."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.columns: dict[str, list[float]] = defaultdict(list)
        self.labels: list[bool] = []
        self.weights: list[float] = []

    def add(self, columns: Mapping[str, Sequence[float]], labels: list[bool]) -> None:
        """One case's rows."""
        self.labels += labels
        self.weights += [weight(label, sum(labels), len(labels)) for label in labels]
        for name, column in columns.items():
            self.columns[name] += column

    def learn(self) -> dict[str, Any]:
        """Boosted stumps, summed up to bins."""
        names = list(self.columns)
        matrix = np.column_stack([self.columns[name] for name in names])
        model = lightgbm.LGBMClassifier(
            n_estimators=300, num_leaves=2, learning_rate=0.15, min_child_samples=80, reg_lambda=5.0,
            subsample=0.8, subsample_freq=1, random_state=self.seed, n_jobs=1, verbose=-1,
        )  # fmt: skip
        model.fit(matrix, self.labels, sample_weight=np.array(self.weights) * len(self.weights) / sum(self.weights))
        return summed(model.booster_.dump_model(), names, matrix)


def hit_examples(cases: list[Case], models: list[Model]) -> Examples:
    """Every case's hits and whether evidence stands by them, seen by the model that did not see the case."""
    found = []
    for case in cases:
        hits = find_hits(case.text, LineReader(models[fold_of(case)]))
        gold = case.evidence
        if not hits.lines:
            found.append(({}, []))
            continue
        found.append((hits.columns(), [not gold.isdisjoint(range(h.number - 2, h.number + 11)) for h in hits.lines]))
    return found


def line_examples(cases: list[Case], models: list[Model]) -> Examples:
    """Every case's candidates and whether they are evidence, likewise."""
    found = []
    for case in cases:
        candidates = gather(case.text, models[fold_of(case)])
        gold = case.evidence
        found.append((candidates.columns(), [number in gold for number in candidates.numbers]))
    return found


def segment_examples(cases: list[Case], models: list[Model]) -> list[Example]:
    """Every case's candidates as its model weighs them, and where the marked stretch is."""
    found = []
    for case in cases:
        study = Study(case.text, case.good, model=models[fold_of(case)])
        candidates, _, worth = study.weighed(case.exit_code)
        found.append(Example(segment_columns(candidates, worth), marked(candidates.numbers, case.raw["gold"][0])))
    return found


def learn_bins(examples: Examples, seed: int) -> dict[str, Any]:
    """One binned model from the examples of some cases."""
    table = Table(seed)
    for columns, labels in examples:
        table.add(columns, labels)
    return table.learn()


def summed(dump: dict[str, Any], names: list[str], matrix: Any) -> dict[str, Any]:
    """Each feature's stumps as one step function."""
    start, steps = 0.0, defaultdict(Counter)
    for tree in dump["tree_info"]:
        root = tree["tree_structure"]
        if "split_feature" not in root:
            start += root["leaf_value"]
            continue
        left, right = root["left_child"]["leaf_value"], root["right_child"]["leaf_value"]
        start += left
        steps[names[root["split_feature"]]][root["threshold"]] += right - left
    bounds = {name: sorted(edges) for name, edges in steps.items()}
    values = {
        name: np.concatenate([[0.0], np.cumsum([steps[name][bound] for bound in edges])])
        for name, edges in bounds.items()
    }
    return as_model(bounds, dict(zip(names, matrix.T, strict=True)), [(start, values)])


def main() -> None:
    """Learn and write six models."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packs", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--folds", type=Path, required=True)
    parser.add_argument("--last-stage", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    cases = [case for name in LEARNED for case in load(args.packs, name)]
    cases += list(variants(cases))
    folds = np.array([fold_of(case) for case in cases])
    args.folds.mkdir(exist_ok=True)
    files = [*(args.folds / f"{fold}.json" for fold in range(FOLDS)), args.out]
    models = (
        [json.loads(file.read_text("utf-8")) for file in files]
        if args.last_stage
        else first_stages(cases, folds, args.seed)
    )
    examples = segment_examples(cases, [model_of(model) for model in models[:FOLDS]])
    for fold, (file, model) in enumerate(zip(files, models, strict=True)):
        model["segments"] = learn_segments(
            [example for example, own in zip(examples, folds, strict=True) if own != fold]
        )
        write(file, model)


def first_stages(cases: list[Case], folds: Any, seed: int) -> list[dict[str, Any]]:
    """Words, hits and lines of each fold's model, and of the one from all cases."""
    rows = Rows(cases)
    print(rows.matrix.shape, rows.labels.mean(), flush=True)
    stages = [learn(rows, folds != fold, cases, seed) for fold in (*range(FOLDS), None)]
    for step, look in (("hits", hit_examples), ("lines", line_examples)):
        examples = look(cases, [model_of(stage) for stage in stages[:FOLDS]])
        for fold, stage in enumerate(stages):
            stage[step] = learn_bins(
                [example for example, own in zip(examples, folds, strict=True) if own != fold], seed
            )
    return stages


def model_of(stages: dict[str, Any]) -> Model:
    """A model of which the later stages may still be missing."""
    nothing = {"bounds": {}, "sums": []}
    return read_model(json.dumps(dict.fromkeys(("hits", "lines", "segments"), nothing) | stages))


def learn(rows: Rows, chosen: Any, cases: list[Case], seed: int) -> dict[str, Any]:
    """The first stage from the chosen cases."""
    groups = {zlib.crc32(case.group.encode()) for case, used in zip(cases, chosen, strict=True) if used}
    bias, weights = learn_words(rows, chosen[rows.owners], groups, seed)
    return {"bias": round(bias, 2), "words": dict(sorted(weights.items()))}


def write(path: Path, model: dict[str, Any]) -> None:
    """One model as compact JSON."""
    path.write_text(json.dumps(model, separators=(",", ":"), ensure_ascii=False) + "\n", encoding="utf-8")
    print(path.name, path.stat().st_size, flush=True)


if __name__ == "__main__":
    sys.exit(main())
