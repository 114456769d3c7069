"""The learned scorer: a sum of word weights for a line, a sum of binned features for a candidate among its neighbours.

Both are linear, so a score can be read off the data file; `benchmarks/logs/train.py` learns it.
"""

import functools
import json
import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import repeat
from typing import Any


@dataclass(frozen=True, slots=True)
class Binned:
    """A sum of step functions, one for each feature."""

    start: float
    bins: Mapping[str, tuple[Sequence[float], Sequence[float]]]

    def chances(self, columns: Mapping[str, Sequence[float]]) -> list[float]:
        """How likely each row is evidence, between 0 and 1."""
        totals = [self.start] * len(columns["role"])
        for name, (bounds, values) in self.bins.items():
            totals = [total + values[bisect_right(bounds, x)] for total, x in zip(totals, columns[name], strict=True)]
        return [1.0 / (1.0 + math.exp(-total)) for total in totals]


@dataclass(frozen=True, slots=True)
class Model:
    """Weights of words, and what is made of a hit and of a candidate among its neighbours."""

    bias: float
    words: Mapping[bytes, float]
    hits: Binned
    lines: Binned

    def line(self, words: Sequence[bytes]) -> float:
        """Log-odds that a line is evidence, by its words alone."""
        return self.bias + sum(map(self.words.get, words, repeat(0.0)))


def read(text: str) -> Model:
    """A model from its data file."""
    content = json.loads(text)
    words = {word.encode("utf-8", "surrogatepass"): weight for word, weight in content["words"].items()}
    return Model(content["bias"], words, _binned(content["hits"]), _binned(content["lines"]))


def _binned(content: dict[str, Any]) -> Binned:
    return Binned(content["start"], {name: (row["bounds"], row["values"]) for name, row in content["bins"].items()})


@functools.cache
def default() -> Model:
    """The model this package ships."""
    return read(resources.files(__package__).joinpath("model.json").read_text(encoding="utf-8"))
